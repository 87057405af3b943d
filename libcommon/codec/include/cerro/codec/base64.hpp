#pragma once

/// @file
/// Base64 with the standard alphabet and padding (RFC 4648, 4): WAMP's binary in JSON, WAMP-CRA's keys.

#include <cerro/base/bytes.hpp>

#include <optional>

namespace cerro::codec {

[[nodiscard]] std::string base64_encode(byte_view octets);

/// @return nothing unless `text` is whole groups of four of the standard alphabet with correct padding
[[nodiscard]] std::optional<bytes> base64_decode(std::string_view text);

}  // namespace cerro::codec
