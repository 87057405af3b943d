#pragma once

/// @file
/// Which protocol a client speaks, from its first octets.

#include <cerro/base/bytes.hpp>

#include <cstdint>
#include <string_view>

namespace cerro::transport {

enum class spoken : std::uint8_t { rawsocket, http, tls, mqtt, proxy, unknown };

/// One octet is enough, except that more of them tell HTTP from noise and PROXY headers from empty lines.
[[nodiscard]] spoken recognise(byte_view first) noexcept;
/// "plain HTTP", "a TLS handshake", ...: for log lines.
[[nodiscard]] std::string_view describe(spoken s) noexcept;

}  // namespace cerro::transport
