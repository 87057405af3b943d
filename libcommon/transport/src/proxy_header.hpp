#pragma once

// The PROXY protocol, version 2: what a load balancer puts in front of a connection to tell whose it is.
// Pure functions, no I/O.

#include <cerro/base/bytes.hpp>
#include <cerro/transport/host_address.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cerro::transport::proxy {

inline constexpr std::size_t fixed_size = 16;
/// Addresses of two IPv6 ends are 36 octets; the rest is for extensions (TLV), which are skipped.
inline constexpr std::size_t most_rest = 4096;

struct fixed_part {
    std::size_t rest = 0;  ///< octets that follow
    bool local = false;    ///< from the proxy itself (a health check): the addresses do not count
    unsigned family = 0;   ///< 1 IPv4, 2 IPv6, else unknown
};
/// @param octets the first fixed_size ones
/// @return errc::malformed with a reason; errc::limit_exceeded above most_rest
[[nodiscard]] result<fixed_part> parse_fixed(byte_view octets);

struct source {
    host_address address;
    std::uint16_t port = 0;
};
/// @param rest as many octets as the fixed part said
/// @return nothing for LOCAL and for families other than IPv4 and IPv6: the connection's own address counts
[[nodiscard]] result<std::optional<source>> parse_rest(fixed_part const& fixed, byte_view rest);

}  // namespace cerro::transport::proxy
