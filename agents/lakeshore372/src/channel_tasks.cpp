#include "bridge_agent.hpp"

namespace cerro::lakeshore372 {

using agent::param;
using agent::param_type;
using agent::parameters;

namespace {

constexpr int first_user_curve = 21;
constexpr int last_curve = 59;

param channel(int lowest = 1)
{
    return param("channel", param_type::integer)
        .between(lowest, channel_count)
        .describe(lowest == 0 ? "0 is the control input A" : "measurement input");
}

param on_off(std::string help)
{
    return param("state", param_type::text).one_of({"on", "off"}).describe(std::move(help));
}

std::string channel_text(dict const& params)
{
    return "channel " + std::to_string(int_param(params, "channel"));
}

}  // namespace

void bridge_agent::declare_channel_tasks()
{
    task("set_excitation_mode",
         parameters{channel(), param("mode", param_type::text).one_of({"current", "voltage"})},
         &bridge_agent::set_excitation_mode,
         "Excites a channel with a fixed current or a fixed voltage.");
    task("set_excitation",
         parameters{channel(),
                    param("value", param_type::real).describe("the nearest step is taken", "V or A")},
         &bridge_agent::set_excitation,
         "Sets a channel's excitation, volts or amps by its mode.");
    task("get_excitation",
         parameters{channel()},
         &bridge_agent::get_excitation,
         "Reads a channel's excitation.");
    task("set_resistance_range",
         parameters{channel(),
                    param("resistance_range", param_type::real).describe("the nearest step is taken", "ohm")},
         &bridge_agent::set_resistance_range,
         "Sets a channel's resistance range.");
    task("get_resistance_range",
         parameters{channel()},
         &bridge_agent::get_resistance_range,
         "Reads a channel's resistance range.");
    task("set_dwell",
         parameters{channel(), param("dwell", param_type::integer).between(1, 200).describe("", "s")},
         &bridge_agent::set_dwell,
         "Sets how long the scanner stays at a channel.");
    task("get_dwell",
         parameters{channel()},
         &bridge_agent::get_dwell,
         "Reads how long the scanner stays at a channel.");
    task("engage_channel",
         parameters{channel(0), on_off("on: measured and scanned")},
         &bridge_agent::engage_channel,
         "Switches a channel on or off.");
    task("engage_autorange",
         parameters{channel(0), on_off("on: the instrument chooses the resistance range")},
         &bridge_agent::engage_autorange,
         "Switches a channel's autorange on or off.");
    task("get_input_setup",
         parameters{channel(0)},
         &bridge_agent::get_input_setup,
         "Reads how an input is measured.");
    task("set_calibration_curve",
         parameters{channel(0),
                    param("curve_number", param_type::integer).between(first_user_curve, last_curve)},
         &bridge_agent::set_calibration_curve,
         "Chooses the calibration curve of an input.");
    task("set_autoscan",
         parameters{param("autoscan", param_type::boolean)},
         &bridge_agent::set_autoscan,
         "Switches the scanner on or off.");
    task("set_active_channel",
         parameters{channel()},
         &bridge_agent::set_active_channel,
         "Moves the scanner to a channel; autoscan stays as it is.");
    task("input_configfile",
         parameters{param("configfile", param_type::text)
                        .with_default(nullptr)
                        .describe("YAML file, relative to $OCS_CONFIG_DIR; default: --configfile")},
         &bridge_agent::input_configfile,
         "Applies the channels' settings of a file.");
}

bridge_agent::text_result bridge_agent::set_excitation_mode(agent::operation&, dict params)
{
    auto const mode = text_param(params, "mode");
    auto const done = co_await driver_.change(
        line_kind::intype, int_param(params, "channel"), field::intype_mode, mode == "voltage" ? "0" : "1");
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + channel_text(params) + " excitation mode to " + mode;
}

bridge_agent::text_result bridge_agent::set_excitation(agent::operation&, dict params)
{
    int const input = int_param(params, "channel");
    auto const done = co_await driver_.set_excitation(input, real_param(params, "value"));
    if (!done) {
        co_return done.error();
    }
    auto const now = co_await driver_.setup(input);
    if (!now) {
        co_return now.error();
    }
    co_return "Set " + channel_text(params) + " excitation to " + shortest(now->excitation);
}

bridge_agent::text_result bridge_agent::get_excitation(agent::operation& op, dict params)
{
    auto const now = co_await driver_.setup(int_param(params, "channel"));
    if (!now) {
        co_return now.error();
    }
    op.data().set("excitation", now->excitation);
    co_return "Excitation of " + channel_text(params) + " is " + shortest(now->excitation);
}

bridge_agent::text_result bridge_agent::set_resistance_range(agent::operation&, dict params)
{
    int const code = range_code(real_param(params, "resistance_range"));
    auto const done = co_await driver_.change(
        line_kind::intype, int_param(params, "channel"), field::intype_range, std::to_string(code));
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + channel_text(params) + " resistance range to " + shortest(*range_value(code));
}

bridge_agent::text_result bridge_agent::get_resistance_range(agent::operation& op, dict params)
{
    auto const now = co_await driver_.setup(int_param(params, "channel"));
    if (!now) {
        co_return now.error();
    }
    op.data().set("resistance_range", now->range);
    co_return "Resistance range of " + channel_text(params) + " is " + shortest(now->range);
}

bridge_agent::text_result bridge_agent::set_dwell(agent::operation&, dict params)
{
    auto const dwell = std::to_string(int_param(params, "dwell"));
    auto const done =
        co_await driver_.change(line_kind::inset, int_param(params, "channel"), field::inset_dwell, dwell);
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + channel_text(params) + " dwell to " + dwell;
}

bridge_agent::text_result bridge_agent::get_dwell(agent::operation& op, dict params)
{
    auto const timing = co_await driver_.timing(int_param(params, "channel"));
    if (!timing) {
        co_return timing.error();
    }
    op.data().set("dwell_time", timing->dwell_s);
    co_return "Dwell time of " + channel_text(params) + " is " + std::to_string(timing->dwell_s);
}

bridge_agent::text_result bridge_agent::engage_channel(agent::operation&, dict params)
{
    auto const state = text_param(params, "state");
    auto const done = co_await driver_.change(
        line_kind::inset, int_param(params, "channel"), field::inset_enabled, state == "on" ? "1" : "0");
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + channel_text(params) + " to " + state;
}

bridge_agent::text_result bridge_agent::engage_autorange(agent::operation&, dict params)
{
    auto const state = text_param(params, "state");
    auto const done = co_await driver_.change(
        line_kind::intype, int_param(params, "channel"), field::intype_autorange, state == "on" ? "1" : "0");
    if (!done) {
        co_return done.error();
    }
    co_return "Set autorange of " + channel_text(params) + " to " + state;
}

bridge_agent::text_result bridge_agent::get_input_setup(agent::operation& op, dict params)
{
    auto const now = co_await driver_.setup(int_param(params, "channel"));
    if (!now) {
        co_return now.error();
    }
    bool const voltage = now->mode == excitation_mode::voltage;
    auto& data = op.data();
    data.set("mode", voltage ? "voltage" : "current");
    data.set("excitation", now->excitation);
    data.set("excitation_units", voltage ? "volts" : "amps");
    data.set("autorange", now->autorange == 0 ? "off" : now->autorange == 1 ? "on" : "ROX 102B");
    data.set("range", now->range);
    data.set("csshunt", now->shunted ? "on" : "off");
    data.set("units", now->kelvin ? "kelvin" : "ohms");
    co_return "Input setup of " + channel_text(params) + ": " + (voltage ? "voltage " : "current ") +
        shortest(now->excitation) + ", range " + shortest(now->range);
}

bridge_agent::text_result bridge_agent::set_calibration_curve(agent::operation&, dict params)
{
    auto const number = std::to_string(int_param(params, "curve_number"));
    auto const done =
        co_await driver_.change(line_kind::inset, int_param(params, "channel"), field::inset_curve, number);
    if (!done) {
        co_return done.error();
    }
    co_return "Set " + channel_text(params) + " calibration curve to " + number;
}

bridge_agent::text_result bridge_agent::set_autoscan(agent::operation&, dict params)
{
    auto now = co_await driver_.scan();
    if (!now) {
        co_return now.error();
    }
    now->autoscan = bool_param(params, "autoscan");
    auto const done = co_await driver_.set_scan(*now);
    if (!done) {
        co_return done.error();
    }
    co_return std::string("Set autoscan to ") + (now->autoscan ? "on" : "off");
}

bridge_agent::text_result bridge_agent::set_active_channel(agent::operation&, dict params)
{
    auto now = co_await driver_.scan();
    if (!now) {
        co_return now.error();
    }
    now->channel = int_param(params, "channel");
    auto const done = co_await driver_.set_scan(*now);
    if (!done) {
        co_return done.error();
    }
    co_return "Set active channel to " + std::to_string(now->channel);
}

}  // namespace cerro::lakeshore372
