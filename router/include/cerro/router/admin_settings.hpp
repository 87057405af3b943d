#pragma once

/// @file
/// The admin API's part of the configuration: "cerro": {"admin": {...}}.

#include <cstdint>
#include <string>

namespace cerro::router {

struct admin_settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;
    /// Its first line is what requests must show as "Authorization: Bearer ..."; empty: no token, which only
    /// an address of this host itself may have.
    std::string token_file;
};

}  // namespace cerro::router
