#pragma once

/// @file
/// What the core knows of the other end of a session: something that takes frames.

#include <cerro/base/bytes.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/ending.hpp>

#include <cstddef>
#include <string>

namespace cerro::router {

/// Implemented over a transport channel, by the HTTP caller, and by tests. Its functions never call back into
/// the core.
class peer {
public:
    virtual ~peer() = default;
    /// Queues a frame (4 octets length, then a message in this peer's serializer).
    /// @param droppable an EVENT: a peer that was told to (set_drop_oldest) may lose it when it is slow
    /// @return false when it was dropped because the connection is closed
    virtual bool send(shared_bytes frame, bool droppable = false) = 0;
    /// Told when the session joins: whether a slow peer loses its oldest events instead of its connection.
    virtual void set_drop_oldest(bool /*on*/) {}
    /// Ends the connection after what was sent; `text` is for the log.
    virtual void close(ending why, std::string const& text) = 0;
};

/// How a peer is connected.
struct link_info {
    codec::serializer serializer = codec::serializer::json;
    std::size_t max_outgoing = 16U << 20U;  ///< largest message the peer takes [bytes]
    std::string address;                    ///< as WELCOME tells it: "tcp4:127.0.0.1:52242"
    std::string transport;                  ///< "websocket", "rawsocket", "internal"
};

}  // namespace cerro::router
