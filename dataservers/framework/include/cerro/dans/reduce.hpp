#pragma once

/// @file
/// Fewer samples for display, without hiding what people look for: single bad readings stay visible.

#include <cerro/dans/series.hpp>

namespace cerro::dans {

/// Indices of a sub-sequence of `t` whose neighbours are at least `min_stride` seconds apart, the first
/// included.
[[nodiscard]] std::vector<std::size_t> stride_indices(std::vector<double> const& t, double min_stride);

/// What a reader of a series can use.
struct reduction {
    double bucket_s = 0;         ///< finest resolution wanted [s]; 0 = any
    std::size_t max_points = 0;  ///< hard bound of the result's length; 0 = none
};

/// `s` in at most `r.max_points` samples. Numbers: the smallest and the largest of each bucket of time, in
/// the order of their times; NaN only where a bucket has nothing else. Strings and bools: the last of each
/// bucket. Buckets lie on whole multiples of their width, so that a moving window does not flicker.
/// max_points 1 gives the last sample.
[[nodiscard]] series reduce(series s, reduction r);

}  // namespace cerro::dans
