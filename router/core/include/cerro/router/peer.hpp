#pragma once

/// @file
/// What the core knows of the other end of a session: something that takes frames.

#include <cerro/base/bytes.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/ending.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    /// Told when the session has joined its realm.
    virtual void joined() {}
    /// Told of a request that was answered with wamp.error.not_authorized; `text` says which.
    virtual void denied(std::uint8_t /*request_type*/, std::string_view /*text*/) {}
    /// Ends the connection after what was sent; `text` is for the log.
    virtual void close(ending why, std::string const& text) = 0;
};

/// A client's TLS certificate that the listener has verified.
struct client_certificate {
    std::string common_name;
    std::string issuer_name;
    std::string subject;  ///< RFC 2253
    std::string sha1;     ///< fingerprint, upper-case hexadecimal with colons
    std::string sha256;
};

/// What some connections have and most have not.
struct link_details {
    std::string protocol;                                      ///< WebSocket subprotocol
    std::vector<std::pair<std::string, std::string>> headers;  ///< of the WebSocket request, in lower case
    std::vector<std::string> extensions;                       ///< of WebSocket
    bool tls = false;
    std::optional<client_certificate> certificate;
    std::string tls_unique;    ///< channel bindings: 32 octets each, or empty
    std::string tls_exporter;  ///< RFC 9266
    std::string cookie;        ///< id of the cookie that this browser has or was given now; empty: none
};

/// How a peer is connected.
struct link_info {
    codec::serializer serializer = codec::serializer::json;
    std::size_t max_outgoing = 16U << 20U;        ///< largest message the peer takes [bytes]
    std::string address;                          ///< as WELCOME tells it: "tcp4:127.0.0.1:52242"
    std::string transport;                        ///< "websocket", "rawsocket", "internal"
    std::shared_ptr<link_details const> details;  ///< null: there is nothing more to tell
};

}  // namespace cerro::router
