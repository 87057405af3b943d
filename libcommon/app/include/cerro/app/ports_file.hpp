#pragma once

/// @file
/// Telling other programs which ports a service chose.

#include <cstdint>
#include <string>
#include <vector>

namespace cerro::app {

struct listening_port {
    std::string transport;  ///< "web", "http", ...
    std::string address;
    std::uint16_t port = 0;
};

/// Writes `[{"transport": "http", "address": "127.0.0.1", "port": 5000}, ...]`, whole or not at all.
/// @throws failure when it cannot be written
void write_ports_file(std::string const& path, std::vector<listening_port> const& ports);

}  // namespace cerro::app
