#pragma once

/// @file
/// What Grafana's plugins send, understood without I/O: times, intervals, target names, the body of POST
/// /query.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/dans/series.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::bridge {

/// A time as unix seconds: ISO 8601 with any offset, a number or numeric text (milliseconds; below 1e11
/// seconds, as
/// $__unixEpochFrom() gives), "now" and "now-6h".
[[nodiscard]] std::optional<double> parse_time(value const& v, double now);

/// "500ms", "30s", "1m", "2h", "1d", "1w", "1M" (30 d), "1y" (365 d), also "1.5h"; in seconds.
[[nodiscard]] std::optional<double> parse_interval(std::string_view text);

struct target {
    std::string text;    ///< as asked
    bool table = false;  ///< columns and rows instead of a time series
};

struct query {
    dans::time_range range;
    double bucket_s = 0;  ///< finest resolution wanted [s], 0 = not said
    std::size_t max_points = 0;
    std::vector<target> targets;
};

struct query_limits {
    std::size_t default_points = 10'000;  ///< when maxDataPoints is missing
    std::size_t most_points = 100'000;    ///< for one series, whatever is asked
    std::size_t most_targets = 1'000;
    std::size_t most_target_bytes = 1'024;  ///< of one target's text
    double default_span = 3600;             ///< without a range: the last hour
};

/// @return errc::invalid_argument with what is wrong, for status 400
[[nodiscard]] result<query> parse_query(value const& body, double now, query_limits const& lim = {});

/// A target name split at "::"; nothing without it.
struct split_target {
    std::string node;
    std::string field;
};
[[nodiscard]] std::optional<split_target> split(std::string_view text);

/// All texts that a name with Grafana's multi-value form stands for: `a(b|c)d` gives abd and acd; backslashes
/// that Grafana's regex format puts before special characters go. At most `most` of them, and about 64 KiB
/// together; the time needed grows with the length of `text`, not faster.
[[nodiscard]] std::vector<std::string> alternatives(std::string_view text, std::size_t most = 1'000);

/// Does `text` hold a wildcard (`*` or `.*`)? Does `name` fit it?
[[nodiscard]] bool has_wildcard(std::string_view text);
[[nodiscard]] bool fits(std::string_view pattern, std::string_view name);

}  // namespace cerro::bridge
