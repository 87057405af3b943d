#pragma once

/// @file
/// Wall-clock times as text: ISO 8601 in UTC with milliseconds.

#include <cerro/base/time.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <string>

namespace cerro {

/// "2026-11-21T09:31:00.123Z"
[[nodiscard]] inline std::string iso8601(wall_time when)
{
    auto const ms = std::chrono::floor<std::chrono::milliseconds>(when).time_since_epoch();
    auto const s = std::chrono::floor<std::chrono::seconds>(ms);
    std::time_t const seconds = s.count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> head{};
    std::array<char, 48> text{};
    std::strftime(head.data(), head.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data(), text.size(), "%s.%03dZ", head.data(), static_cast<int>((ms - s).count()));
    return text.data();
}

}  // namespace cerro
