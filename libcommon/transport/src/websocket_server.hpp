#pragma once

#include "deflate.hpp"
#include "io_stream.hpp"
#include "subprotocol.hpp"

namespace cerro::transport {

/// What was agreed upon in the upgrade.
struct websocket_terms {
    subprotocol protocol;
    std::optional<deflate_agreement> deflate;
};

/// A server's channel over a stream whose upgrade is done.
/// @param rest what was read behind the request
std::shared_ptr<channel> make_websocket_server_channel(std::shared_ptr<io_stream> s,
                                                       channel_info info,
                                                       limits const& lim,
                                                       websocket_options const& options,
                                                       websocket_terms const& terms,
                                                       bytes rest);

}  // namespace cerro::transport
