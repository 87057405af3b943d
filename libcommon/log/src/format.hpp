#pragma once

/// @file
/// From the parts of an event to its line. No state, no I/O.

#include <cerro/log/log.hpp>

#include <chrono>

namespace cerro::log {

[[nodiscard]] std::string_view name(level l) noexcept;

/// `2026-11-21T03:57:31+0000`, UTC, whole seconds
[[nodiscard]] std::string stamp(std::chrono::system_clock::time_point t);

/// Both without the end of line.
[[nodiscard]] std::string text_line(
    std::string_view time, level l, std::string_view component, std::string_view event, fields f);
[[nodiscard]] std::string json_line(
    std::string_view time, level l, std::string_view component, std::string_view event, fields f);

}  // namespace cerro::log
