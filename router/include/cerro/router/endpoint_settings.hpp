#pragma once

/// @file
/// Where a transport listens: crossbar's `endpoint`, with our own keys under "cerro".

#include <cerro/transport/tls.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerro::router {

using tls_settings = transport::server_tls;

struct endpoint_settings {
    std::string address = "0.0.0.0";  ///< crossbar's default: every interface
    bool address_given = false;
    std::uint16_t port = 0;
    std::uint16_t last_port = 0;  ///< not 0: `portrange`, the first free one is taken
    bool shared = false;          ///< other processes may listen on the same port
    std::string unix_path;        ///< not empty: a Unix socket instead
    std::optional<unsigned> unix_mode;
    int backlog = 511;
    std::optional<std::chrono::milliseconds> user_timeout;
    std::optional<tls_settings> tls;
    bool proxy_protocol = false;
    std::vector<std::string> trusted;  ///< networks of the proxies

    /// Do both mean the same place?
    [[nodiscard]] bool same_place(endpoint_settings const& other) const
    {
        return address == other.address && port == other.port && last_port == other.last_port &&
               unix_path == other.unix_path;
    }
};

}  // namespace cerro::router
