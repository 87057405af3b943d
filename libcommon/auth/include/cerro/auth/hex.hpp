#pragma once

/// @file
/// Octets as hexadecimal text.

#include <cerro/base/bytes.hpp>

#include <optional>

namespace cerro::auth {

/// Lower case, two characters for each octet.
[[nodiscard]] std::string hex_encode(byte_view octets);
/// @return nothing unless `text` is pairs of hexadecimal digits, in either case
[[nodiscard]] std::optional<bytes> hex_decode(std::string_view text);

}  // namespace cerro::auth
