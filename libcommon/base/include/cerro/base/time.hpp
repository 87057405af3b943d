#pragma once

/// @file
/// Times: Unix seconds on the wire, std::chrono inside. Monotonic clocks for waiting, the wall clock for
/// stamps.

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

/// Whole nanoseconds in `s` seconds; for timers. NaN is 0; beyond 9e9 s (285 years) either way it is 9e9 s,
/// which just fits.
[[nodiscard]] inline std::chrono::nanoseconds seconds_to_duration(double s)
{
    constexpr double longest = 9e9;
    double const within = s > longest ? longest : s < -longest ? -longest : s == s ? s : 0.0;
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(within * 1e9));
}

}  // namespace cerro
