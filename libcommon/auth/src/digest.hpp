#pragma once

/// @file
/// The hashes that the methods are made of. Each throws `failure` if OpenSSL cannot compute it.

#include <cerro/base/bytes.hpp>

#include <cstddef>

namespace cerro::auth {

[[nodiscard]] bytes sha256(byte_view data);
[[nodiscard]] bytes hmac_sha256(byte_view key, byte_view data);
/// PBKDF2-HMAC-SHA256; iterations and length at least 1.
[[nodiscard]] bytes pbkdf2_sha256(byte_view secret, byte_view salt, int iterations, std::size_t length);
/// Argon2id, version 0x13, one lane, 32 octets.
/// @param memory [KiB], at least 8
/// @throws failure also when the memory is not to be had
[[nodiscard]] bytes argon2id13(byte_view secret, byte_view salt, unsigned iterations, unsigned memory);
/// Octet by octet, as long as `a`; `b` is not shorter.
[[nodiscard]] bytes exclusive_or(byte_view a, byte_view b);

}  // namespace cerro::auth
