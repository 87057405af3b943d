// scan: which agents are there?

#include "commands.hpp"
#include "words.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/ocs/client.hpp>
#include <cerro/ocs/protocol.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace cerro::ocs_client_cli {
namespace {

constexpr auto listening_time = std::chrono::seconds(2);
constexpr auto registry_timeout = std::chrono::milliseconds(10'000);

/// Op codes by instance-id, in the order of appearance.
using findings = dict;

void print(findings const& found, options const& o, char const* kind)
{
    if (o.json) {
        std::cout << codec::to_json(found) << '\n';
        return;
    }
    std::cout << "List of " << kind << " Agents: (" << found.size() << ")\n";
    for (auto const& [id, codes] : found) {
        std::cout << "  " << id << '\n';
        if (o.details && codes.is_dict()) {
            std::cout << format_op_codes(*codes.as_dict());
        }
    }
    std::cout << '\n';
}

asio::awaitable<int> ask_registry(connection c, options o)
{
    auto const address = ocs::agent_address(c.site.hub.address_root, *o.registry);
    ocs::agent_client registry(c.session, address);
    ocs::request_options how;
    how.call_timeout = registry_timeout;
    auto const answer = co_await registry.request(std::string(ocs::action::status), "main", std::move(how));
    auto const* data = answer ? answer->session.find("data") : nullptr;
    if (data == nullptr || !data->is_dict()) {
        throw failure("Failed to connect to registry at " + address +
                          "; the registry must be running for \"scan\" to work.",
                      app::exit_code::usage);
    }
    findings found;
    for (auto const& [agent, entry] : *data->as_dict()) {
        auto const* codes = entry.find("op_codes");
        found.set(ocs::without_root(c.site.hub.address_root, agent),
                  codes != nullptr ? *codes : value(dict()));
    }
    print(found, o, "Registered");
    co_return app::exit_code::ok;
}

}  // namespace

asio::awaitable<int> scan(connection c, options o)
{
    if (o.registry) {
        if (o.registry->empty()) {
            o.registry = "registry";
        }
        co_return co_await ask_registry(c, o);
    }
    if (!o.json) {
        std::cout << "Listening to heartbeat feeds for 2 seconds ..." << std::endl;
    }
    auto const found = std::make_shared<findings>();
    auto const root = c.site.hub.address_root;
    auto const pattern = ocs::all_agents_feed(root, ocs::heartbeat_feed);
    client::event_handler const note = [found, root](client::event const& e) {
        auto const address = e.topic.substr(0, e.topic.find(".feeds."));
        auto const* codes = e.payload.args.empty() ? nullptr : e.payload.args.front().at(0);
        found->set(ocs::without_root(root, address), codes != nullptr ? *codes : value());
    };
    client::subscribe_options wildcard;
    wildcard.match = wamp::match_policy::wildcard;
    auto const subscribed = co_await c.session->subscribe(pattern, note, wildcard);
    if (!subscribed) {
        co_return print_error(pattern, subscribed.error(), o.json);
    }
    asio::steady_timer timer(c.context.io(), listening_time);
    [[maybe_unused]] auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    print(*found, o, "Detected");
    co_return app::exit_code::ok;
}

}  // namespace cerro::ocs_client_cli
