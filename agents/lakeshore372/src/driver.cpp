#include "cerro/lakeshore372/driver.hpp"

#include <algorithm>
#include <cmath>

namespace cerro::lakeshore372 {

namespace {

bool is_number(std::string_view reply)
{
    return parse_number(reply).has_value();
}

bool is_whole(std::string_view text, int low, int high)
{
    auto const v = parse_number(text);
    return v && *v == std::floor(*v) && *v >= low && *v <= high;
}

bool all_numbers(std::string_view reply, std::size_t count)
{
    auto const parts = split_fields(reply);
    return parts.size() == count && std::all_of(parts.begin(), parts.end(), is_number);
}

// Can this be the answer to that question? A line that slipped in from elsewhere should not pass.

bool is_scan(std::string_view reply)
{
    auto const parts = split_fields(reply);
    return parts.size() == 2 && is_whole(parts[0], 1, channel_count) && is_whole(parts[1], 0, 1);
}

bool is_inset(std::string_view reply)
{
    return all_numbers(reply, 5);
}

bool is_intype(std::string_view reply)
{
    auto const parts = split_fields(reply);
    return parts.size() == 6 && is_whole(parts[0], 0, 1) && is_whole(parts[1], 1, 22) &&
           is_whole(parts[2], 0, 2) && is_whole(parts[3], 1, 22) && is_whole(parts[4], 0, 1) &&
           is_whole(parts[5], 1, 2);
}

bool is_outmode(std::string_view reply)
{
    auto const parts = split_fields(reply);
    return parts.size() == 6 && is_whole(parts[0], 0, 6) &&
           (parts[1] == "A" || is_whole(parts[1], 0, channel_count));
}

bool is_htrset(std::string_view reply)
{
    return all_numbers(reply, 4);
}

bool is_curve_point(std::string_view reply)
{
    return all_numbers(reply, 2) || all_numbers(reply, 3);
}

/// The instrument keeps six digits.
bool same_to_six_digits(std::string const& a, std::string const& b)
{
    double const x = parse_number(a).value_or(0.0);
    double const y = parse_number(b).value_or(0.0);
    return std::abs(x - y) <= 1e-5 * std::max(std::abs(x), std::abs(y));
}

struct line_form {
    std::string_view verb;
    instrument::reply_check check;
    bool by_input;  // index is an input, else an output
};

line_form form_of(line_kind kind)
{
    switch (kind) {
        case line_kind::inset: return {"INSET", is_inset, true};
        case line_kind::intype: return {"INTYPE", is_intype, true};
        case line_kind::outmode: return {"OUTMODE", is_outmode, false};
        case line_kind::htrset: break;
    }
    return {"HTRSET", is_htrset, false};
}

bool same_value(std::string const& a, std::string const& b)
{
    auto const x = parse_number(a);
    auto const y = parse_number(b);
    if (!x || !y) {
        return a == b;
    }
    // The instrument rounds to the digits that it shows.
    return std::abs(*x - *y) <= 1e-3 * std::max(std::abs(*x), std::abs(*y)) + 1e-9;
}

std::string join(std::vector<std::string> const& parts)
{
    std::string out;
    for (auto const& p : parts) {
        out += (out.empty() ? "" : ",") + p;
    }
    return out;
}

int to_int(std::string const& checked_number)
{
    return static_cast<int>(*parse_number(checked_number));
}

}  // namespace

std::vector<std::string> split_fields(std::string_view line)
{
    std::vector<std::string> out;
    for (;;) {
        auto const comma = line.find(',');
        auto part = line.substr(0, comma);
        while (!part.empty() && part.front() == ' ') {
            part.remove_prefix(1);
        }
        while (!part.empty() && part.back() == ' ') {
            part.remove_suffix(1);
        }
        out.emplace_back(part);
        if (comma == std::string_view::npos) {
            return out;
        }
        line.remove_prefix(comma + 1);
    }
}

std::string input_text(int input)
{
    return input == control_input ? "A" : std::to_string(input);
}

driver::answer<double> driver::number(std::string question)
{
    auto const reply = co_await connection_->query(std::move(question), is_number);
    if (!reply) {
        co_return reply.error();
    }
    co_return *parse_number(*reply);
}

driver::answer<std::vector<std::string>> driver::fields(std::string question, instrument::reply_check check)
{
    auto const reply = co_await connection_->query(std::move(question), check);
    if (!reply) {
        co_return reply.error();
    }
    co_return split_fields(*reply);
}

driver::answer<void> driver::write_and_check(std::string command,
                                             std::string question,
                                             std::vector<std::string> expected)
{
    auto const sent = co_await connection_->command(command);
    if (!sent) {
        co_return sent.error();
    }
    auto const reply = co_await connection_->query(std::move(question));
    if (!reply) {
        co_return reply.error();
    }
    auto const kept = split_fields(*reply);
    bool const equal = std::equal(kept.begin(), kept.end(), expected.begin(), expected.end(), same_value);
    if (!equal) {
        co_return fail(errc::refused, "the instrument did not take '" + command + "', it has " + *reply);
    }
    co_return result<void>();
}

driver::answer<scanner> driver::scan()
{
    auto const parts = co_await fields("SCAN?", is_scan);
    if (!parts) {
        co_return parts.error();
    }
    scanner s;
    s.channel = to_int((*parts)[0]);
    s.autoscan = to_int((*parts)[1]) == 1;
    co_return s;
}

driver::answer<void> driver::set_scan(scanner s)
{
    std::vector<std::string> expected{std::to_string(s.channel), s.autoscan ? "1" : "0"};
    auto command = "SCAN " + join(expected);
    return write_and_check(std::move(command), "SCAN?", std::move(expected));
}

driver::answer<double> driver::kelvin(int input)
{
    return number("KRDG? " + input_text(input));
}

driver::answer<double> driver::ohm(int input)
{
    return number("SRDG? " + input_text(input));
}

driver::answer<std::string> driver::name(int input)
{
    auto const reply = co_await connection_->query("INNAME? " + input_text(input));
    if (!reply) {
        co_return reply.error();
    }
    auto text = *reply;
    text.erase(text.find_last_not_of(' ') + 1);
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    co_return text;
}

driver::answer<input_timing> driver::timing(int input)
{
    auto const parts = co_await line(line_kind::inset, input);
    if (!parts) {
        co_return parts.error();
    }
    input_timing t;
    t.enabled = to_int((*parts)[field::inset_enabled]) == 1;
    t.dwell_s = to_int((*parts)[field::inset_dwell]);
    t.pause_s = to_int((*parts)[field::inset_pause]);
    t.curve = to_int((*parts)[field::inset_curve]);
    co_return t;
}

driver::answer<input_setup> driver::setup(int input)
{
    auto const parts = co_await line(line_kind::intype, input);
    if (!parts) {
        co_return parts.error();
    }
    input_setup s;
    s.mode = to_int((*parts)[field::intype_mode]) == 0 ? excitation_mode::voltage : excitation_mode::current;
    auto const excitation = excitation_value(input, s.mode, to_int((*parts)[field::intype_excitation]));
    if (!excitation) {
        co_return fail(errc::malformed,
                       "INTYPE? " + input_text(input) + ": the mode has no excitation " +
                           (*parts)[field::intype_excitation]);
    }
    s.excitation = *excitation;
    s.autorange = to_int((*parts)[field::intype_autorange]);
    s.range = range_value(to_int((*parts)[field::intype_range])).value_or(0.0);
    s.shunted = to_int((*parts)[field::intype_shunt]) == 1;
    s.kelvin = to_int((*parts)[field::intype_units]) == 1;
    co_return s;
}

driver::answer<void> driver::set_excitation(int input, double value)
{
    auto const now = co_await setup(input);
    if (!now) {
        co_return now.error();
    }
    int const code = excitation_code(input, now->mode, value);
    co_return co_await change(line_kind::intype, input, field::intype_excitation, std::to_string(code));
}

driver::answer<std::vector<std::string>> driver::line(line_kind kind, int index)
{
    auto const form = form_of(kind);
    auto question =
        std::string(form.verb) + "? " + (form.by_input ? input_text(index) : std::to_string(index));
    return fields(std::move(question), form.check);
}

driver::answer<void> driver::change(line_kind kind, int index, std::size_t position, std::string text)
{
    auto const form = form_of(kind);
    auto const where = form.by_input ? input_text(index) : std::to_string(index);
    auto parts = co_await line(kind, index);
    if (!parts) {
        co_return parts.error();
    }
    (*parts)[position] = std::move(text);
    auto command = std::string(form.verb) + " " + where + "," + join(*parts);
    auto question = std::string(form.verb) + "? " + where;
    co_return co_await write_and_check(std::move(command), std::move(question), std::move(*parts));
}

driver::answer<int> driver::heater_range(int output)
{
    auto const code = co_await number("RANGE? " + std::to_string(output));
    if (!code) {
        co_return code.error();
    }
    co_return static_cast<int>(*code);
}

driver::answer<void> driver::set_heater_range(int output, int code)
{
    auto const where = std::to_string(output);
    auto const text = std::to_string(code);
    std::vector<std::string> expected{text};
    return write_and_check("RANGE " + where + "," + text, "RANGE? " + where, std::move(expected));
}

driver::answer<void> driver::set_manual_output(int output, double value)
{
    auto const where = std::to_string(output);
    auto const text = plain_number(value);
    std::vector<std::string> expected{text};
    return write_and_check("MOUT " + where + "," + text, "MOUT? " + where, std::move(expected));
}

driver::answer<double> driver::sample_heater_output()
{
    return number("HTR?");
}

driver::answer<std::string> driver::still_output()
{
    return connection_->query("STILL?", is_number);
}

driver::answer<void> driver::set_still_output(double percent)
{
    auto const text = plain_number(percent);
    std::vector<std::string> expected{text};
    return write_and_check("STILL " + text, "STILL?", std::move(expected));
}

driver::answer<double> driver::setpoint()
{
    return number("SETP? 0");
}

driver::answer<void> driver::set_setpoint(double value)
{
    // Not read back: during a ramp SETP? tells where the ramp is.
    return connection_->command("SETP 0," + plain_number(value));
}

driver::answer<void> driver::set_pid(int p, int i, int d)
{
    std::vector<std::string> expected{std::to_string(p), std::to_string(i), std::to_string(d)};
    auto command = "PID 0," + join(expected);
    return write_and_check(std::move(command), "PID? 0", std::move(expected));
}

driver::answer<int> driver::servo_input()
{
    auto const parts = co_await line(line_kind::outmode, output::sample);
    if (!parts) {
        co_return parts.error();
    }
    auto const& text = (*parts)[field::outmode_input];
    co_return text == "A" ? control_input : to_int(text);
}

driver::answer<void> driver::begin_curve(int number, curve_file c)
{
    auto const which = std::to_string(number);
    auto const erased = co_await connection_->command("CRVDEL " + which);
    if (!erased) {
        co_return erased.error();
    }
    std::vector<std::string> const rest{c.format, c.limit, c.coefficient};
    auto header = "CRVHDR " + which + ",\"" + c.sensor_model + "\",\"" + c.serial_number + "\"," + join(rest);
    co_return co_await connection_->command(std::move(header));
}

driver::answer<void> driver::set_curve_point(int number, std::size_t index, curve_point p)
{
    return connection_->command("CRVPT " + std::to_string(number) + "," + std::to_string(index) + "," +
                                p.units + "," + p.kelvin);
}

driver::answer<bool> driver::has_curve_point(int number, std::size_t index, curve_point p)
{
    auto const parts =
        co_await fields("CRVPT? " + std::to_string(number) + "," + std::to_string(index), is_curve_point);
    if (!parts) {
        co_return parts.error();
    }
    co_return same_to_six_digits((*parts)[0], p.units) && same_to_six_digits((*parts)[1], p.kelvin);
}

}  // namespace cerro::lakeshore372
