#pragma once

// What happens between accept and a stream: PROXY header, TLS handshake.

#include "socket_stream.hpp"
#include <cerro/transport/stream.hpp>

namespace cerro::transport {

/// @param why set when it fails
asio::awaitable<result<std::shared_ptr<io_stream>>> receive(tcp_socket socket,
                                                            arrival from,
                                                            std::shared_ptr<admission> gate,
                                                            std::shared_ptr<networks const> proxies,
                                                            std::shared_ptr<asio::ssl::context> tls,
                                                            std::chrono::milliseconds timeout,
                                                            std::shared_ptr<entry_refusal> why);

}  // namespace cerro::transport
