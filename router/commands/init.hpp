#pragma once

/// @file
/// `cerro-router init`: writes a configuration that works, with TLS.

#include <cstdint>
#include <string>
#include <vector>

namespace cerro::router {

struct init_options {
    std::string folder = ".crossbar";
    std::string realm = "test_realm";
    std::string address_root = "observatory";
    std::vector<std::string> names;     ///< of this host, for the certificate; empty: what the system says
    std::string interface = "0.0.0.0";  ///< of the TLS ports; the plain one is on loopback
    std::uint16_t tls_port = 8443;
    std::uint16_t rawsocket_port = 8444;
    std::uint16_t plain_port = 8001;
    int days = 825;  ///< life of the server's certificate
};

/// Writes config.json, certificates, keys and secrets; all or nothing.
/// @return what to tell the user: how to start, how a client connects
/// @throws failure naming the file: nothing is ever overwritten
[[nodiscard]] std::string write_node(init_options const& o);

int run_init(int argc, char const* const* argv);

}  // namespace cerro::router
