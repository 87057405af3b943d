#pragma once

/// @file
/// The Model 372's numbers for steps of excitation, resistance range and heater current.

#include <cerro/base/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cerro::lakeshore372 {

/// Inputs: 0 is the control input A, 1 to 16 the channels.
inline constexpr int control_input = 0;
inline constexpr int channel_count = 16;

enum class excitation_mode : int { voltage = 0, current = 1 };

/// The code nearest to `value` [V or A] by absolute difference.
[[nodiscard]] int excitation_code(int input, excitation_mode mode, double value);
/// [V or A]; nothing for a code that the mode does not have
[[nodiscard]] std::optional<double> excitation_value(int input, excitation_mode mode, int code);

/// The code nearest to `ohm` by absolute difference.
[[nodiscard]] int range_code(double ohm);
[[nodiscard]] std::optional<double> range_value(int code);

/// RANGE code of the sample heater for a full scale of `amps`; nothing if it is not one of the steps (within
/// 2 %).
[[nodiscard]] std::optional<int> heater_range_code(double amps);
/// "3.16e-05, 0.0001, ..." for messages
[[nodiscard]] std::string heater_range_list();

/// "Off" 0, "Monitor Out" 1, "Open Loop" 2, "Zone" 3, "Still" 4, "Closed Loop" 5, "Warm up" 6
[[nodiscard]] std::optional<int> output_mode_code(std::string_view name);
[[nodiscard]] std::string_view output_mode_name(int code);

/// Shortest text that gives `v` again: "0.001", "3.16e-05".
[[nodiscard]] std::string shortest(double v);
/// The same without exponent, for messages to the instrument.
[[nodiscard]] std::string plain_number(double v);
/// The whole of `text` as a finite number; a leading '+' and blanks around are allowed.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace cerro::lakeshore372
