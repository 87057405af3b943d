// listen: prints what is published.

#include "commands.hpp"
#include "words.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <ctime>
#include <iostream>

namespace cerro::ocs_client_cli {
namespace {

/// "2026-11-21T04:01:51+0000 ", in front of lines for people.
std::string time_stamp()
{
    std::time_t const now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[40];
    auto const length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+0000 ", &utc);
    return {text, length};
}

struct listener {
    explicit listener(connection const& c) : context(c.context), end(c.context.io()) {}

    void take(client::event const& e, options const& o)
    {
        if (o.count > 0 && printed >= o.count) {
            return;
        }
        std::cout << (o.json ? "" : time_stamp()) << format_event(e, o.json) << std::endl;
        ++printed;
        if (o.count > 0 && printed >= o.count) {
            end.cancel();
        }
    }

    app::context& context;
    asio::steady_timer end;
    std::uint64_t printed = 0;
};

asio::awaitable<void> watch_stop(std::shared_ptr<listener> l)
{
    co_await l->context.stopped();
    l->end.cancel();
}

}  // namespace

asio::awaitable<int> listen(connection c, options o)
{
    auto const l = std::make_shared<listener>(c);
    l->end.expires_at(asio::steady_timer::time_point::max());
    if (o.seconds > 0) {
        l->end.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(o.seconds * 1000)));
    }
    client::event_handler const print = [l, o](client::event const& e) { l->take(e, o); };
    client::subscribe_options how;
    how.match = selector_policy(o.selector);
    if (!o.json) {
        std::cout << "Subscribing to " << o.selector << std::endl;
    }
    auto const subscribed = co_await c.session->subscribe(o.selector, print, how);
    if (!subscribed) {
        co_return print_error(o.selector, subscribed.error(), o.json);
    }
    asio::co_spawn(c.context.io(), watch_stop(l), [](std::exception_ptr failed) {
        if (failed) {
            std::rethrow_exception(failed);
        }
    });
    bool const complete = o.count > 0 && l->printed >= o.count;
    if (!complete && !c.context.stopping()) {
        [[maybe_unused]] auto [ec] = co_await l->end.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    bool const lacking = o.count > 0 && l->printed < o.count;
    co_return lacking ? app::exit_code::failed : app::exit_code::ok;
}

}  // namespace cerro::ocs_client_cli
