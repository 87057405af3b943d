#include "bridge_agent.hpp"
#include <cerro/base/time.hpp>

#include <cmath>

namespace cerro::lakeshore372 {

using agent::outcome;
using agent::param;
using agent::param_type;
using agent::parameters;

namespace {

constexpr int closed_loop = 5;
constexpr int display_current = 1;
constexpr int display_power = 2;
constexpr std::chrono::milliseconds between_measurements{100};

param heater()
{
    return param("heater", param_type::text).one_of({"sample", "still"});
}

int output_of(dict const& params)
{
    return text_param(params, "heater") == "sample" ? output::sample : output::still;
}

/// RANGE code for the parameter, or why it is none.
result<int> range_param(int out, value const& v)
{
    auto const* const word = v.as_text();
    if (word != nullptr && *word == "off") {
        return 0;
    }
    if (out == output::still) {
        if (word != nullptr && *word == "on") {
            return 1;
        }
        return fail(errc::invalid_argument, "The still heater's range is 'on' or 'off'");
    }
    auto const amps = word != nullptr ? parse_number(*word) : v.as_double();
    auto const code = amps ? heater_range_code(*amps) : std::nullopt;
    if (!code) {
        return fail(errc::invalid_argument,
                    "The sample heater's range is 'off' or one of " + heater_range_list() + " (amps)");
    }
    return *code;
}

/// The parameter as people wrote it.
std::string shown(value const& v)
{
    auto const* const word = v.as_text();
    return word != nullptr ? *word : shortest(v.as_double().value_or(0.0));
}

}  // namespace

void bridge_agent::declare_heater_tasks()
{
    auto const self = shared_from_this();
    agent::operation_options range;
    range.docstring = "Sets a heater's range, then waits.";
    agent_.task(
        "set_heater_range",
        parameters{heater(),
                   param("range", param_type::any)
                       .describe("'off', 'on' (still), or full scale of the sample heater", "A"),
                   param("wait", param_type::real).with_default(0.0).describe("afterwards", "s")},
        [self](agent::operation& op, dict p) { return self->set_heater_range(op, std::move(p)); },
        range);
    task("set_pid",
         parameters{param("P", param_type::integer),
                    param("I", param_type::integer),
                    param("D", param_type::integer)},
         &bridge_agent::set_pid,
         "Sets the sample heater's control parameters.");
    task(
        "servo_to_temperature",
        parameters{param("temperature", param_type::real)
                       .where([](value const& v) { return v.as_double().value_or(1.0) < 1.0; })
                       .describe("below 1 K", "K")},
        &bridge_agent::servo_to_temperature,
        "Regulates the sample heater's input to a temperature: closed loop, scanner standing at that input.");
    agent::operation_options stability;
    stability.docstring = "Compares the mean of several readings with the setpoint.";
    agent_.task(
        "check_temperature_stability",
        parameters{param("measurements", param_type::integer)
                       .where([](value const& v) { return v.as_int().value_or(0) > 0; })
                       .describe("number of readings, 0.1 s apart"),
                   param("threshold", param_type::real).describe("largest difference", "K")},
        [self](agent::operation& op, dict p) { return self->check_temperature_stability(op, std::move(p)); },
        stability);
    task("set_output_mode",
         parameters{
             heater(),
             param("mode", param_type::text)
                 .one_of({"Off", "Monitor Out", "Open Loop", "Zone", "Still", "Closed Loop", "Warm up"})},
         &bridge_agent::set_output_mode,
         "Sets what drives a heater.");
    task("set_heater_output",
         parameters{heater(),
                    param("output", param_type::real).describe("by the display", "% or W"),
                    param("display", param_type::text)
                        .with_default(nullptr)
                        .one_of({"current", "power"})
                        .describe("unit of the output; default: as it is")},
         &bridge_agent::set_heater_output,
         "Sets the manual output of a heater whose range is on.");
    task("set_still_output",
         parameters{param("output", param_type::real).between(0, 100).describe("", "%")},
         &bridge_agent::set_still_output,
         "Sets the still heater's output.");
    task("get_still_output",
         parameters::none(),
         &bridge_agent::get_still_output,
         "Reads the still heater's output.");
}

asio::awaitable<outcome> bridge_agent::set_heater_range(agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    double const wait = real_param(params, "wait");
    auto done =
        co_await with_lock("set_heater_range", &bridge_agent::change_heater_range, op, std::move(params));
    if (done.success && wait > 0) {
        // Without the lock, so that others go on.
        [[maybe_unused]] bool const waited = co_await op.sleep(seconds_to_duration(wait));
    }
    co_return done;
}

bridge_agent::text_result bridge_agent::change_heater_range(agent::operation&, dict params)
{
    int const out = output_of(params);
    auto const* const given = params.find("range");
    value const wanted = given == nullptr ? value() : *given;
    auto const code = range_param(out, wanted);
    if (!code) {
        co_return code.error();
    }
    auto const done = co_await driver_.set_heater_range(out, *code);
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + text_param(params, "heater") + " heater range to " + shown(wanted);
}

bridge_agent::text_result bridge_agent::set_pid(agent::operation&, dict params)
{
    int const p = int_param(params, "P");
    int const i = int_param(params, "I");
    int const d = int_param(params, "D");
    auto const done = co_await driver_.set_pid(p, i, d);
    if (!done) {
        co_return done.error();
    }
    co_return "Set PID to " + std::to_string(p) + ", " + std::to_string(i) + ", " + std::to_string(d);
}

bridge_agent::text_result bridge_agent::servo_to_temperature(agent::operation& op, dict params)
{
    double const goal = real_param(params, "temperature");
    auto const mode = co_await driver_.line(line_kind::outmode, output::sample);
    if (!mode) {
        co_return mode.error();
    }
    if ((*mode)[field::outmode_mode] != std::to_string(closed_loop)) {
        auto const changed = co_await driver_.change(
            line_kind::outmode, output::sample, field::outmode_mode, std::to_string(closed_loop));
        if (!changed) {
            co_return changed.error();
        }
        op.add_message("Changed the sample heater's mode to closed loop");
    }
    auto const input = co_await driver_.servo_input();
    if (!input) {
        co_return input.error();
    }
    auto scan = co_await driver_.scan();
    if (!scan) {
        co_return scan.error();
    }
    int const channel = *input == control_input ? scan->channel : *input;
    if (scan->autoscan || scan->channel != channel) {
        scan->autoscan = false;
        scan->channel = channel;
        auto const moved = co_await driver_.set_scan(*scan);
        if (!moved) {
            co_return moved.error();
        }
        op.add_message("Autoscan is off, the active channel is " + std::to_string(channel));
    }
    auto const setup = co_await driver_.setup(*input);
    if (!setup) {
        co_return setup.error();
    }
    if (!setup->kelvin) {
        auto const changed = co_await driver_.change(line_kind::intype, *input, field::intype_units, "1");
        if (!changed) {
            co_return changed.error();
        }
        op.add_message("Changed the units of input " + input_text(*input) + " to kelvin");
    }
    auto const set = co_await driver_.set_setpoint(goal);
    if (!set) {
        co_return set.error();
    }
    co_return "Setpoint now set to " + shortest(goal) + " K";
}

bridge_agent::text_result bridge_agent::read_servo_input(agent::operation& op, dict)
{
    auto const input = co_await driver_.servo_input();
    if (!input) {
        co_return input.error();
    }
    auto const kelvin = co_await driver_.kelvin(*input);
    if (!kelvin) {
        co_return kelvin.error();
    }
    auto const setpoint = co_await driver_.setpoint();
    if (!setpoint) {
        co_return setpoint.error();
    }
    op.data().set("temperature", *kelvin);
    op.data().set("setpoint", *setpoint);
    co_return std::string();
}

asio::awaitable<outcome> bridge_agent::check_temperature_stability(agent::operation& op, dict params)
{
    auto const self = shared_from_this();
    int const measurements = int_param(params, "measurements");
    double const threshold = real_param(params, "threshold");
    double sum = 0;
    for (int i = 0; i < measurements; ++i) {
        // The lock is given back between the readings.
        auto const read =
            co_await with_lock("check_temperature_stability", &bridge_agent::read_servo_input, op, dict());
        if (!read.success) {
            co_return read;
        }
        sum += real_param(op.data(), "temperature");
        bool const goes_on = co_await op.sleep(between_measurements);
        if (!goes_on) {
            co_return outcome(false, "Aborted");
        }
    }
    double const mean = sum / measurements;
    double const setpoint = real_param(op.data(), "setpoint");
    op.data().set("mean", mean);
    auto const numbers = "mean " + shortest(mean) + " K of " + std::to_string(measurements) +
                         " measurements, setpoint " + shortest(setpoint) + " K, threshold " +
                         shortest(threshold) + " K";
    bool const stable = std::abs(mean - setpoint) < threshold;
    co_return outcome(stable, (stable ? "Temperature is stable: " : "Temperature is not stable: ") + numbers);
}

bridge_agent::text_result bridge_agent::set_output_mode(agent::operation&, dict params)
{
    auto const mode = text_param(params, "mode");
    auto const code = output_mode_code(mode);
    if (!code) {
        co_return fail(errc::invalid_argument, "'" + mode + "' is no output mode");
    }
    auto const done = co_await driver_.change(
        line_kind::outmode, output_of(params), field::outmode_mode, std::to_string(*code));
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + text_param(params, "heater") + " output mode to " + mode;
}

bridge_agent::text_result bridge_agent::set_heater_output(agent::operation& op, dict params)
{
    int const out = output_of(params);
    auto const name = text_param(params, "heater");
    double const wanted = real_param(params, "output");
    auto const range = co_await driver_.heater_range(out);
    if (!range) {
        co_return range.error();
    }
    if (*range == 0) {
        co_return fail(errc::refused,
                       "The " + name + " heater's range is off; set it with set_heater_range first");
    }
    auto display = text_param(params, "display");
    if (!display.empty()) {
        auto const code = std::to_string(display == "current" ? display_current : display_power);
        auto const done = co_await driver_.change(line_kind::htrset, out, field::htrset_display, code);
        if (!done) {
            co_return done.error();
        }
    } else {
        auto const now = co_await driver_.line(line_kind::htrset, out);
        if (!now) {
            co_return now.error();
        }
        display = (*now)[field::htrset_display] == std::to_string(display_current) ? "current" : "power";
    }
    if (wanted < 0 || (display == "current" && wanted > 100)) {
        co_return fail(
            errc::invalid_argument,
            "Output " + shortest(wanted) + " is not allowed: 0 to 100 % (current), or watts (power)");
    }
    auto const done = co_await driver_.set_manual_output(out, wanted);
    if (!done) {
        co_return done.error();
    }
    auto const block = name + "_heater_out";
    feed_->sample(block, unix_now(), dict{{block, wanted}});
    op.data().set(block, wanted);
    co_return "Set " + name + " heater display to " + display + ", output to " + shortest(wanted);
}

bridge_agent::text_result bridge_agent::set_still_output(agent::operation& op, dict params)
{
    double const percent = real_param(params, "output");
    auto const done = co_await driver_.set_still_output(percent);
    if (!done) {
        co_return done.error();
    }
    feed_->sample("still_heater_still_out", unix_now(), dict{{"still_heater_still_out", percent}});
    op.data().set("still_heater_still_out", percent);
    co_return "Set still output to " + shortest(percent);
}

bridge_agent::text_result bridge_agent::get_still_output(agent::operation& op, dict)
{
    auto const percent = co_await driver_.still_output();
    if (!percent) {
        co_return percent.error();
    }
    op.data().set("still_heater_still_out", *percent);
    co_return "Current still output is " + *percent;
}

}  // namespace cerro::lakeshore372
