#pragma once

#include "io_stream.hpp"

namespace cerro::transport {

/// Client side of the upgrade.
/// @param host for the Host header, with port
/// @param offer subprotocols in order of preference
asio::awaitable<result<std::shared_ptr<channel>>> connect_websocket(std::shared_ptr<io_stream> s,
                                                                    std::string host,
                                                                    std::string target,
                                                                    std::vector<std::string> offer,
                                                                    limits lim);

}  // namespace cerro::transport
