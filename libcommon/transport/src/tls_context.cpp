#include "tls_context.hpp"

#include "tls_files.hpp"
#include <cerro/base/result.hpp>
#include <cerro/log/log.hpp>
#include <cerro/transport/tls.hpp>

#include <boost/asio/ssl/context.hpp>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace cerro::transport {

namespace ssl = boost::asio::ssl;

namespace {

constexpr std::chrono::hours warn_before{14 * 24};
// Forward secrecy and authenticated encryption only; TLS 1.3 has its own suites.
constexpr char usual_ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

[[noreturn]] void refuse(std::string const& text)
{
    throw failure(text, 3);
}

template <class T>
T need(result<T> r, char const* what)
{
    if (!r) {
        refuse(std::string("TLS ") + what + ": " + r.error().what);
    }
    return std::move(*r);
}

/// The certificate and those above it: each must have been issued by the next.
void check_chain(std::vector<certificate_ptr> const& chain, server_tls const& files)
{
    for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
        int const verdict = ::X509_check_issued(chain[i + 1].get(), chain[i].get());
        if (verdict != X509_V_OK) {
            ::ERR_clear_error();
            refuse("TLS certificate " + files.certificate + ": the chain is in wrong order: certificate " +
                   std::to_string(i + 2) + " (" + subject_of(*chain[i + 1]) +
                   ") did not issue the one before it (" + subject_of(*chain[i]) +
                   "); the server's own comes first, then the one that issued it, and so on");
        }
    }
}

void check_key(std::vector<certificate_ptr> const& chain, EVP_PKEY* key, server_tls const& files)
{
    if (::X509_check_private_key(chain.front().get(), key) == 1) {
        return;
    }
    for (std::size_t i = 1; i < chain.size(); ++i) {
        if (::X509_check_private_key(chain[i].get(), key) == 1) {
            refuse("TLS certificate " + files.certificate + ": the key " + files.key +
                   " belongs to certificate " + std::to_string(i + 1) +
                   " of the chain; the server's own must come first");
        }
    }
    ::ERR_clear_error();
    refuse("the TLS key " + files.key + " does not belong to the certificate " + files.certificate);
}

void look_at_validity(X509 const& c, std::string const& file)
{
    auto const now = std::chrono::system_clock::now();
    auto const ends = time_of(::X509_get0_notAfter(&c));
    auto const days = std::chrono::duration_cast<std::chrono::hours>(ends - now).count() / 24;
    if (ends < now) {
        log::warn("transport", "tls_certificate_expired", {{"file", file}, {"days_ago", -days}});
    } else if (ends - now < warn_before) {
        log::warn("transport", "tls_certificate_expires_soon", {{"file", file}, {"days", days}});
    }
    if (time_of(::X509_get0_notBefore(&c)) > now) {
        log::warn("transport", "tls_certificate_not_yet_valid", {{"file", file}});
    }
}

void demand_clients(SSL_CTX* context, server_tls const& files)
{
    auto* const store = ::SSL_CTX_get_cert_store(context);
    for (auto const& file : files.ca) {
        for (auto const& ca : need(read_certificates(file), "CA certificate")) {
            if (::X509_STORE_add_cert(store, ca.get()) != 1 ||
                ::SSL_CTX_add_client_CA(context, ca.get()) != 1) {
                refuse("TLS CA certificate " + file + ": " + openssl_reason());
            }
        }
    }
    if (!files.crl.empty()) {
        for (auto const& crl : need(read_crls(files.crl), "revocation list")) {
            if (::X509_STORE_add_crl(store, crl.get()) != 1) {
                refuse("TLS revocation list " + files.crl + ": " + openssl_reason());
            }
        }
        ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

void use_certificates(SSL_CTX* context, server_tls const& files)
{
    auto chain = need(read_certificates(files.certificate), "certificate");
    for (auto const& file : files.chain) {
        for (auto& one : need(read_certificates(file), "chain certificate")) {
            chain.push_back(std::move(one));
        }
    }
    auto const key = need(read_private_key(files.key), "key");
    check_key(chain, key.get(), files);
    check_chain(chain, files);
    look_at_validity(*chain.front(), files.certificate);
    bool used = ::SSL_CTX_use_certificate(context, chain.front().get()) == 1;
    used = used && ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
    for (std::size_t i = 1; used && i < chain.size(); ++i) {
        // Not the macro SSL_CTX_add1_chain_cert: it has an old-style cast.
        used = ::SSL_CTX_ctrl(context, SSL_CTRL_CHAIN_CERT, 1, chain[i].get()) == 1;
    }
    if (!used) {
        refuse("cannot use the TLS certificate " + files.certificate + ": " + openssl_reason());
    }
}

}  // namespace

std::shared_ptr<ssl::context> make_server_tls(server_tls const& files)
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    auto* const native = context->native_handle();
    ::SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    ::SSL_CTX_set_options(native,
                          SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                              SSL_OP_NO_TICKET | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    ::SSL_CTX_set_num_tickets(native, 0);
    ::SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    auto const& ciphers = files.ciphers.empty() ? std::string(usual_ciphers) : files.ciphers;
    if (::SSL_CTX_set_cipher_list(native, ciphers.c_str()) != 1) {
        refuse("TLS ciphers \"" + ciphers + "\": " + openssl_reason());
    }
    if (!files.dhparam.empty()) {
        auto parameters = need(read_dh_parameters(files.dhparam), "dhparam");
        if (::SSL_CTX_set0_tmp_dh_pkey(native, parameters.get()) != 1) {
            refuse("TLS dhparam " + files.dhparam + ": " + openssl_reason());
        }
        [[maybe_unused]] auto* const taken = parameters.release();
    }
    use_certificates(native, files);
    if (!files.ca.empty()) {
        demand_clients(native, files);
    } else if (!files.crl.empty()) {
        refuse("TLS revocation list " + files.crl +
               ": it needs ca_certificates, which demand certificates of clients");
    }
    return context;
}

std::shared_ptr<ssl::context> make_server_tls(std::string const& certificate,
                                              std::string const& key,
                                              std::vector<std::string> const& chain)
{
    server_tls files;
    files.certificate = certificate;
    files.key = key;
    files.chain = chain;
    return make_server_tls(files);
}

result<std::shared_ptr<ssl::context>> make_client_tls(tls_options const& o)
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    boost::system::error_code ec;
    auto* const native = context->native_handle();
    ::SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    context->set_verify_mode(ssl::verify_peer, ec);
    if (o.ca_file.empty()) {
        context->set_default_verify_paths(ec);
    } else {
        context->load_verify_file(o.ca_file, ec);
        if (ec) {
            return fail(errc::invalid_argument, "cannot read the CA file " + o.ca_file + ": " + ec.message());
        }
        // A pinned certificate serves as root although another one issued it.
        ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
    }
    if (!o.crl_file.empty()) {
        auto const crls = read_crls(o.crl_file);
        if (!crls) {
            return fail(errc::invalid_argument, crls.error().what);
        }
        auto* const store = ::SSL_CTX_get_cert_store(native);
        for (auto const& crl : *crls) {
            ::X509_STORE_add_crl(store, crl.get());
        }
        ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    }
    if (!o.certificate.empty()) {
        context->use_certificate_chain_file(o.certificate, ec);
        if (ec) {
            return fail(errc::invalid_argument,
                        "cannot read the certificate " + o.certificate + ": " + ec.message());
        }
        context->use_private_key_file(o.key, ssl::context::pem, ec);
        if (ec) {
            return fail(errc::invalid_argument, "cannot read the key " + o.key + ": " + ec.message());
        }
    }
    return context;
}

result<std::chrono::system_clock::time_point> cert_not_after(std::string const& path)
{
    auto const all = read_certificates(path);
    if (!all) {
        return all.error();
    }
    return time_of(::X509_get0_notAfter(all->front().get()));
}

}  // namespace cerro::transport
