#pragma once

/// @file
/// Comparing secrets, and randomness that cannot be guessed.

#include <cerro/base/bytes.hpp>

#include <cstddef>
#include <cstdint>

namespace cerro::auth {

/// Equality in a time that does not depend on where two texts of equal length differ.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

/// Hexadecimal text of so many random octets (twice as many characters), from OpenSSL's generator.
/// @throws failure if the system has no randomness
[[nodiscard]] std::string random_token(std::size_t bytes);

/// So many random octets. @throws as random_token()
[[nodiscard]] bytes random_octets(std::size_t count);

/// A WAMP id of global scope: uniform over 1 .. 2^53.
[[nodiscard]] std::uint64_t random_id();

}  // namespace cerro::auth
