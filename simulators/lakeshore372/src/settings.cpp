#include "settings.hpp"

#include "cerro/sim372/instrument.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <span>
#include <utility>

namespace cerro::sim372 {

namespace {

using show = std::string (*)(double);

template <int Width>
std::string digits(double v)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%0*.0f", Width, v);
    return text.data();
}

/// With sign, `Width` characters in all, `Decimals` behind the point.
template <int Width, int Decimals>
std::string fixed(double v)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%+0*.*f", Width, Decimals, v);
    return text.data();
}

std::string kelvin_limit(double v)
{
    return v == std::floor(v) ? fixed<5, 0>(v) : fixed<8, 4>(v);
}

std::string setpoint(double v)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%+.4E", v);
    return text.data();
}

std::string small_or_large(double v)
{
    return std::abs(v) > 0 && std::abs(v) < 0.01 ? engineering(v) : fixed<8, 4>(v);
}

struct field {
    show text;
    double low;
    double high;
    double initial;
    bool is_input = false;  // takes "A" as well
};

enum class domain { none, input, output, analog_output };

struct command {
    std::string_view verb;
    domain index;
    std::vector<field> fields;
};

constexpr double huge = 1e12;

std::vector<command> const& commands()
{
    static std::vector<command> const table{
        {"INSET",
         domain::input,
         {{digits<1>, 0, 1, 1},
          {digits<3>, 1, 200, 5},
          {digits<3>, 3, 200, 3},
          {digits<2>, 0, 59, 21},
          {digits<1>, 1, 2, 1}}},
        {"INTYPE",
         domain::input,
         {{digits<1>, 0, 1, 0},
          {digits<2>, 1, 22, 7},
          {digits<1>, 0, 2, 1},
          {digits<2>, 1, 22, 10},
          {digits<1>, 0, 1, 0},
          {digits<1>, 1, 2, 1}}},
        {"FILTER", domain::input, {{digits<1>, 0, 1, 1}, {digits<3>, 1, 200, 5}, {digits<2>, 1, 80, 20}}},
        {"TLIMIT", domain::input, {{kelvin_limit, 0, 10'000, 0}}},
        {"OUTMODE",
         domain::output,
         {{digits<1>, 0, 6, 2},
          {digits<1>, 0, 16, 6, true},
          {digits<1>, 0, 1, 1},
          {digits<1>, 0, 1, 0},
          {digits<1>, 0, 1, 0},
          {digits<3>, 1, 255, 1}}},
        {"HTRSET",
         domain::output,
         {{fixed<8, 3>, 1, 2'000, 120}, {digits<1>, 0, 8, 8}, {fixed<8, 2>, 0, 1, 0}, {digits<1>, 1, 2, 1}}},
        {"RANGE", domain::output, {{digits<1>, 0, 8, 0}}},
        {"MOUT", domain::output, {{small_or_large, -100, 100, 0}}},
        {"SETP", domain::output, {{setpoint, 0, 10'000, 0.1}}},
        {"RAMP", domain::output, {{digits<1>, 0, 1, 0}, {small_or_large, 0, 100, 0.1}}},
        {"PID",
         domain::output,
         {{fixed<8, 2>, 0, 1'000, 40}, {fixed<8, 1>, 0, 10'000, 2}, {fixed<8, 1>, 0, 2'500, 0}}},
        {"STILL", domain::none, {{fixed<6, 2>, 0, 100, 10.6}}},
        {"WARMUP", domain::none, {{digits<1>, 0, 1, 0}, {fixed<6, 2>, 0, 100, 0}}},
        {"ANALOG",
         domain::analog_output,
         {{digits<1>, 0, 4, 0},
          {digits<1>, 0, 1, 0},
          {digits<2>, 0, 16, 1, true},
          {digits<1>, 1, 4, 1},
          {setpoint, -huge, huge, 0},
          {setpoint, -huge, huge, 0},
          {fixed<6, 2>, -100, 100, 0}}},
        {"BEEP", domain::none, {{digits<1>, 0, 1, 0}}},
        {"MODE", domain::none, {{digits<1>, 0, 2, 0}}},
    };
    return table;
}

command const* find_command(std::string_view verb)
{
    auto const& all = commands();
    auto const at = std::find_if(all.begin(), all.end(), [&](command const& c) { return c.verb == verb; });
    return at == all.end() ? nullptr : &*at;
}

std::pair<int, int> bounds(domain d)
{
    switch (d) {
        case domain::input: return {0, 16};
        case domain::output: return {0, 2};
        case domain::analog_output: return {1, 2};
        case domain::none: break;
    }
    return {0, 0};
}

std::string joined(command const& c, std::span<double const> values)
{
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto const& f = c.fields[i];
        out += i == 0 ? "" : ",";
        out += f.is_input && values[i] == 0 ? std::string("A") : f.text(values[i]);
    }
    return out;
}

std::optional<double> parse_field(field const& f, std::string_view text)
{
    if (f.is_input && (text == "A" || text == "a")) {
        return 0.0;
    }
    auto const v = parse_number(text);
    bool const whole = f.text == digits<1> || f.text == digits<2> || f.text == digits<3>;
    if (!v || *v < f.low || *v > f.high || (whole && *v != std::floor(*v))) {
        return std::nullopt;
    }
    return v;
}

/// Outputs 1 and 2 only know off and on; the control input has its own excitations, always a current.
bool allowed_together(std::string_view verb, int index, std::vector<double> const& values)
{
    if (verb == "RANGE") {
        return index == 0 || values[0] <= 1;
    }
    if (verb == "INTYPE") {
        return index == 0 ? values[0] == 1 && values[1] <= 6
                          : values[2] <= 1 && (values[0] == 1 || values[1] <= 12);
    }
    return true;
}

}  // namespace

settings::settings()
{
    for (auto const& c : commands()) {
        auto const [first, last] = bounds(c.index);
        for (int index = first; index <= last; ++index) {
            std::vector<double> values;
            for (auto const& f : c.fields) {
                values.push_back(f.initial);
            }
            entries_.push_back({c.verb, index, std::move(values)});
        }
    }
    find("INSET", 0)->values = {0, 10, 3, 0, 1};
    find("INTYPE", 0)->values = {1, 4, 0, 15, 0, 2};
    find("OUTMODE", 2)->values[0] = 4;
    find("RANGE", 2)->values[0] = 1;
}

settings::entry const* settings::find(std::string_view verb, int index) const
{
    auto const at = std::find_if(
        entries_.begin(), entries_.end(), [&](entry const& e) { return e.verb == verb && e.index == index; });
    return at == entries_.end() ? nullptr : &*at;
}

settings::entry* settings::find(std::string_view verb, int index)
{
    return const_cast<entry*>(std::as_const(*this).find(verb, index));
}

settings::outcome settings::set(std::string_view verb, std::vector<std::string> const& arguments, int& index)
{
    auto const* const c = find_command(verb);
    if (c == nullptr) {
        return outcome::no_such_command;
    }
    bool const indexed = c->index != domain::none;
    auto const [first, last] = bounds(c->index);
    std::size_t const skip = indexed ? 1 : 0;
    if (arguments.size() != c->fields.size() + skip) {
        return outcome::bad_arguments;
    }
    index = 0;
    if (indexed) {
        auto const given = parse_index(arguments[0], first, last);
        if (!given) {
            return outcome::bad_arguments;
        }
        index = *given;
    }
    std::vector<double> values;
    for (std::size_t i = 0; i < c->fields.size(); ++i) {
        auto const v = parse_field(c->fields[i], arguments[i + skip]);
        if (!v) {
            return outcome::bad_arguments;
        }
        values.push_back(*v);
    }
    if (!allowed_together(verb, index, values)) {
        return outcome::bad_arguments;
    }
    find(verb, index)->values = std::move(values);
    return outcome::done;
}

settings::outcome settings::get(std::string_view verb,
                                std::vector<std::string> const& arguments,
                                std::string& reply) const
{
    auto const* const c = find_command(verb);
    if (c == nullptr) {
        return outcome::no_such_command;
    }
    auto const [first, last] = bounds(c->index);
    int index = first;
    // Outputs: without argument the first one answers (PID?); inputs must be named.
    if (c->index != domain::none && !(arguments.empty() && c->index != domain::input)) {
        auto const given = arguments.size() == 1 ? parse_index(arguments[0], first, last) : std::nullopt;
        if (!given) {
            return outcome::bad_arguments;
        }
        index = *given;
    }
    reply = shown(verb, index);
    return outcome::done;
}

double settings::number(std::string_view verb, int index, std::size_t field) const
{
    return find(verb, index)->values.at(field);
}

void settings::put(std::string_view verb, int index, std::size_t field, double v)
{
    find(verb, index)->values.at(field) = v;
}

std::string settings::shown(std::string_view verb, int index) const
{
    auto const* const c = find_command(verb);
    auto const* const e = find(verb, index);
    return c == nullptr || e == nullptr ? std::string() : joined(*c, e->values);
}

std::optional<int> parse_index(std::string_view text, int low, int high)
{
    if (low == 0 && high == 16 && (text == "A" || text == "a")) {
        return 0;
    }
    auto const v = parse_number(text);
    if (!v || *v != std::floor(*v) || *v < low || *v > high) {
        return std::nullopt;
    }
    return static_cast<int>(*v);
}

std::optional<double> parse_number(std::string_view text)
{
    if (!text.empty() && text.front() == '+') {
        text.remove_prefix(1);
    }
    double v = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (ec != std::errc() || end != text.data() + text.size() || !std::isfinite(v)) {
        return std::nullopt;
    }
    return v;
}

}  // namespace cerro::sim372
