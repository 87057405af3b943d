#pragma once

/// @file
/// Times: Unix seconds on the wire, std::chrono inside. Monotonic clocks for waiting, the wall clock for stamps.

#include <chrono>
#include <string>

namespace cerro {

using steady_time = std::chrono::steady_clock::time_point;
using wall_time = std::chrono::system_clock::time_point;

/// Seconds since 1970-01-01 UTC of a wall-clock time, as OCS and sisock send them.
[[nodiscard]] inline double unix_seconds(wall_time t)
{
    return std::chrono::duration<double>(t.time_since_epoch()).count();
}

/// Now, in Unix seconds.
[[nodiscard]] inline double unix_now()
{
    return unix_seconds(std::chrono::system_clock::now());
}

/// Whole nanoseconds nearest to `s` seconds; for timers.
[[nodiscard]] inline std::chrono::nanoseconds seconds_to_duration(double s)
{
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(s * 1e9));
}

}  // namespace cerro
