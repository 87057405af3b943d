#pragma once

/// @file
/// CRC-32C as .g3 frames and history files carry it: Castagnoli polynomial, initial value 0, no final
/// inversion.

#include <cerro/base/bytes.hpp>

#include <cstdint>

namespace cerro {

/// Chain blocks by passing the running value; 0 for the first. crc32c("123456789") is 0x58E3FA20.
[[nodiscard]] std::uint32_t crc32c(byte_view octets, std::uint32_t running = 0) noexcept;

}  // namespace cerro
