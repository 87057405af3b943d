#pragma once

/// @file
/// UTF-8: well-formedness (no overlong forms, no surrogates, nothing above U+10FFFF) and repair.

#include <cerro/base/bytes.hpp>

#include <cstdint>

namespace cerro::codec {

[[nodiscard]] bool valid_utf8(byte_view text) noexcept;

/// `text` with every octet that belongs to no well-formed sequence replaced by U+FFFD.
[[nodiscard]] std::string repair_utf8(byte_view text);

/// Appends the UTF-8 form of a code point; surrogates and what lies above U+10FFFF become U+FFFD.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace cerro::codec
