#pragma once

#include "io_stream.hpp"

namespace cerro::transport {

/// Client side: sends our four octets and reads the server's.
asio::awaitable<result<std::shared_ptr<channel>>> connect_rawsocket(std::shared_ptr<io_stream> s,
                                                                    codec::serializer serializer,
                                                                    limits lim);

}  // namespace cerro::transport
