#pragma once

#include "io_stream.hpp"

namespace cerro::transport {

/// A channel over a stream whose RawSocket handshake is done.
/// @param rest what was read behind the handshake
std::shared_ptr<channel> make_rawsocket_channel(std::shared_ptr<io_stream> s,
                                                channel_info info,
                                                limits lim,
                                                bytes rest = {});

/// Largest frame taken: what we announce (limits::max_message rounded up to a power of two).
[[nodiscard]] std::size_t rawsocket_receive_limit(limits const& lim);

}  // namespace cerro::transport
