#include "tls_facts.hpp"

#include "tls_files.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <openssl/err.h>
#include <openssl/sha.h>

#include <array>

namespace cerro::transport {

namespace {

constexpr std::size_t binding_size = 32;

std::string fingerprint(X509 const& c, EVP_MD const* digest)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
    unsigned n = 0;
    ::X509_digest(&c, digest, octets.data(), &n);
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned i = 0; i != n; ++i) {
        out += i == 0 ? "" : ":";
        out += digits[octets[i] >> 4U];
        out += digits[octets[i] & 0x0FU];
    }
    return out;
}

std::shared_ptr<peer_certificate const> describe(X509 const& c)
{
    peer_certificate out;
    out.common_name = common_name(::X509_get_subject_name(&c));
    out.issuer_name = common_name(::X509_get_issuer_name(&c));
    out.subject = subject_of(c);
    out.sha1 = fingerprint(c, ::EVP_sha1());
    out.sha256 = fingerprint(c, ::EVP_sha256());
    out.not_after = time_of(::X509_get0_notAfter(&c));
    return std::make_shared<peer_certificate const>(std::move(out));
}

/// What an alert of the peer means for the one who reads our log. OpenSSL's reason codes of received alerts
/// are 1000 and the alert's number.
char const* meaning_of_alert(int reason)
{
    switch (reason - SSL_AD_REASON_OFFSET) {
        case SSL_AD_CERTIFICATE_EXPIRED: return "the peer says that our certificate has expired";
        case SSL_AD_CERTIFICATE_REVOKED: return "the peer says that our certificate is revoked";
        case SSL_AD_BAD_CERTIFICATE:
            return "the peer does not accept our certificate (host name, or a broken one)";
        case SSL_AD_UNKNOWN_CA: return "the peer does not trust the CA of our certificate";
        case SSL_AD_CERTIFICATE_UNKNOWN: return "the peer does not accept our certificate";
        case SSL_AD_UNSUPPORTED_CERTIFICATE: return "the peer cannot use our kind of certificate";
        case SSL_AD_PROTOCOL_VERSION: return "no TLS version in common";
        case SSL_AD_HANDSHAKE_FAILURE: return "no ciphers in common";
        case SSL_AD_UNRECOGNIZED_NAME: return "the peer does not know the server name";
        default: return nullptr;
    }
}

char const* meaning_of(int reason)
{
    switch (reason) {
        case SSL_R_HTTP_REQUEST: return "plain HTTP on a TLS port";
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW: return "the peer's TLS is older than 1.2";
        case SSL_R_NO_SHARED_CIPHER: return "no ciphers in common";
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return "the client sent no certificate, and this port demands one";
        case SSL_R_WRONG_VERSION_NUMBER: return "this is no TLS (is the other port plain?)";
        default: return meaning_of_alert(reason);
    }
}

std::string explain(SSL* connection, boost::system::error_code ec)
{
    if (ec == boost::asio::error::eof || ec == boost::asio::ssl::error::stream_truncated) {
        return "the peer closed the connection";
    }
    std::string out = ec.message();
    if (ec.category() != boost::asio::error::get_ssl_category()) {
        return out;
    }
    int const reason = ERR_GET_REASON(static_cast<unsigned long>(ec.value()));
    if (auto const* const text = meaning_of(reason)) {
        out = std::string(text) + " (" + out + ")";
    }
    auto const verdict = ::SSL_get_verify_result(connection);
    if (verdict != X509_V_OK) {
        out += std::string(" (") + ::X509_verify_cert_error_string(verdict) + ")";
    }
    return out;
}

}  // namespace

void describe_tls(SSL* connection, bool server, channel_info& info)
{
    if (auto const* const c = server ? ::SSL_get0_peer_certificate(connection) : nullptr) {
        info.certificate = describe(*c);
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> finished{};
    std::size_t const n = server ? ::SSL_get_finished(connection, finished.data(), finished.size())
                                 : ::SSL_get_peer_finished(connection, finished.data(), finished.size());
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    ::SHA256(finished.data(), std::min(n, finished.size()), hash.data());
    info.tls_unique.assign(hash.begin(), hash.end());
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    std::array<unsigned char, binding_size> exported{};
    if (::SSL_export_keying_material(
            connection, exported.data(), exported.size(), label.data(), label.size(), nullptr, 0, 1) == 1) {
        info.tls_exporter.assign(exported.begin(), exported.end());
    }
}

std::string explain_server_handshake(SSL* connection, boost::system::error_code ec)
{
    return explain(connection, ec);
}

std::string explain_client_handshake(SSL* connection,
                                     boost::system::error_code ec,
                                     std::string const& host,
                                     bool verify_host)
{
    std::string text = explain(connection, ec);
    bool const verified = ::SSL_get_verify_result(connection) == X509_V_OK;
    bool const of_tls = ec.category() == boost::asio::error::get_ssl_category();
    bool const verify_failed =
        of_tls && ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (verified && verify_failed && verify_host) {
        text += " (does the certificate name " + host + "?)";
    }
    return text;
}

}  // namespace cerro::transport
