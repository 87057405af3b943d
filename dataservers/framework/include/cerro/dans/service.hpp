#pragma once

/// @file
/// main() of a data node server: connection options, one source, one node.

#include <cerro/dans/connection.hpp>
#include <cerro/dans/node.hpp>

namespace cerro::app {
class context;
}

namespace cerro::dans {

/// What is particular to one server.
struct server {
    std::string program;  ///< "cerro-dans-weather"
    std::string summary;
    connection_defaults defaults;
    /// Adds options of its own.
    std::function<void(CLI::App&)> options;
    /// Runs before connecting: checks the options and sets name and description. @throws failure
    std::function<std::shared_ptr<source>(app::context&, node_options&)> make;
    /// Subscribes to what the source lives from, if anything. Called before the session starts.
    std::function<asio::awaitable<void>(std::shared_ptr<client::session>)> attach;
};

int run_server(int argc, char const* const* argv, server s);

}  // namespace cerro::dans
