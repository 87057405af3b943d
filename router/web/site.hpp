#pragma once

/// @file
/// The paths of a web transport as routes of an HTTP server.

#include "bridge.hpp"
#include <cerro/http/server.hpp>
#include <cerro/router/settings.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace cerro::router {

/// Takes a connection that asks for WebSocket: its settings, the request's head and what was read behind it.
using accept_upgrade = std::function<void(
    std::shared_ptr<wamp_settings const>, std::shared_ptr<transport::stream>, bytes head, bytes rest)>;

/// Everything that HTTP paths of one router share.
class site {
public:
    site(asio::any_io_executor ex, std::shared_ptr<core> c, accept_upgrade accept)
        : ex_(std::move(ex)), core_(std::move(c)), accept_(std::move(accept))
    {}

    /// Replaces all routes of `server`. What is under way goes on as it began.
    void serve(http::server& server, std::vector<path_settings> const& paths);
    /// Open requests of bridges are answered with wamp.error.canceled. @param realm_name empty: of all realms
    void stop_bridges(std::string const& realm_name = {});

private:
    std::shared_ptr<bridge> bridge_for(std::string const& realm_name, std::string const& role_name);

    asio::any_io_executor ex_;
    std::shared_ptr<core> core_;
    accept_upgrade accept_;
    std::vector<std::weak_ptr<bridge>> bridges_;
};

}  // namespace cerro::router
