#pragma once

// The request target: percent-decoding, and what of it may be looked up.

#include <cerro/base/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cerro::http {

/// Decodes %XX, and '+' as a blank if `plus_is_blank` (query strings). Nothing if a '%' is not followed by
/// two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank = false);

struct target {
    std::string path;   ///< decoded, begins with '/'
    std::string query;  ///< as sent, without '?'
};

/// Splits origin form ("/a?b") or absolute form ("http://host/a?b").
/// @return errc::malformed for what is neither, bad escapes, and NUL bytes
[[nodiscard]] result<target> parse_target(std::string_view text);

/// True if no segment of the decoded path is "." or "..": nothing above the root can be meant.
[[nodiscard]] bool stays_below_root(std::string_view path);

/// True if a segment begins with a dot: hidden files are not served.
[[nodiscard]] bool has_dot_segment(std::string_view path);

}  // namespace cerro::http
