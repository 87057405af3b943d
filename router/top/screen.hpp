#pragma once

/// @file
/// What `cerro-router top` shows: the admin API's overview as lines of text. No I/O.

#include <cerro/codec/value.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace cerro::router::top {

struct size {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// @param now    /api/overview
/// @param before the same, `seconds` earlier; empty: there is none, and rates are not shown
/// @return at most `s.rows` lines of at most `s.columns` characters, control characters taken out
[[nodiscard]] std::vector<std::string> lines(dict const& now, dict const& before, double seconds, size s);

/// 1234567 -> "1.23M"
[[nodiscard]] std::string short_number(double n);
/// 0.000123 -> "123us"
[[nodiscard]] std::string short_time(double seconds);

}  // namespace cerro::router::top
