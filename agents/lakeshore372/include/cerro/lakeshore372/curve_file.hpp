#pragma once

/// @file
/// Calibration curves as the maker's text files have them (.340, .cal).

#include <cerro/base/result.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::lakeshore372 {

inline constexpr std::size_t max_curve_points = 200;

/// Numbers stay text as in the file, so that the instrument gets exactly what is written there.
struct curve_point {
    curve_point(std::string u, std::string k) : units(std::move(u)), kelvin(std::move(k)) {}
    std::string units;  ///< ohm or log ohm, by the format
    std::string kelvin;
};

struct curve_file {
    curve_file() = default;  // no aggregate: it is handed to coroutines by value

    std::string sensor_model;   ///< at most 15 characters, the first ones
    std::string serial_number;  ///< at most 10 characters, the last ones
    std::string format;         ///< 3 ohm/K, 4 log ohm/K, 7 ohm/K spline
    std::string limit;          ///< [K]
    std::string coefficient;    ///< 1 negative, 2 positive
    std::vector<curve_point> points;
};

/// Reads six header lines `key: value (comment)`, the line of titles, and one line `number units kelvin` for
/// each point. Line ends may be LF or CR LF.
/// @param name of the file, for messages
/// @return errc::malformed with the line's number; errc::limit_exceeded above 200 points or 64 KiB
[[nodiscard]] result<curve_file> parse_curve(std::string_view text, std::string const& name);
[[nodiscard]] result<curve_file> load_curve(std::string const& path);

}  // namespace cerro::lakeshore372
