#include "tls_files.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

namespace cerro::transport {

namespace {

using bio_ptr = std::unique_ptr<BIO, openssl_free<BIO_free>>;

/// The whole file; the view that `bio` has of it lives with it.
struct pem_file {
    std::string text;
    bio_ptr bio;
};

result<pem_file> open_pem(std::string const& path)
{
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    if (!in || !(text << in.rdbuf())) {
        std::string const why = errno != 0 ? std::strerror(errno) : "it is empty";
        return fail(errc::io, "cannot read " + path + ": " + why);
    }
    pem_file out{text.str(), nullptr};
    out.bio.reset(::BIO_new_mem_buf(out.text.data(), static_cast<int>(out.text.size())));
    ::ERR_clear_error();
    return out;
}

/// Never asks a terminal for the password of a key.
int no_password(char*, int, int, void*)
{
    return 0;
}

template <class Pointer, class Read>
result<std::vector<Pointer>> read_all(std::string const& path, char const* what, Read read)
{
    auto file = open_pem(path);
    if (!file) {
        return file.error();
    }
    std::vector<Pointer> out;
    while (auto* const one = read(file->bio.get())) {
        out.emplace_back(one);
    }
    bool const at_end = ERR_GET_REASON(::ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (out.empty() || !at_end) {
        std::string const why = at_end ? "there is none in it" : openssl_reason();
        return fail(errc::malformed, path + ": cannot read a " + what + " (PEM): " + why);
    }
    ::ERR_clear_error();
    return out;
}

}  // namespace

std::string openssl_reason()
{
    auto const code = ::ERR_peek_last_error();
    char const* const text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
    std::string out = text != nullptr ? text : "unknown reason";
    ::ERR_clear_error();
    return out;
}

result<std::vector<certificate_ptr>> read_certificates(std::string const& path)
{
    return read_all<certificate_ptr>(
        path, "certificate", [](BIO* b) { return ::PEM_read_bio_X509(b, nullptr, no_password, nullptr); });
}

result<std::vector<crl_ptr>> read_crls(std::string const& path)
{
    return read_all<crl_ptr>(path, "revocation list", [](BIO* b) {
        return ::PEM_read_bio_X509_CRL(b, nullptr, no_password, nullptr);
    });
}

result<key_ptr> read_private_key(std::string const& path)
{
    auto file = open_pem(path);
    if (!file) {
        return file.error();
    }
    key_ptr key(::PEM_read_bio_PrivateKey(file->bio.get(), nullptr, no_password, nullptr));
    if (!key) {
        bool const locked = file->text.find("ENCRYPTED") != std::string::npos;
        std::string const why = locked ? "it is encrypted; give one without a password, readable for this "
                                         "program's user only"
                                       : openssl_reason();
        ::ERR_clear_error();
        return fail(errc::malformed, path + ": cannot read a private key (PEM): " + why);
    }
    return key;
}

result<key_ptr> read_dh_parameters(std::string const& path)
{
    auto file = open_pem(path);
    if (!file) {
        return file.error();
    }
    key_ptr parameters(::PEM_read_bio_Parameters(file->bio.get(), nullptr));
    if (!parameters || ::EVP_PKEY_is_a(parameters.get(), "DH") != 1) {
        ::ERR_clear_error();
        return fail(errc::malformed, path + ": these are no DH parameters (PEM); openssl dhparam makes them");
    }
    return parameters;
}

std::string subject_of(X509 const& c)
{
    bio_ptr const out(::BIO_new(::BIO_s_mem()));
    ::X509_NAME_print_ex(out.get(), ::X509_get_subject_name(&c), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char const* text = nullptr;
    auto const length = ::BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, &text);
    return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

std::string common_name(X509_NAME const* n)
{
    int const at = ::X509_NAME_get_index_by_NID(n, NID_commonName, -1);
    if (at < 0) {
        return {};
    }
    unsigned char* text = nullptr;
    int const length = ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(n, at)));
    std::string out;
    if (length > 0) {
        out.assign(text, text + length);
    }
    ::CRYPTO_free(text, __FILE__, __LINE__);
    return out;
}

std::chrono::system_clock::time_point time_of(ASN1_TIME const* t)
{
    std::tm broken{};
    if (::ASN1_TIME_to_tm(t, &broken) != 1) {
        return {};
    }
    return std::chrono::system_clock::from_time_t(::timegm(&broken));
}

}  // namespace cerro::transport
