#pragma once

#include <cerro/transport/channel.hpp>

namespace cerro::transport {

/// The context of one outgoing connection; problems name the file.
[[nodiscard]] result<std::shared_ptr<asio::ssl::context>> make_client_tls(tls_options const& o);

}  // namespace cerro::transport
