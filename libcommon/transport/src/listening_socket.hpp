#pragma once

// A socket that listens, as listen_options say.

#include "socket_stream.hpp"
#include <cerro/transport/stream.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>

namespace cerro::transport {

using tcp_acceptor = asio::basic_socket_acceptor<tcp, io_executor>;
using unix_acceptor = asio::basic_socket_acceptor<unix_protocol, io_executor>;

/// "127.0.0.1:8001", "[::1]:8001", "/run/router.sock"
[[nodiscard]] std::string where(listen_options const& o);

/// All @throw failure: exit code 1 when the place is taken or forbidden, 3 when the options make no sense.
[[nodiscard]] tcp_acceptor listen_tcp(io_executor ex, listen_options const& o);
[[nodiscard]] unix_acceptor listen_unix(io_executor ex, listen_options const& o);

}  // namespace cerro::transport
