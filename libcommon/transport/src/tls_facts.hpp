#pragma once

// What is known of a TLS connection after, or because of, its handshake.

#include <cerro/transport/channel.hpp>

#include <boost/system/error_code.hpp>

#include <openssl/ssl.h>

#include <string>

namespace cerro::transport {

/// Fills certificate, tls_unique and tls_exporter.
void describe_tls(SSL* connection, bool server, channel_info& info);

/// A sentence for the log of the server whose handshake failed.
[[nodiscard]] std::string explain_server_handshake(SSL* connection, boost::system::error_code ec);
/// The same for a client that called `host`.
[[nodiscard]] std::string explain_client_handshake(SSL* connection,
                                                   boost::system::error_code ec,
                                                   std::string const& host,
                                                   bool verify_host);

}  // namespace cerro::transport
