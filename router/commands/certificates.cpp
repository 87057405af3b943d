#include "certificates.hpp"

#include <cerro/base/result.hpp>

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

namespace cerro::router {

namespace {

constexpr std::chrono::hours authority_life{24 * 3650};
constexpr std::chrono::hours clock_skew{1};  // a client whose clock is behind shall accept it at once
constexpr int serial_bits = 127;

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const
    {
        Free(p);
    }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using bn_ptr = std::unique_ptr<BIGNUM, freed_by<BN_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;

void must(bool good, std::string const& what)
{
    if (!good) {
        std::array<char, 256> why{};
        ERR_error_string_n(ERR_get_error(), why.data(), why.size());
        throw failure("certificates cannot be made: " + what + ": " + why.data());
    }
}

key_ptr make_key()
{
    key_ptr out(EVP_EC_gen("P-256"));
    must(out != nullptr, "key");
    return out;
}

std::string text_of(bio_ptr const& from)
{
    char* data = nullptr;
    auto const n = BIO_get_mem_data(from.get(), &data);
    return {data, static_cast<std::size_t>(n)};
}

std::string pem(X509* certificate)
{
    bio_ptr const out(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_X509(out.get(), certificate) == 1, "certificate as PEM");
    return text_of(out);
}

std::string pem(EVP_PKEY* key)
{
    bio_ptr const out(BIO_new(BIO_s_mem()));
    must(PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
         "key as PEM");
    return text_of(out);
}

void add_extension(X509* to, X509* issuer, int nid, std::string const& text)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    extension_ptr const made(X509V3_EXT_conf_nid(nullptr, &context, nid, text.c_str()));
    must(made != nullptr, "'" + text + "'");
    must(X509_add_ext(to, made.get(), -1) == 1, "'" + text + "'");
}

/// Without extensions and signature.
x509_ptr make_certificate(EVP_PKEY* key, std::string const& common_name, std::chrono::hours life)
{
    x509_ptr out(X509_new());
    must(out != nullptr && X509_set_version(out.get(), X509_VERSION_3) == 1, "version");
    bn_ptr const serial(BN_new());
    must(BN_rand(serial.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1, "serial number");
    must(BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(out.get())) != nullptr, "serial number");
    auto const seconds = [](std::chrono::hours h) {
        return static_cast<long>(std::chrono::seconds(h).count());
    };
    must(X509_gmtime_adj(X509_getm_notBefore(out.get()), -seconds(clock_skew)) != nullptr &&
             X509_gmtime_adj(X509_getm_notAfter(out.get()), seconds(life)) != nullptr,
         "dates");
    auto* const name = X509_get_subject_name(out.get());
    must(X509_NAME_add_entry_by_txt(name,
                                    "CN",
                                    MBSTRING_UTF8,
                                    reinterpret_cast<unsigned char const*>(common_name.data()),
                                    static_cast<int>(common_name.size()),
                                    -1,
                                    0) == 1,
         "the name '" + common_name + "'");
    must(X509_set_pubkey(out.get(), key) == 1, "public key");
    return out;
}

std::string alternative_names(std::vector<std::string> const& names)
{
    std::string out;
    for (auto const& name : names) {
        std::array<unsigned char, 16> ignored{};
        bool const is_address = inet_pton(AF_INET, name.c_str(), ignored.data()) == 1 ||
                                inet_pton(AF_INET6, name.c_str(), ignored.data()) == 1;
        if (name.find_first_of(",\n ") != std::string::npos) {
            throw failure("'" + name + "' is no host name and no address");
        }
        out += (out.empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + name;
    }
    return out;
}

}  // namespace

certificate_set make_certificates(std::vector<std::string> const& names, std::chrono::hours life)
{
    if (names.empty()) {
        throw failure("a certificate needs at least one host name");
    }
    auto const ca_key = make_key();
    auto const ca = make_certificate(ca_key.get(), "cerro-router CA of " + names.front(), authority_life);
    must(X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1, "issuer");
    add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash");
    must(X509_sign(ca.get(), ca_key.get(), EVP_sha256()) != 0, "signature");

    auto const key = make_key();
    auto const server = make_certificate(key.get(), names.front(), life);
    must(X509_set_issuer_name(server.get(), X509_get_subject_name(ca.get())) == 1, "issuer");
    add_extension(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(server.get(), ca.get(), NID_ext_key_usage, "serverAuth");
    add_extension(server.get(), ca.get(), NID_subject_key_identifier, "hash");
    add_extension(server.get(), ca.get(), NID_authority_key_identifier, "keyid:always");
    add_extension(server.get(), ca.get(), NID_subject_alt_name, alternative_names(names));
    must(X509_sign(server.get(), ca_key.get(), EVP_sha256()) != 0, "signature");

    return {{pem(ca.get()), pem(ca_key.get())}, {pem(server.get()), pem(key.get())}};
}

}  // namespace cerro::router
