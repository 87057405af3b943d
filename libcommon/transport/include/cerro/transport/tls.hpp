#pragma once

/// @file
/// TLS of listeners: contexts from PEM files.

#include <cerro/base/result.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace cerro::transport {

/// As crossbar's `tls` of an endpoint; all are paths of PEM files but `ciphers`.
struct server_tls {
    std::string certificate;         ///< the server's, then those that issued it, in order
    std::string key;                 ///< its private key, not encrypted
    std::vector<std::string> chain;  ///< more of those that issued it, in order
    std::vector<std::string> ca;     ///< not empty: clients must show a certificate that one of these issued
    std::string crl;                 ///< revoked client certificates; empty: none
    std::string ciphers;             ///< OpenSSL's list, for TLS 1.2; empty: ECDHE with AEAD
    std::string dhparam;             ///< for DHE; empty: no DHE
};

/// TLS 1.2 or newer; no compression, renegotiation or session resumption; the server's order of ciphers.
/// A certificate that has expired or soon will is used and logged.
/// @throws failure (exit code 3) naming the file and the reason: unreadable, key that does not belong to the
///         certificate, a chain in wrong order
std::shared_ptr<boost::asio::ssl::context> make_server_tls(server_tls const& files);
std::shared_ptr<boost::asio::ssl::context> make_server_tls(std::string const& certificate,
                                                           std::string const& key,
                                                           std::vector<std::string> const& chain = {});

/// When the first certificate in a PEM file ends. Every problem names the file.
result<std::chrono::system_clock::time_point> cert_not_after(std::string const& path);

}  // namespace cerro::transport
