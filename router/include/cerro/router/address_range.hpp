#pragma once

/// @file
/// Ranges of IP addresses in CIDR notation, as in crossbar's option `require_ip`.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cerro::router {

class address_range {
public:
    /// @param text "192.168.0.0/16", "10.1.2.3", "2001:db8::/32"; nothing if it is none, or has bits set
    /// behind its prefix
    [[nodiscard]] static std::optional<address_range> parse(std::string_view text);

    /// @param peer an address with or without port: "10.1.2.3:53144", "[::1]:53144", "::1". An IPv4 address
    /// inside of IPv6 (::ffff:10.1.2.3) counts as IPv4. Everything else, as the name of a Unix socket, is in
    /// no range.
    [[nodiscard]] bool holds(std::string_view peer) const;

    /// As it was parsed.
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    std::array<std::uint8_t, 16> octets_{};
    std::size_t length_ = 4;  // octets: 4 or 16
    unsigned prefix_ = 0;     // bits
    std::string text_;
};

}  // namespace cerro::router
