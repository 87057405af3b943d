#pragma once

/// @file
/// A channel carries WAMP messages over one connection, whatever lies below: RawSocket or WebSocket, over
/// TCP, TLS or a Unix socket. All functions of a channel are called on its executor's thread; all callbacks
/// come there.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace cerro::transport {

namespace asio = boost::asio;

class backlog;

/// Why a connection ended: a closed set, for log, metrics and tests.
enum class close_reason : std::uint8_t {
    none = 0,                ///< still open
    closed_by_us,            ///< the owner closed it in the ordinary way
    closed_by_peer,          ///< the peer closed it in the ordinary way (end of file, WebSocket close)
    connection_lost,         ///< reset, unreachable, TCP_USER_TIMEOUT
    handshake_failed,        ///< TLS, WebSocket upgrade or RawSocket octets were wrong
    handshake_timeout,       ///< they did not come in time
    protocol_error,          ///< framing that breaks the transport's rules
    message_too_big,         ///< above limits::max_message
    slow_consumer_pending,   ///< more than limits::pending_bytes waited for this peer
    slow_consumer_deadline,  ///< one write took longer than limits::write_deadline
    slow_consumer_total,     ///< the greatest backlog when all together were above backlog's limit
    ping_timeout,            ///< nothing was heard for ping_timeout
    shutdown,                ///< the process ends
};
[[nodiscard]] std::string_view name(close_reason r) noexcept;

/// Each limit has a name, a default and a test. Zero does not mean "off".
struct limits {
    std::size_t max_message = 16U << 20U;    ///< largest message in [bytes], after reassembly
    std::size_t pending_bytes = 64U << 20U;  ///< largest backlog for one peer [bytes]
    std::shared_ptr<backlog> total;          ///< bounds the backlogs of all channels together; may be null
    std::chrono::milliseconds write_deadline{10'000};
    std::chrono::milliseconds handshake_timeout{5'000};
    std::chrono::milliseconds ping_interval{
        10'000};  ///< a ping goes out after so much silence (RawSocket: see channel::ping_peer)
    std::chrono::milliseconds ping_timeout{20'000};  ///< any traffic counts as life
};

/// A client's certificate that was verified against the listener's CA certificates.
struct peer_certificate {
    std::string common_name;  ///< CN of the subject
    std::string issuer_name;  ///< CN of the issuer
    std::string subject;      ///< whole subject, RFC 2253
    std::string sha1;         ///< fingerprint, upper-case hexadecimal with colons, as crossbar tells it
    std::string sha256;       ///< the same of SHA-256
    std::chrono::system_clock::time_point not_after;
};

/// What is known about a channel once it is open.
struct channel_info {
    codec::serializer serializer = codec::serializer::msgpack;
    std::string kind;      ///< "rawsocket", "websocket"
    std::string protocol;  ///< WebSocket subprotocol, e.g. "wamp.2.cbor.batched"; empty on RawSocket
    bool tls = false;
    std::string peer;                       ///< "127.0.0.1:53144", "unix"
    std::size_t max_outgoing = 16U << 20U;  ///< largest message the peer takes [bytes]
    /// WebSocket, server side: the request's headers but the upgrade's own, names in lower case, in order.
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> extensions;  ///< WebSocket extensions in use: "permessage-deflate"
    std::shared_ptr<peer_certificate const> certificate;  ///< server side, when the client sent one
    /// What both ends of one TLS connection know and nobody else (channel binding): 32 octets each, empty
    /// where there is none.
    std::string tls_unique;    ///< SHA-256 of the server's Finished message, as autobahn takes it
    std::string tls_exporter;  ///< RFC 9266
};

/// What the owner of a channel gets. Called on the channel's executor, never from inside send() or close().
class channel_events {
public:
    virtual ~channel_events() = default;
    /// All complete messages of one read, in order. The views are valid during the call only.
    virtual void on_messages(std::span<byte_view const> batch) = 0;
    /// Once, when the channel has ended for whatever reason; nothing follows.
    virtual void on_closed(close_reason why, std::string const& detail) = 0;
};

class channel {
public:
    virtual ~channel() = default;
    /// Begins reading. `events` is kept alive until on_closed() was called.
    virtual void start(std::shared_ptr<channel_events> events) = 0;
    /// Queues a frame as made by wamp::frame() (4 octets length + message, in this channel's serializer).
    /// What is queued during one turn of the loop goes out in one gathered write. Over limits::pending_bytes
    /// the channel closes itself with slow_consumer_pending, or leaves out droppable frames
    /// (set_drop_oldest).
    /// @param droppable an EVENT: what a slow peer may lose
    /// @return false if the channel is closed (the frame is dropped) or the message is above max_outgoing
    virtual bool send(shared_bytes frame, bool droppable = false) = 0;
    /// When on, a full backlog loses its oldest droppable frames instead of the connection; they are counted,
    /// the first is logged, the order of the others stays. Off at the start.
    virtual void set_drop_oldest(bool on) = 0;
    /// Frames left out so far.
    [[nodiscard]] virtual std::uint64_t frames_dropped() const = 0;
    /// The peer is known to answer pings (its WELCOME says that it is one of ours). RawSocket pings only such
    /// peers and those that pinged first, because old ones drop who pings; WebSocket pings anyway.
    virtual void ping_peer() {}
    /// Ends the channel: what is queued is still written (at most `write_deadline`) when `flush`, then it
    /// closes. Idempotent; the first reason counts.
    virtual void close(close_reason why, std::string detail = {}, bool flush = true) = 0;
    [[nodiscard]] virtual channel_info const& info() const = 0;
    /// Bytes queued and not yet taken by the operating system.
    [[nodiscard]] virtual std::size_t pending_bytes() const = 0;
    /// More than three quarters of limits::pending_bytes wait.
    [[nodiscard]] virtual bool slow() const = 0;
    [[nodiscard]] virtual asio::any_io_executor get_executor() = 0;
};

/// How a client checks a TLS server.
struct tls_options {
    std::string
        ca_file;  ///< PEM file of trust roots (a pinned self-signed certificate serves); empty = the system's
    bool verify_host = true;  ///< also compare the host name (old sisock certificates have none)
    std::string certificate;  ///< client certificate (PEM), or empty
    std::string key;
    std::string crl_file;  ///< PEM file of revoked certificates; empty: none
};

struct connect_options {
    /// ws://host:port/path, wss://, rs://host:port (RawSocket), rss:// (RawSocket over TLS),
    /// rs+unix:/path/of/socket, ws+unix:/path/of/socket
    std::string url;
    /// In order of preference. RawSocket offers the first only.
    std::vector<codec::serializer> serializers{
        codec::serializer::msgpack, codec::serializer::cbor, codec::serializer::json};
    tls_options tls;
    limits lim;
    std::chrono::milliseconds connect_timeout{5'000};
    /// WebSocket: offered instead of what `serializers` gives (msgpack and cbor batched and plain, json
    /// plain).
    std::vector<std::string> subprotocols;
};

/// Connects and does all handshakes of the transport. Every problem names the url.
asio::awaitable<result<std::shared_ptr<channel>>> connect(connect_options options);

}  // namespace cerro::transport
