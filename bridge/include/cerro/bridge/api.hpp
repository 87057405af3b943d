#pragma once

/// @file
/// The bridge's paths on an HTTP server.

#include <cerro/bridge/engine.hpp>
#include <cerro/http/server.hpp>

namespace cerro::bridge {

struct api_options {
    query_limits limits;
    std::size_t most_in_flight = 64;  ///< requests that ask data nodes; more get 503
    std::string token;  ///< not empty: Authorization must be "Bearer <token>" or Basic with it as password
    std::function<double()> now;  ///< unix seconds
};

/// Adds all paths but the files of the live page. Each answer, also an error, carries the CORS headers.
void add_routes(http::server& server,
                std::shared_ptr<client::session> session,
                std::shared_ptr<engine> e,
                api_options o);

}  // namespace cerro::bridge
