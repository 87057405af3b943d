#pragma once

/// @file
/// A connected byte stream of any of the four kinds, and the listener that accepts them. The types of Asio's
/// sockets stay behind this interface, so that heavy templates are instantiated in few translation units.

#include <cerro/transport/admission.hpp>
#include <cerro/transport/channel.hpp>
#include <cerro/transport/tls.hpp>
#include <cerro/transport/websocket_options.hpp>

namespace cerro::transport {

/// An accepted connection after its TLS handshake. Reads and writes go through the functions of this header
/// and of http/; a channel takes it over. Move-only handle behind a shared_ptr.
class stream {
public:
    virtual ~stream() = default;
    [[nodiscard]] virtual asio::any_io_executor get_executor() = 0;
    [[nodiscard]] virtual bool is_tls() const = 0;
    [[nodiscard]] virtual std::string peer() const = 0;
    /// Some bytes into `into`; 0 never: errc::closed at end of file, errc::timed_out after `timeout`.
    virtual asio::awaitable<result<std::size_t>> read_some(std::span<char> into,
                                                           std::chrono::milliseconds timeout) = 0;
    /// All of `data`, which must live until then.
    virtual asio::awaitable<result<void>> write(byte_view data, std::chrono::milliseconds timeout) = 0;
    /// Shuts down in the ordinary way (TLS close notify, then the socket). Idempotent.
    virtual void close() = 0;
};

/// Connects to host:port, with TLS if `tls` holds something. `timeout` is for each of connecting and the
/// handshake.
asio::awaitable<result<std::shared_ptr<stream>>> connect_stream(std::string host,
                                                                std::uint16_t port,
                                                                std::optional<tls_options> tls,
                                                                std::chrono::milliseconds timeout);

/// Where to listen. Port 0 asks the system; listener::port() tells what it gave.
struct listen_options {
    std::string address = "127.0.0.1";  ///< IPv4 or IPv6 text; ignored with unix_path
    std::uint16_t port = 0;
    std::uint16_t last_port = 0;  ///< not 0: the first free one of port .. last_port
    bool shared = false;          ///< SO_REUSEPORT: other processes may listen there too
    std::string unix_path;  ///< not empty: a Unix socket (a file left behind by a dead process is replaced)
    std::optional<unsigned> unix_mode;  ///< its permissions, as 0660; none: by the process's umask
    int backlog = 511;
    std::optional<std::chrono::milliseconds> user_timeout;  ///< TCP_USER_TIMEOUT; none: limits::ping_timeout
    std::shared_ptr<asio::ssl::context> tls;                ///< null: plain
    std::chrono::milliseconds tls_timeout{5'000};
    /// Connections come from proxies in these networks and begin with a PROXY header (version 2), which must
    /// come in tls_timeout; others are refused. Null: no such header.
    std::shared_ptr<networks const> proxies;
    /// Shared by all listeners of a process; null: one of its own with `max_connections`, without limits by
    /// address.
    std::shared_ptr<admission> gate;
    std::size_t max_connections = 10'000;
};

/// Accepts connections, does the TLS handshake, and hands each stream to `on_stream` (which spawns what it
/// needs). Out of descriptors: pauses, logs once each 10 s, goes on.
class listener {
public:
    virtual ~listener() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// For handshakes to come; present connections keep theirs. On a listener without TLS it does nothing.
    /// To be called on the executor's thread.
    virtual void set_tls(std::shared_ptr<asio::ssl::context> context) = 0;
    virtual void stop() = 0;
};
/// @throws failure (exit code 1) "cannot listen on 127.0.0.1:8001: Address already in use"
std::shared_ptr<listener> listen(asio::any_io_executor ex,
                                 listen_options options,
                                 std::function<void(std::shared_ptr<stream>)> on_stream);

struct accept_options {
    std::vector<codec::serializer> serializers{
        codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor};
    bool batched = true;  ///< also offer the .batched WebSocket subprotocols
    limits lim;
    websocket_options websocket;
    /// WebSocket: added to the 101 response, e.g. Set-Cookie.
    std::vector<std::pair<std::string, std::string>> response_headers;
};

/// Server side of the RawSocket handshake (wamp protocol, 4.1): reads the client's four octets and answers.
/// `rest` is what was already read from the stream, to find out what its peer speaks (0x7F = RawSocket).
asio::awaitable<result<std::shared_ptr<channel>>> accept_rawsocket(std::shared_ptr<stream> s,
                                                                   accept_options options,
                                                                   bytes rest = {});

/// Server side of the WebSocket upgrade. `request` is the complete HTTP/1.1 request head as received (with
/// its final empty line); `rest` what was read behind it. Answers 400 with a text to what is no upgrade and
/// when no common subprotocol was offered (wamp protocol, 4.2), 426 to another version of WebSocket.
asio::awaitable<result<std::shared_ptr<channel>>> accept_websocket(std::shared_ptr<stream> s,
                                                                   bytes request,
                                                                   bytes rest,
                                                                   accept_options options);

}  // namespace cerro::transport
