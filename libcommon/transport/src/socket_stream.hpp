#pragma once

// The four kinds of stream: plain TCP and Unix sockets, and TLS over TCP.

#include "io_stream.hpp"
#include <cerro/transport/admission.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <string>

namespace cerro::transport {

using tcp = asio::ip::tcp;
using unix_protocol = asio::local::stream_protocol;
using tcp_socket = asio::basic_stream_socket<tcp, io_executor>;
using unix_socket = asio::basic_stream_socket<unix_protocol, io_executor>;

inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Runs until the object goes; on expiry it calls `cut` of the target once and remembers that.
class time_limit {
public:
    template <class Cut>
    time_limit(io_executor ex, std::chrono::milliseconds limit, Cut cut)
        : state_(std::make_shared<state>(state{io_timer(ex), false}))
    {
        state_->timer.expires_after(limit);
        state_->timer.async_wait([s = std::weak_ptr<state>(state_), cut](error_code ec) {
            auto const alive = s.lock();
            if (!ec && alive) {
                alive->expired = true;
                cut();
            }
        });
    }
    time_limit(time_limit const&) = delete;
    time_limit& operator=(time_limit const&) = delete;
    ~time_limit() { state_->timer.cancel(); }
    [[nodiscard]] bool expired() const { return state_->expired; }

private:
    struct state {
        io_timer timer;
        bool expired;
    };
    std::shared_ptr<state> state_;
};

/// What is known of a connection before anything is read from it.
struct arrival {
    admission::ticket ticket;       ///< counts it as long as the stream lives; empty for those that we made
    std::string peer;               ///< "127.0.0.1:53144"
    bool accepted = false;          ///< we are the server
    bool own_user_timeout = false;  ///< TCP_USER_TIMEOUT is set by configuration
};

[[nodiscard]] host_address address_of(tcp::endpoint const& end);
/// IPv4 addresses that came by an IPv6 socket are told as IPv4.
[[nodiscard]] std::string peer_text(tcp::endpoint const& end);
/// A connection that we made.
[[nodiscard]] arrival called(tcp_socket const& socket);

std::shared_ptr<io_stream> make_stream(tcp_socket socket, arrival from);
std::shared_ptr<io_stream> make_stream(unix_socket socket, arrival from);
/// TLS handshakes. `host` is sent as server name and, with options.verify_host, compared; problems do not
/// name the url.
asio::awaitable<result<std::shared_ptr<io_stream>>> tls_accept(tcp_socket socket,
                                                               arrival from,
                                                               std::shared_ptr<asio::ssl::context> context,
                                                               std::chrono::milliseconds timeout);
asio::awaitable<result<std::shared_ptr<io_stream>>> tls_connect(tcp_socket socket,
                                                                std::string host,
                                                                tls_options options,
                                                                std::chrono::milliseconds timeout);

}  // namespace cerro::transport
