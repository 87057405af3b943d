#pragma once

// PEM files as OpenSSL's objects; every problem names the file.

#include <cerro/base/result.hpp>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace cerro::transport {

template <auto Free>
struct openssl_free {
    template <class T>
    void operator()(T* p) const
    {
        Free(p);
    }
};
using certificate_ptr = std::unique_ptr<X509, openssl_free<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, openssl_free<EVP_PKEY_free>>;
using crl_ptr = std::unique_ptr<X509_CRL, openssl_free<X509_CRL_free>>;

/// At least one.
[[nodiscard]] result<std::vector<certificate_ptr>> read_certificates(std::string const& path);
[[nodiscard]] result<key_ptr> read_private_key(std::string const& path);
[[nodiscard]] result<key_ptr> read_dh_parameters(std::string const& path);
/// At least one.
[[nodiscard]] result<std::vector<crl_ptr>> read_crls(std::string const& path);

/// The latest error of OpenSSL's queue, which is emptied.
[[nodiscard]] std::string openssl_reason();
/// "CN=router,O=site" of a certificate's subject.
[[nodiscard]] std::string subject_of(X509 const& c);
[[nodiscard]] std::string common_name(X509_NAME const* n);
[[nodiscard]] std::chrono::system_clock::time_point time_of(ASN1_TIME const* t);

}  // namespace cerro::transport
