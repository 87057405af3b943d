#include "digest.hpp"

#include <cerro/base/result.hpp>

#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <string>

namespace cerro::auth {

namespace {

constexpr std::size_t argon2_length = 32;

unsigned char const* octets_of(byte_view data)
{
    return reinterpret_cast<unsigned char const*>(data.data());
}

unsigned char* octets_of(bytes& data)
{
    return reinterpret_cast<unsigned char*>(data.data());
}

}  // namespace

bytes sha256(byte_view data)
{
    bytes out(SHA256_DIGEST_LENGTH, '\0');
    SHA256(octets_of(data), data.size(), octets_of(out));
    return out;
}

bytes hmac_sha256(byte_view key, byte_view data)
{
    bytes out(SHA256_DIGEST_LENGTH, '\0');
    unsigned size = 0;
    if (HMAC(EVP_sha256(),
             key.data(),
             static_cast<int>(key.size()),
             octets_of(data),
             data.size(),
             octets_of(out),
             &size) == nullptr) {
        throw failure("OpenSSL cannot compute HMAC-SHA256", 70);
    }
    return out;
}

bytes pbkdf2_sha256(byte_view secret, byte_view salt, int iterations, std::size_t length)
{
    bytes out(length, '\0');
    if (PKCS5_PBKDF2_HMAC(secret.data(),
                          static_cast<int>(secret.size()),
                          octets_of(salt),
                          static_cast<int>(salt.size()),
                          iterations,
                          EVP_sha256(),
                          static_cast<int>(length),
                          octets_of(out)) != 1) {
        throw failure("OpenSSL cannot compute PBKDF2-HMAC-SHA256", 70);
    }
    return out;
}

bytes argon2id13(byte_view secret, byte_view salt, unsigned iterations, unsigned memory)
{
    bytes out(argon2_length, '\0');
    auto const code = argon2id_hash_raw(iterations,
                                        memory,
                                        1,
                                        secret.data(),
                                        secret.size(),
                                        salt.data(),
                                        salt.size(),
                                        out.data(),
                                        out.size());
    if (code != ARGON2_OK) {
        throw failure(std::string("Argon2id cannot be computed: ") + argon2_error_message(code));
    }
    return out;
}

bytes exclusive_or(byte_view a, byte_view b)
{
    bytes out(a);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<char>(out[i] ^ b[i]);
    }
    return out;
}

}  // namespace cerro::auth
