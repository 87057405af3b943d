#pragma once

/// @file
/// Addresses of hosts and networks as plain octets: for tables by address and lists of trusted networks.

#include <cerro/base/result.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::transport {

/// An IPv6 address; IPv4 ones are mapped (::ffff:a.b.c.d).
struct host_address {
    std::array<unsigned char, 16> octets{};

    [[nodiscard]] static host_address from_v4(std::array<unsigned char, 4> const& v4) noexcept;
    [[nodiscard]] bool is_v4() const noexcept;
    /// 127.0.0.0/8 or ::1
    [[nodiscard]] bool is_loopback() const noexcept;
    /// "10.1.2.3" or "2001:db8::1"
    [[nodiscard]] std::string text() const;
    friend auto operator<=>(host_address const&, host_address const&) = default;
};

/// @param text without port and brackets
[[nodiscard]] result<host_address> parse_host_address(std::string_view text);

/// A list of networks.
class networks {
public:
    /// @param texts "10.0.0.0/8", "2001:db8::/32", or an address alone
    /// @return errc::invalid_argument, naming the text
    [[nodiscard]] static result<networks> parse(std::vector<std::string> const& texts);
    [[nodiscard]] bool contains(host_address const& a) const noexcept;

private:
    struct network {
        host_address address;
        unsigned bits = 128;  // of the prefix, counted in the mapped form
    };
    std::vector<network> all_;
};

}  // namespace cerro::transport
