#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>
#include <cerro/ocs/protocol.hpp>
#include <cerro/registry/agent_table.hpp>
#include <cerro/registry/registry.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <chrono>
#include <memory>

namespace cerro::registry {
namespace {

namespace asio = boost::asio;
using agent::operation;
using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;
using clock = std::chrono::steady_clock;

constexpr auto agent_class = "RegistryAgent";
constexpr auto look_period = std::chrono::seconds(1);

/// What the operations and the subscription share.
struct watch {
    agent::agent* owner = nullptr;
    std::shared_ptr<agent::feed> feed;
    agent_table table;
    double wait_s = 30.0;  ///< between two publications of everything
    log::limiter malformed;

    void publish(agent_entry const& agent, double now)
    {
        for (auto const& s : op_samples(agent)) {
            try {
                feed->sample(s.name, now, {{s.name, s.code}});
            } catch (std::invalid_argument const& e) {
                complain(agent.address, e.what());
            }
        }
    }

    void hear(client::event const& e)
    {
        auto const& args = e.payload.args;
        auto const* message = args.empty() ? nullptr : args.front().at(0);
        auto const* info = args.empty() ? nullptr : args.front().at(1);
        auto const* address = info == nullptr ? nullptr : info->find("agent_address");
        auto const* agent_type = info == nullptr ? nullptr : info->find("agent_class");
        if (message == nullptr || address == nullptr || !address->is_text()) {
            complain(e.topic, "this is no heartbeat: [codes, feed_info] is expected");
            return;
        }
        bool const named = agent_type != nullptr && agent_type->is_text();
        take(*address->as_text(), named ? *agent_type->as_text() : "", *message);
    }

    void take(std::string const& address, std::string const& agent_type, value const& codes)
    {
        double const now = unix_now();
        if (auto const* changed = table.heard(address, agent_type, codes, now)) {
            publish(*changed, now);
        }
    }

    void complain(std::string const& who, std::string const& text)
    {
        std::uint64_t suppressed = 0;
        if (malformed.allow(suppressed)) {
            log::warn("registry", text, {{"agent", who}, {"suppressed", suppressed}});
        }
    }
};

asio::awaitable<outcome> watch_agents(std::shared_ptr<watch> w, operation& op, dict params)
{
    bool const test_mode = params.find("test_mode")->as_bool().value_or(false);
    double listening_since = unix_now();
    double last_publication = unix_now();
    auto next = clock::now();
    for (;;) {
        double const now = unix_now();
        if (!w->owner->session().is_joined()) {
            listening_since = now;
        }
        // The router does not send us our own heartbeat.
        w->take(w->owner->address(), agent_class, w->owner->op_codes());
        w->table.expire(now, listening_since);
        op.data() = w->table.describe();
        if (now - last_publication >= w->wait_s) {
            last_publication = now;
            for (auto const& agent : w->table.agents()) {
                w->publish(agent, now);
            }
        }
        next += look_period;
        bool const go_on = !test_mode && co_await op.sleep(next - clock::now());
        if (!go_on) {
            break;
        }
    }
    co_return outcome(true, "Exited registry main process.");
}

asio::awaitable<outcome> forget_agent(std::shared_ptr<watch> w, dict params)
{
    std::string const address = *params.find("agent_address")->as_text();
    bool const known = w->table.forget(address);
    co_return outcome(known, known ? "Forgot " + address + '.' : "There is no agent " + address + '.');
}

void declare(std::shared_ptr<watch> const& w, agent::agent& a)
{
    w->owner = &a;
    agent::feed_options feed;
    feed.record = true;
    feed.agg_params.set("frame_length", 60);
    w->feed = a.make_feed("agent_operations", feed);
    a.subscribe(ocs::all_agents_feed(a.address_root(), ocs::heartbeat_feed),
                wamp::match_policy::wildcard,
                [w](client::event const& e) { w->hear(e); });

    agent::operation_options main;
    main.docstring = "Keeps the list of all agents from their heartbeats, in session.data.";
    main.startup = true;
    parameters const main_params{
        param("test_mode", param_type::boolean).with_default(false).describe("end after one look")};
    a.process(
        "main", main_params, [w](operation& op, dict p) { return watch_agents(w, op, std::move(p)); }, main);

    agent::operation_options deprecated;
    deprecated.docstring = "Deprecated: agents are found by their heartbeats. Does nothing.";
    deprecated.abortable = false;
    a.task(
        "register_agent",
        parameters::unchecked(),
        [](operation&, dict) -> asio::awaitable<outcome> {
            co_return outcome(true, "'register_agent' is deprecated");
        },
        deprecated);

    agent::operation_options forget;
    forget.docstring = "Removes an agent from the list; its next heartbeat brings it back.";
    forget.abortable = false;
    parameters const forget_params{
        param("agent_address", param_type::text).describe("complete address, such as observatory.fake1")};
    a.task(
        "forget_agent",
        forget_params,
        [w](operation&, dict p) { return forget_agent(w, std::move(p)); },
        forget);
}

}  // namespace

agent::agent_description describe()
{
    auto const shared = std::make_shared<watch>();
    agent::agent_description d;
    d.program = "cerro-registry";
    d.agent_class = agent_class;
    d.summary = "The OCS registry: which agents there are, and what their operations do";
    d.options = [shared](CLI::App& app) {
        app.add_option(
               "--wait-time", shared->wait_s, "seconds between two publications of all op codes (default 30)")
            ->check(CLI::PositiveNumber)
            ->take_last();
    };
    d.setup = [shared](agent::agent& a) { declare(shared, a); };
    return d;
}

}  // namespace cerro::registry
