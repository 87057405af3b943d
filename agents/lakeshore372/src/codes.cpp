#include "cerro/lakeshore372/codes.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace cerro::lakeshore372 {

namespace {

constexpr std::array<double, 12> voltages{
    2e-6, 6.32e-6, 20e-6, 63.2e-6, 200e-6, 632e-6, 2e-3, 6.32e-3, 20e-3, 63.2e-3, 200e-3, 632e-3};
constexpr std::array<double, 22> currents{
    1e-12,  3.16e-12, 10e-12,  31.6e-12, 100e-12, 316e-12, 1e-9,   3.16e-9, 10e-9,   31.6e-9, 100e-9,
    316e-9, 1e-6,     3.16e-6, 10e-6,    31.6e-6, 100e-6,  316e-6, 1e-3,    3.16e-3, 10e-3,   31.6e-3};
constexpr std::array<double, 6> control_currents{316e-12, 1e-9, 3.16e-9, 10e-9, 31.6e-9, 100e-9};
constexpr std::array<double, 22> ranges{2e-3,  6.32e-3, 20e-3, 63.2e-3, 200e-3, 632e-3, 2,    6.32,
                                        20,    63.2,    200,   632,     2e3,    6.32e3, 20e3, 63.2e3,
                                        200e3, 632e3,   2e6,   6.32e6,  20e6,   63.2e6};
constexpr std::array<double, 8> heater_ranges{31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3};
constexpr std::array<std::string_view, 7> output_modes{
    "Off", "Monitor Out", "Open Loop", "Zone", "Still", "Closed Loop", "Warm up"};

/// Codes count from 1.
int nearest(std::span<double const> steps, double value)
{
    std::size_t best = 0;
    for (std::size_t i = 1; i < steps.size(); ++i) {
        if (std::abs(steps[i] - value) < std::abs(steps[best] - value)) {
            best = i;
        }
    }
    return static_cast<int>(best) + 1;
}

std::optional<double> step(std::span<double const> steps, int code)
{
    if (code < 1 || static_cast<std::size_t>(code) > steps.size()) {
        return std::nullopt;
    }
    return steps[static_cast<std::size_t>(code) - 1];
}

std::span<double const> excitations(int input, excitation_mode mode)
{
    if (input == control_input) {
        return control_currents;
    }
    return mode == excitation_mode::voltage ? std::span<double const>(voltages)
                                            : std::span<double const>(currents);
}

}  // namespace

int excitation_code(int input, excitation_mode mode, double value)
{
    return nearest(excitations(input, mode), value);
}

std::optional<double> excitation_value(int input, excitation_mode mode, int code)
{
    return step(excitations(input, mode), code);
}

int range_code(double ohm)
{
    return nearest(ranges, ohm);
}

std::optional<double> range_value(int code)
{
    return step(ranges, code);
}

std::optional<int> heater_range_code(double amps)
{
    int const code = nearest(heater_ranges, amps);
    double const found = *step(heater_ranges, code);
    return std::abs(found - amps) <= 0.02 * found ? std::optional<int>(code) : std::nullopt;
}

std::string heater_range_list()
{
    std::string out;
    for (double const r : heater_ranges) {
        out += (out.empty() ? "" : ", ") + shortest(r);
    }
    return out;
}

std::optional<int> output_mode_code(std::string_view name)
{
    for (std::size_t i = 0; i < output_modes.size(); ++i) {
        if (output_modes[i] == name) {
            return static_cast<int>(i);
        }
    }
    return std::nullopt;
}

std::string_view output_mode_name(int code)
{
    auto const i = static_cast<std::size_t>(code);
    return i < output_modes.size() ? output_modes[i] : std::string_view("unknown");
}

std::string shortest(double v)
{
    std::array<char, 40> text{};
    auto const end = std::to_chars(text.data(), text.data() + text.size(), v).ptr;
    return {text.data(), end};
}

std::string plain_number(double v)
{
    std::array<char, 400> text{};  // the longest double has 309 digits before the point
    auto const end = std::to_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed).ptr;
    return {text.data(), end};
}

std::optional<double> parse_number(std::string_view text)
{
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
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

}  // namespace cerro::lakeshore372
