#pragma once

/// @file
/// Made-up temperatures: a slow random walk of each channel around 0.1, with noise on each sample.

#include <cerro/codec/value.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cerro::fakedata {

/// Samples as a feed takes them.
struct bundle {
    std::vector<double> timestamps;
    dict fields;  ///< channel: list of values
    [[nodiscard]] bool empty() const noexcept { return timestamps.empty(); }
};

class signal {
public:
    /// @param rate samples per second, > 0
    /// @param start time of the first sample [Unix s]
    signal(int channels, double rate, double start, std::uint64_t seed);

    /// All samples due before `now`, at 1/rate distances. After a pause of more than a minute (a suspended
    /// machine) the time between is left out.
    [[nodiscard]] bundle advance(double now);
    /// {"fields": {channel: last value}, "timestamp": time of the last sample}, for session.data
    [[nodiscard]] dict latest() const;

private:
    double rate_;
    double next_;
    double last_ = 0.0;
    std::mt19937_64 random_;
    std::vector<std::string> names_;
    std::vector<double> levels_;
    std::vector<double> values_;
};

}  // namespace cerro::fakedata
