#include "cerro/sim372/instrument.hpp"

#include "curves.hpp"
#include "settings.hpp"

#include <cmath>
#include <cstdio>
#include <utility>

namespace cerro::sim372 {

namespace {

constexpr int esr_execution_error = 16;
constexpr int esr_command_error = 32;

constexpr std::size_t longest_line = 1'024;
constexpr std::size_t longest_name = 15;

std::optional<int> input_of(std::vector<std::string> const& a)
{
    return a.size() == 1 ? parse_index(a[0], 0, 16) : std::nullopt;
}

/// Steps of a half decade: 2, 6.32, 20 ...
double half_decades(double first, double steps)
{
    return first * std::pow(10.0, steps / 2.0);
}

}  // namespace

instrument::instrument(instrument_options o)
    : options_(std::move(o)),
      cryostat_(options_.seed),
      settings_(std::make_unique<settings>()),
      curves_(std::make_unique<curves>()),
      autoscan_(options_.autoscan)
{
    names_[0] = "Input A";
    for (int input = 1; input < sensor_count; ++input) {
        char name[16];
        std::snprintf(name, sizeof name, "Channel %02d", input);
        names_[static_cast<std::size_t>(input)] = name;
        settings_->put("INSET", input, 1, options_.dwell_s);
        settings_->put("INSET", input, 2, options_.pause_s);
    }
    setpoint_ = settings_->number("SETP", 0, 0);
    for (int input = 0; input < sensor_count; ++input) {
        measure(input, 0.0);
    }
}

instrument::~instrument() = default;

std::map<std::string_view, instrument::handler> const& instrument::handlers()
{
    static std::map<std::string_view, handler> const table{
        {"*IDN?", &instrument::identify},
        {"*ESR?", &instrument::event_status},
        {"*CLS", &instrument::clear_status},
        {"*OPC?", &instrument::operation_complete},
        {"EMUL", &instrument::nothing},
        {"SCAN", &instrument::set_scan},
        {"SCAN?", &instrument::get_scan},
        {"KRDG?", &instrument::get_kelvin},
        {"RDGK?", &instrument::get_kelvin},
        {"SRDG?", &instrument::get_ohm},
        {"RDGR?", &instrument::get_ohm},
        {"QRDG?", &instrument::get_quadrature},
        {"RDGPWR?", &instrument::get_power},
        {"RDGST?", &instrument::get_status},
        {"INNAME", &instrument::set_name},
        {"INNAME?", &instrument::get_name},
        {"HTR?", &instrument::get_heater},
        {"AOUT?", &instrument::get_analog_output},
        {"RAMPST?", &instrument::get_ramp_status},
    };
    return table;
}

std::optional<std::string> instrument::handle(std::string_view line, double now)
{
    advance(now);
    if (line.size() > longest_line) {
        return command_error();
    }
    std::optional<std::string> joined;
    for (auto const& m : split_messages(line)) {
        auto const answer = carry_out(m);
        if (answer) {
            joined = joined ? *joined + ";" + *answer : *answer;
        }
    }
    return joined;
}

std::string instrument::setting(std::string_view verb, int index) const
{
    return settings_->shown(verb, index);
}

instrument::reply instrument::carry_out(message const& m)
{
    if (auto const at = handlers().find(m.verb); at != handlers().end()) {
        return (this->*at->second)(m.arguments);
    }
    bool const question = !m.verb.empty() && m.verb.back() == '?';
    std::string const verb = question ? m.verb.substr(0, m.verb.size() - 1) : m.verb;

    auto const keep = [&](bool accepted) { return accepted ? reply() : execution_error(); };
    auto const show = [&](reply r) { return r ? r : execution_error(); };
    if (verb == "CRVHDR") {
        return question ? show(curves_->header(m.arguments)) : keep(curves_->set_header(m.arguments));
    }
    if (verb == "CRVPT") {
        return question ? show(curves_->point(m.arguments)) : keep(curves_->set_point(m.arguments));
    }
    if (verb == "CRVDEL" && !question) {
        return keep(curves_->erase(m.arguments));
    }

    int index = 0;
    std::string text;
    auto const done =
        question ? settings_->get(verb, m.arguments, text) : settings_->set(verb, m.arguments, index);
    if (done == settings::outcome::no_such_command) {
        return command_error();
    }
    if (done == settings::outcome::bad_arguments) {
        return execution_error();
    }
    if (!question) {
        after_setting(verb, index);
        return std::nullopt;
    }
    if (verb == "SETP" && (m.arguments.empty() || m.arguments[0] == "0")) {
        return settings_->number("RAMP", 0, 0) == 0 ? text : engineering(setpoint_);
    }
    return text;
}

// An error has no reply, not even to a question: it is told by *ESR? only.
instrument::reply instrument::command_error()
{
    event_status_ |= esr_command_error;
    return std::nullopt;
}

instrument::reply instrument::execution_error()
{
    event_status_ |= esr_execution_error;
    return std::nullopt;
}

instrument::reply instrument::identify(arguments const&)
{
    return "LSCI,MODEL372," + options_.serial + ",1.3";
}

instrument::reply instrument::event_status(arguments const&)
{
    return std::to_string(std::exchange(event_status_, 0));
}

instrument::reply instrument::clear_status(arguments const&)
{
    event_status_ = 0;
    return std::nullopt;
}

instrument::reply instrument::operation_complete(arguments const&)
{
    return "1";
}

instrument::reply instrument::nothing(arguments const&)
{
    return std::nullopt;
}

instrument::reply instrument::set_scan(arguments const& a)
{
    auto const channel = a.size() == 2 ? parse_index(a[0], 1, 16) : std::nullopt;
    auto const automatic = a.size() == 2 ? parse_index(a[1], 0, 1) : std::nullopt;
    if (!channel || !automatic) {
        return execution_error();
    }
    autoscan_ = *automatic == 1;
    if (*channel != active_) {
        select(*channel, now_);
    }
    return std::nullopt;
}

instrument::reply instrument::get_scan(arguments const&)
{
    char text[16];
    std::snprintf(text, sizeof text, "%02d,%d", active_, autoscan_ ? 1 : 0);
    return text;
}

instrument::reply instrument::get_kelvin(arguments const& a)
{
    auto const input = input_of(a);
    return input ? engineering(readings_.at(static_cast<std::size_t>(*input)).kelvin) : execution_error();
}

instrument::reply instrument::get_ohm(arguments const& a)
{
    auto const input = input_of(a);
    return input ? engineering(readings_.at(static_cast<std::size_t>(*input)).ohm) : execution_error();
}

instrument::reply instrument::get_quadrature(arguments const& a)
{
    auto const input = input_of(a);
    return input ? engineering(readings_.at(static_cast<std::size_t>(*input)).ohm * 1e-4) : execution_error();
}

instrument::reply instrument::get_power(arguments const& a)
{
    auto const input = input_of(a);
    if (!input) {
        return execution_error();
    }
    double const ohm = cryostat::ohm(cryostat_.kelvin(*input, now_));
    double const code = settings_->number("INTYPE", *input, 1);
    bool const current = settings_->number("INTYPE", *input, 0) == 1;
    // From 1 pA, the control input from 316 pA; from 2 uV.
    double const excitation =
        current ? half_decades(1e-12, *input == 0 ? code + 4 : code - 1) : half_decades(2e-6, code - 1);
    return engineering(current ? excitation * excitation * ohm : excitation * excitation / ohm);
}

instrument::reply instrument::get_status(arguments const& a)
{
    auto const input = input_of(a);
    if (!input) {
        return execution_error();
    }
    char text[16];
    std::snprintf(text, sizeof text, "%03d", readings_.at(static_cast<std::size_t>(*input)).status);
    return text;
}

instrument::reply instrument::set_name(arguments const& a)
{
    auto const input = a.size() == 2 ? parse_index(a[0], 0, 16) : std::nullopt;
    if (!input || a[1].size() > longest_name) {
        return execution_error();
    }
    names_.at(static_cast<std::size_t>(*input)) = a[1];
    return std::nullopt;
}

instrument::reply instrument::get_name(arguments const& a)
{
    auto const input = input_of(a);
    return input ? names_.at(static_cast<std::size_t>(*input)) : execution_error();
}

instrument::reply instrument::get_heater(arguments const&)
{
    bool const as_current = settings_->number("HTRSET", 0, 3) == 1;
    return engineering(as_current ? sample_percent_ : sample_watts_);
}

instrument::reply instrument::get_analog_output(arguments const& a)
{
    auto const output = a.size() == 1 ? parse_index(a[0], 1, 2) : std::nullopt;
    if (!output) {
        return execution_error();
    }
    bool const on = settings_->number("RANGE", *output, 0) == 1;
    double const percent =
        *output == 2 ? settings_->number("STILL", 0, 0) : settings_->number("WARMUP", 0, 1);
    return engineering(on ? percent : 0.0);
}

instrument::reply instrument::get_ramp_status(arguments const& a)
{
    auto const output = a.size() == 1 ? parse_index(a[0], 0, 1) : std::nullopt;
    if (!output) {
        return execution_error();
    }
    bool const ramping = *output == 0 && setpoint_ != settings_->number("SETP", 0, 0);
    return ramping ? "1" : "0";
}

void instrument::after_setting(std::string_view verb, int index)
{
    if (verb == "SETP" && index == 0 && settings_->number("RAMP", 0, 0) == 0) {
        setpoint_ = settings_->number("SETP", 0, 0);
    }
    if (verb == "RAMP" && index == 0 && settings_->number("RAMP", 0, 0) == 0) {
        setpoint_ = settings_->number("SETP", 0, 0);
    }
    if (verb == "RANGE" || verb == "OUTMODE") {
        integral_ = 0;
    }
}

bool instrument::over_range(int input, double ohm) const
{
    bool const autorange = settings_->number("INTYPE", input, 2) != 0;
    return !autorange && ohm > half_decades(2e-3, settings_->number("INTYPE", input, 3) - 1);
}

}  // namespace cerro::sim372
