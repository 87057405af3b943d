#include <cerro/base/time.hpp>
#include <cerro/fakedata/fakedata.hpp>
#include <cerro/fakedata/signal.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>

namespace cerro::fakedata {
namespace {

namespace asio = boost::asio;
using agent::operation;
using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;
using clock = std::chrono::steady_clock;

constexpr auto report_period = std::chrono::seconds(1);

struct options {
    std::string mode = "idle";
    int channels = 2;
    double rate = 9.5;
    std::int64_t frame_length = 60;
};

/// What the operations share.
struct device {
    device(options o, agent::agent& a) : settings(std::move(o)), owner(a)
    {
        agent::feed_options f;
        f.record = true;
        f.buffer_time = report_period;
        f.agg_params.set("frame_length", settings.frame_length);
        feed = owner.make_feed("false_temperatures", f);
    }

    options settings;
    agent::agent& owner;
    std::shared_ptr<agent::feed> feed;
};

/// Degraded for one period, well for the next, and so on.
bool degraded_at(double elapsed_s, double period_s)
{
    return std::fmod(std::floor(elapsed_s / period_s), 2.0) == 0.0;
}

asio::awaitable<outcome> acquire(std::shared_ptr<device> d, operation& op, dict params)
{
    bool const test_mode = params.find("test_mode")->as_bool().value_or(false);
    auto const period = params.find("degradation_period")->as_double();
    double const started = unix_now();
    signal source(d->settings.channels, d->settings.rate, started, std::random_device{}());
    auto next_report = clock::now() + report_period;
    for (;;) {
        if (period && *period > 0) {
            op.set_degraded(degraded_at(unix_now() - started, *period));
        }
        bool const go_on = co_await op.sleep(next_report - clock::now());
        next_report = std::max(next_report + report_period, clock::now());
        auto bundle = source.advance(unix_now());
        if (!bundle.empty()) {
            op.data() = source.latest();
            d->feed->samples("temps", std::move(bundle.timestamps), std::move(bundle.fields));
        }
        if (!go_on || test_mode) {
            break;
        }
    }
    d->feed->flush();
    co_return outcome(true, "Acquisition exited cleanly.");
}

asio::awaitable<outcome> count(operation& op)
{
    std::int64_t counter = 0;
    op.data() = {{"counter", counter}, {"last_update", unix_now()}};
    auto next = clock::now();
    for (;;) {
        next += report_period;
        bool const go_on = co_await op.sleep(next - clock::now());
        if (!go_on) {
            break;
        }
        op.data() = {{"counter", ++counter}, {"last_update", unix_now()}};
    }
    co_return outcome(true, "Exited on request.");
}

std::string seconds_text(char const* verb, double seconds)
{
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "%s after %.1f seconds", verb, seconds);
    return text.data();
}

asio::awaitable<outcome> delay(operation& op, dict params)
{
    constexpr double guarded_delay = 3.33;  // an example of a parameter that needs more privileges
    constexpr int needed_level = 3;
    double const wanted = params.find("delay")->as_double().value_or(0.0);
    bool const succeed = params.find("succeed")->as_bool().value_or(true);
    if (op.credential_level() == needed_level - 1 && wanted == guarded_delay) {
        co_return outcome(false, "Actually you need access level 3+ to delay for 3.33 seconds.");
    }
    auto const begin = clock::now();
    auto const elapsed = [begin] { return std::chrono::duration<double>(clock::now() - begin).count(); };
    auto const report = [&] { op.data() = {{"requested_delay", wanted}, {"delay_so_far", elapsed()}}; };
    report();
    while (elapsed() < wanted && !op.stopping()) {
        [[maybe_unused]] bool const go_on =
            co_await op.sleep(seconds_to_duration(std::min(0.5, wanted - elapsed())));
        report();
    }
    bool const aborted = op.stopping();
    co_return outcome(succeed && !aborted, seconds_text(aborted ? "Aborted" : "Exited", elapsed()));
}

asio::awaitable<outcome> set_heartbeat(agent::agent& a, dict params)
{
    bool const on = params.find("heartbeat")->as_bool().value_or(true);
    a.on_heartbeat_switch(on);
    co_return outcome(true, on ? "Set heartbeat_on: True" : "Set heartbeat_on: False");
}

void declare_processes(agent::agent& a, std::shared_ptr<device> const& d)
{
    bool const acquire_at_start = d->settings.mode == "acq";
    agent::operation_options acq;
    acq.docstring = "Takes made-up data and publishes them on the feed false_temperatures, once a second.";
    acq.blocking = true;
    acq.startup = acquire_at_start;
    parameters const acq_params{
        param("test_mode", param_type::boolean).with_default(false).describe("end after the first samples"),
        param("degradation_period", param_type::real)
            .with_default(nullptr)
            .describe("the session is degraded during every other period of this length", "s")};
    a.process(
        "acq", acq_params, [d](operation& op, dict p) { return acquire(d, op, std::move(p)); }, acq);

    agent::operation_options counting;
    counting.startup = acquire_at_start;
    a.process(
        "count", parameters::unchecked(), [](operation& op, dict) { return count(op); }, counting);
}

void declare_tasks(agent::agent& a)
{
    agent::operation_options switching;
    switching.docstring = "Switches the agent's heartbeat on or off, to try what watches it.";
    switching.blocking = true;
    switching.abortable = false;
    parameters const switch_params{
        param("heartbeat", param_type::boolean).with_default(true).describe("on or off")};
    a.task(
        "set_heartbeat",
        switch_params,
        [&a](operation&, dict p) { return set_heartbeat(a, std::move(p)); },
        switching);

    agent::operation_options delaying;
    delaying.docstring = "Waits, then succeeds or fails as asked.";
    delaying.min_privs = a.access_controlled() ? 2 : 1;
    parameters const delay_params{
        param("delay", param_type::real)
            .with_default(5.0)
            .where([](value const& v) { return v.as_double().value_or(-1.0) >= 0; })
            .describe("time to wait, 0 or more", "s"),
        param("succeed", param_type::boolean).with_default(true).describe("how to end")};
    a.task(
        "delay_task", delay_params, [](operation& op, dict p) { return delay(op, std::move(p)); }, delaying);
}

}  // namespace

agent::agent_description describe()
{
    auto const settings = std::make_shared<options>();
    agent::agent_description d;
    d.program = "cerro-fakedata";
    d.agent_class = "FakeDataAgent";
    d.summary = "An OCS agent that makes data up";
    d.options = [settings](CLI::App& app) {
        app.add_option("--mode", settings->mode, "acq: start acq and count with the agent (default idle)")
            ->check(CLI::IsMember({"idle", "acq"}))
            ->take_last();
        app.add_option("--num-channels", settings->channels, "channels (default 2)")
            ->check(CLI::Range(1, 10'000))
            ->take_last();
        app.add_option("--sample-rate", settings->rate, "samples per second of each channel (default 9.5)")
            ->check(CLI::Range(0.001, 100'000.0))
            ->take_last();
        app.add_option("--frame-length", settings->frame_length, "length of archive frames [s] (default 60)")
            ->check(CLI::Range(1, 1'000'000))
            ->take_last();
    };
    d.setup = [settings](agent::agent& a) {
        auto const shared = std::make_shared<device>(*settings, a);
        declare_processes(a, shared);
        declare_tasks(a);
    };
    return d;
}

}  // namespace cerro::fakedata
