#include "bridge_agent.hpp"
#include <cerro/base/time.hpp>

#include <algorithm>
#include <cmath>

namespace cerro::lakeshore372 {

using agent::outcome;

namespace {

constexpr double period_s = 0.1;
constexpr std::chrono::seconds retry_after{1};

/// To the next multiple of the period.
std::chrono::nanoseconds until_next_reading()
{
    double const now = unix_now();
    return seconds_to_duration((std::floor(now / period_s) + 1.0) * period_s - now);
}

dict& fields_of(agent::operation& op)
{
    auto& v = op.data()["fields"];
    if (v.as_dict() == nullptr) {
        v = dict();
    }
    return *v.as_dict();
}

}  // namespace

asio::awaitable<outcome> bridge_agent::acquire(agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    bool const with_heater = bool_param(params, "sample_heater");
    bool const run_once = bool_param(params, "run_once");
    int last_channel = 0;
    op.data().set("fields", dict());
    show_connection(op);
    while (!op.stopping()) {
        bool const goes_on = co_await op.sleep(until_next_reading());
        if (!goes_on) {
            break;
        }
        auto const got = co_await read_locked(op, last_channel, with_heater);
        show_connection(op);
        if (!got) {
            if (got.error().code == errc::refused && op.stopping()) {
                break;
            }
            std::uint64_t suppressed = 0;
            if (trouble_log_.allow(suppressed)) {
                log::warn("lakeshore372", "no_data", {{"why", got.error().what}, {"suppressed", suppressed}});
            }
            if (!op.degraded()) {
                op.set_degraded(true);
                op.add_message("Failed to get data from LS372. Check network connection. (" +
                               got.error().what + ")");
            }
            [[maybe_unused]] bool const waited = co_await op.sleep(retry_after);
            continue;
        }
        if (op.degraded()) {
            op.set_degraded(false);
            op.add_message("Connection re-established.");
            log::info("lakeshore372", "connection_re_established", {{"peer", connection_->peer()}});
        }
        last_channel = got->channel;
        if (got->switched) {
            // Without the lock: tasks go on meanwhile.
            [[maybe_unused]] bool const waited = co_await op.sleep(seconds_to_duration(got->settle_s));
            continue;
        }
        publish(op, *got);
        if (run_once) {
            break;
        }
    }
    feed_->flush();
    co_return outcome(true, "Acquisition exited cleanly.");
}

/// Waits for the lock as long as it takes (tasks hold it for a few questions), unless the process is to stop.
asio::awaitable<result<reading>> bridge_agent::read_locked(agent::operation& op,
                                                           int last_channel,
                                                           bool with_heater)
{
    std::shared_ptr<void> token;
    while (!token) {
        if (op.stopping()) {
            co_return fail(errc::refused, "acq is stopping");
        }
        token = co_await lock_->acquire("acq", std::chrono::seconds(1));
    }
    co_return co_await read(last_channel, with_heater);
}

asio::awaitable<result<reading>> bridge_agent::read(int last_channel, bool with_heater)
{
    reading r;
    auto const scan = co_await driver_.scan();
    if (!scan) {
        co_return scan.error();
    }
    auto const names = co_await ensure_names();
    if (!names) {
        co_return names.error();
    }
    r.channel = scan->channel;
    r.name = names_.at(static_cast<std::size_t>(r.channel));
    if (last_channel != 0 && r.channel != last_channel) {
        auto const timing = co_await driver_.timing(r.channel);
        if (!timing) {
            co_return timing.error();
        }
        r.switched = true;
        // At least a second must be left for readings before the scanner goes on.
        double const longest_delay = std::max(0, timing->dwell_s - 1);
        r.settle_s = timing->pause_s + std::min(options_.dwell_time_delay_s, longest_delay);
        if (options_.dwell_time_delay_s > longest_delay) {
            std::uint64_t suppressed = 0;
            if (delay_log_.allow(suppressed)) {
                log::warn("lakeshore372",
                          "dwell_time_delay_too_long",
                          {{"channel", r.channel},
                           {"delay_s", options_.dwell_time_delay_s},
                           {"dwell_s", timing->dwell_s},
                           {"waiting_s", r.settle_s}});
            }
        }
        co_return r;
    }
    auto const kelvin = co_await driver_.kelvin(r.channel);
    r.timestamp = unix_now();
    if (!kelvin) {
        co_return kelvin.error();
    }
    auto const ohm = co_await driver_.ohm(r.channel);
    if (!ohm) {
        co_return ohm.error();
    }
    r.kelvin = *kelvin;
    r.ohm = *ohm;
    if (control_channel_) {
        auto const control_kelvin = co_await driver_.kelvin(control_input);
        r.control_timestamp = unix_now();
        if (!control_kelvin) {
            co_return control_kelvin.error();
        }
        auto const control_ohm = co_await driver_.ohm(control_input);
        if (!control_ohm) {
            co_return control_ohm.error();
        }
        r.has_control = true;
        r.control_kelvin = *control_kelvin;
        r.control_ohm = *control_ohm;
    }
    if (with_heater) {
        auto const heater = co_await driver_.sample_heater_output();
        r.heater_timestamp = unix_now();
        if (!heater) {
            co_return heater.error();
        }
        r.has_heater = true;
        r.heater = *heater;
    }
    if (!names_known_) {
        // The connection was made anew within this reading: the channels may have other names now.
        co_return fail(errc::closed, connection_->peer() + ": connected anew, reading again");
    }
    co_return r;
}

void bridge_agent::publish(agent::operation& op, reading const& r)
{
    auto const prefix = field_prefix(r.name);
    auto& shown = fields_of(op);
    feed_->sample(r.name, r.timestamp, dict{{prefix + "_T", r.kelvin}, {prefix + "_R", r.ohm}});
    shown.set(prefix, dict{{"T", r.kelvin}, {"R", r.ohm}, {"timestamp", r.timestamp}});
    if (r.has_control) {
        feed_->sample("control_chan",
                      r.control_timestamp,
                      dict{{"control_T", r.control_kelvin}, {"control_R", r.control_ohm}});
        shown.set("control",
                  dict{{"T", r.control_kelvin}, {"R", r.control_ohm}, {"timestamp", r.control_timestamp}});
    }
    if (r.has_heater) {
        feed_->sample("heaters", r.heater_timestamp, dict{{"sample_heater_output", r.heater}});
        shown.set("heaters", dict{{"sample_heater_output", r.heater}, {"timestamp", r.heater_timestamp}});
    }
}

void bridge_agent::show_connection(agent::operation& op)
{
    auto const& s = connection_->state();
    op.data().set("connection",
                  dict{{"last_attempt", s.last_attempt},
                       {"connected", s.connected},
                       {"last_error", s.last_error},
                       {"timeouts", s.timeouts},
                       {"losses", s.losses},
                       {"refused_answers", s.refusals}});
}

bridge_agent::text_result bridge_agent::enable_control_chan(agent::operation&, dict)
{
    control_channel_ = true;
    co_return std::string("Enabled control channel");
}

bridge_agent::text_result bridge_agent::disable_control_chan(agent::operation&, dict)
{
    control_channel_ = false;
    co_return std::string("Disabled control channel");
}

}  // namespace cerro::lakeshore372
