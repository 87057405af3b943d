#pragma once

// A response as the bytes that go out. No I/O.

#include <cerro/http/server.hpp>

#include <string_view>

namespace cerro::http {

[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

struct write_options {
    bool head_only = false;  ///< answer to HEAD: the length, not the body
    bool keep_alive = true;
    bool http_1_0 = false;  ///< must be told that the connection stays
    bool accepts_gzip = false;
};

/// The whole response, but what a body_source gives; the body compressed if that is wanted and pays. CR and
/// LF in header values become blanks.
[[nodiscard]] bytes to_bytes(response r, write_options const& o);

/// True if the value of an Accept-Encoding header allows gzip.
[[nodiscard]] bool allows_gzip(std::string_view accept_encoding);

/// RFC 9110: "Sat, 21 Nov 2026 03:57:31 GMT"
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point t);

/// True if both are equal but for the case of ASCII letters.
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;

}  // namespace cerro::http
