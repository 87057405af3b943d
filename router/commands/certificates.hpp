#pragma once

/// @file
/// A certificate authority of one's own, and a server certificate that it issued, made with OpenSSL.

#include <chrono>
#include <string>
#include <vector>

namespace cerro::router {

/// PEM text.
struct certificate_and_key {
    std::string certificate;
    std::string key;
};

struct certificate_set {
    certificate_and_key authority;
    certificate_and_key server;
};

/// Keys are ECDSA on P-256.
/// @param names host names and IP addresses that clients use; the first is the common name
/// @param life  of the server's certificate; the authority lives ten years
/// @throws failure if OpenSSL refuses, for instance a name that cannot stand in a certificate
[[nodiscard]] certificate_set make_certificates(std::vector<std::string> const& names,
                                                std::chrono::hours life);

}  // namespace cerro::router
