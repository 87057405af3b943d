#include <cerro/testing/certificates.hpp>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

namespace cerro::testing {

namespace {

constexpr long day = 24L * 3600;

template <auto Free>
struct release {
    template <class T>
    void operator()(T* p) const
    {
        Free(p);
    }
};
using certificate_ptr = std::shared_ptr<X509>;
using key_ptr = std::shared_ptr<EVP_PKEY>;
using file_ptr = std::unique_ptr<FILE, release<std::fclose>>;

void need(bool holds, char const* what)
{
    if (!holds) {
        throw std::runtime_error(std::string("certificates: ") + what);
    }
}

file_ptr create(std::string const& path)
{
    file_ptr out(std::fopen(path.c_str(), "wb"));
    need(out != nullptr, path.c_str());
    return out;
}

void name(X509_NAME* to, std::string const& common_name)
{
    auto const* const text = reinterpret_cast<unsigned char const*>(common_name.c_str());
    need(::X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1, "CN");
}

void extend(X509* c, X509* issuer, int kind, std::string const& value)
{
    X509V3_CTX context;
    ::X509V3_set_ctx(&context, issuer, c, nullptr, nullptr, 0);
    auto* const made = ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    need(made != nullptr, value.c_str());
    ::X509_add_ext(c, made, -1);
    ::X509_EXTENSION_free(made);
}

}  // namespace

struct certificate_maker::impl {
    struct entry {
        certificate_ptr certificate;
        key_ptr key;
    };
    std::map<std::string, entry> made;

    entry make(certificate_order const& order, entry const* issuer)
    {
        entry out{{::X509_new(), ::X509_free}, {::EVP_EC_gen("P-256"), ::EVP_PKEY_free}};
        auto* const c = out.certificate.get();
        ::X509_set_version(c, X509_VERSION_3);
        std::uint32_t serial = 0;
        ::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(c), static_cast<long>(serial >> 1U) + 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(c), order.begins * day);
        ::X509_gmtime_adj(::X509_getm_notAfter(c), order.ends * day);
        ::X509_set_pubkey(c, out.key.get());
        name(::X509_get_subject_name(c), order.common_name);
        auto* const above = issuer != nullptr ? issuer->certificate.get() : c;
        ::X509_set_issuer_name(c, ::X509_get_subject_name(above));
        extend(c, above, NID_basic_constraints, order.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
        extend(c, above, NID_subject_key_identifier, "hash");
        extend(c, above, NID_authority_key_identifier, "keyid:always");
        std::string names;
        for (auto const& n : order.names) {
            names += (names.empty() ? "" : ",") + n;
        }
        if (!names.empty()) {
            extend(c, above, NID_subject_alt_name, names);
        }
        auto* const signer = issuer != nullptr ? issuer->key.get() : out.key.get();
        need(::X509_sign(c, signer, ::EVP_sha256()) != 0, "signing");
        return out;
    }

    pem_pair keep(std::string const& folder, std::string const& file, entry e)
    {
        pem_pair const out{folder + "/" + file + ".pem", folder + "/" + file + ".key"};
        need(::PEM_write_X509(create(out.certificate).get(), e.certificate.get()) == 1, "writing");
        need(::PEM_write_PrivateKey(
                 create(out.key).get(), e.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
             "writing");
        made[file] = std::move(e);
        return out;
    }
};

certificate_maker::certificate_maker() : impl_(std::make_unique<impl>())
{
    std::string pattern = (std::filesystem::temp_directory_path() / "cerro-certificates-XXXXXX").string();
    need(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    folder_ = pattern;
}

certificate_maker::~certificate_maker()
{
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

pem_pair certificate_maker::self_signed(std::string const& file, certificate_order const& order)
{
    return impl_->keep(folder_, file, impl_->make(order, nullptr));
}

pem_pair certificate_maker::issue(std::string const& issuer,
                                  std::string const& file,
                                  certificate_order const& order)
{
    return impl_->keep(folder_, file, impl_->make(order, &impl_->made.at(issuer)));
}

std::string certificate_maker::revoke(std::string const& issuer, std::vector<std::string> const& files)
{
    auto const& by = impl_->made.at(issuer);
    std::shared_ptr<X509_CRL> const list(::X509_CRL_new(), ::X509_CRL_free);
    ::X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
    ::X509_CRL_set_issuer_name(list.get(), ::X509_get_subject_name(by.certificate.get()));
    std::shared_ptr<ASN1_TIME> const now(::X509_gmtime_adj(nullptr, -day), ::ASN1_STRING_free);
    std::shared_ptr<ASN1_TIME> const later(::X509_gmtime_adj(nullptr, day), ::ASN1_STRING_free);
    ::X509_CRL_set1_lastUpdate(list.get(), now.get());
    ::X509_CRL_set1_nextUpdate(list.get(), later.get());
    for (auto const& file : files) {
        auto* const one = ::X509_REVOKED_new();
        ::X509_REVOKED_set_serialNumber(one, ::X509_get_serialNumber(impl_->made.at(file).certificate.get()));
        ::X509_REVOKED_set_revocationDate(one, now.get());
        ::X509_CRL_add0_revoked(list.get(), one);
    }
    need(::X509_CRL_sign(list.get(), by.key.get(), ::EVP_sha256()) != 0, "signing a revocation list");
    auto const out = path(issuer + ".crl");
    need(::PEM_write_X509_CRL(create(out).get(), list.get()) == 1, "writing");
    return out;
}

std::string certificate_maker::join(std::string const& file, std::vector<std::string> const& files)
{
    auto const out = path(file + ".pem");
    std::ofstream to(out, std::ios::binary);
    for (auto const& one : files) {
        to << std::ifstream(path(one + ".pem"), std::ios::binary).rdbuf();
    }
    need(bool(to), "joining");
    return out;
}

}  // namespace cerro::testing
