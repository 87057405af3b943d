#pragma once

/// @file
/// Certificates of every kind, made when a test runs: good ones, expired ones, of the wrong authority,
/// revoked.

#include <memory>
#include <string>
#include <vector>

namespace cerro::testing {

/// What to make.
struct certificate_order {
    std::string common_name;
    std::vector<std::string> names;  ///< "DNS:localhost", "IP:127.0.0.1"
    int begins = -1;                 ///< days from now
    int ends = 30;
    bool authority = false;  ///< may issue others
};

struct pem_pair {
    std::string certificate;  ///< path
    std::string key;
};

/// Makes certificates in a folder of its own, which goes with it.
class certificate_maker {
public:
    certificate_maker();
    certificate_maker(certificate_maker const&) = delete;
    certificate_maker& operator=(certificate_maker const&) = delete;
    ~certificate_maker();

    /// Files FILE.pem and FILE.key. @throws std::runtime_error
    pem_pair self_signed(std::string const& file, certificate_order const& order);
    /// By `issuer`, made before under that file name.
    pem_pair issue(std::string const& issuer, std::string const& file, certificate_order const& order);
    /// The revocation list of `issuer` with these certificates (file names). @return its path
    std::string revoke(std::string const& issuer, std::vector<std::string> const& files);
    /// One file with several certificates, in this order. @return its path
    std::string join(std::string const& file, std::vector<std::string> const& files);
    [[nodiscard]] std::string path(std::string const& file) const { return folder_ + "/" + file; }

private:
    struct impl;
    std::unique_ptr<impl> impl_;
    std::string folder_;
};

}  // namespace cerro::testing
