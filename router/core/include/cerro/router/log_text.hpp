#pragma once

/// @file
/// What peers say, as it may stand in a log line.

#include <cstddef>
#include <string>
#include <string_view>

namespace cerro::router {

inline constexpr std::size_t max_log_text = 256;  ///< [bytes] of one field

/// The beginning of `text`, never cut within a UTF-8 character.
[[nodiscard]] inline std::string log_text(std::string_view text)
{
    if (text.size() <= max_log_text) {
        return std::string(text);
    }
    std::size_t end = max_log_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    return std::string(text.substr(0, end));
}

}  // namespace cerro::router
