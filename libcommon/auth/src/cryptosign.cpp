#include "digest.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>

#include <openssl/evp.h>

#include <memory>
#include <utility>

namespace cerro::auth {

namespace {

constexpr std::size_t challenge_octets = 32;
constexpr std::size_t signature_octets = 64;

struct free_key {
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};
struct free_context {
    void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using key = std::unique_ptr<EVP_PKEY, free_key>;
using context = std::unique_ptr<EVP_MD_CTX, free_context>;

unsigned char const* octets_of(byte_view data)
{
    return reinterpret_cast<unsigned char const*>(data.data());
}

key private_key(byte_view seed)
{
    key k;
    if (seed.size() == ed25519_key_octets) {
        k.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(seed), seed.size()));
    }
    if (!k) {
        throw failure("cryptosign: the private key is not 32 octets of Ed25519");
    }
    return k;
}

bytes with_channel(bytes const& challenge, byte_view channel)
{
    return channel.size() == challenge.size() ? exclusive_or(challenge, channel) : challenge;
}

}  // namespace

bytes ed25519_public_key(byte_view seed)
{
    auto const k = private_key(seed);
    bytes out(ed25519_key_octets, '\0');
    auto size = out.size();
    if (EVP_PKEY_get_raw_public_key(k.get(), reinterpret_cast<unsigned char*>(out.data()), &size) != 1) {
        throw failure("OpenSSL cannot compute an Ed25519 public key", 70);
    }
    return out;
}

bytes ed25519_sign(byte_view seed, byte_view message)
{
    auto const k = private_key(seed);
    context const c(EVP_MD_CTX_new());
    bytes out(signature_octets, '\0');
    auto size = out.size();
    if (!c || EVP_DigestSignInit(c.get(), nullptr, nullptr, nullptr, k.get()) != 1 ||
        EVP_DigestSign(c.get(),
                       reinterpret_cast<unsigned char*>(out.data()),
                       &size,
                       octets_of(message),
                       message.size()) != 1) {
        throw failure("OpenSSL cannot sign with Ed25519", 70);
    }
    return out;
}

bool ed25519_verify(byte_view public_key, byte_view message, byte_view signature)
{
    if (public_key.size() != ed25519_key_octets || signature.size() != signature_octets) {
        return false;
    }
    key const k(
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(public_key), public_key.size()));
    context const c(EVP_MD_CTX_new());
    return k && c && EVP_DigestVerifyInit(c.get(), nullptr, nullptr, nullptr, k.get()) == 1 &&
           EVP_DigestVerify(
               c.get(), octets_of(signature), signature.size(), octets_of(message), message.size()) == 1;
}

result<bytes> parse_ed25519_key(std::string_view text)
{
    auto octets = hex_decode(text);
    if (!octets || octets->size() != ed25519_key_octets) {
        return fail(errc::malformed, "a key is 64 hexadecimal digits");
    }
    return std::move(*octets);
}

cryptosign_server::cryptosign_server(std::vector<bytes> keys, byte_view channel)
    : keys_(std::move(keys)),
      challenge_(random_octets(challenge_octets)),
      expected_(with_channel(challenge_, channel))
{}

dict cryptosign_server::extra() const
{
    return {{"challenge", hex_encode(challenge_)}};
}

bool cryptosign_server::accepts(std::string_view signature) const
{
    auto const octets = hex_decode(signature);
    if (!octets || octets->size() != signature_octets + challenge_octets) {
        return false;
    }
    byte_view const all(*octets);
    bool right = false;
    for (auto const& k : keys_) {
        right |= ed25519_verify(k, expected_, all.substr(0, signature_octets));
    }
    return right && equal_constant_time(all.substr(signature_octets), expected_);
}

result<std::string> cryptosign_answer(byte_view seed, dict const& extra, byte_view channel)
{
    auto const* const member = extra.find("challenge");
    auto const* const text = member != nullptr ? member->as_text() : nullptr;
    auto const challenge = text != nullptr ? hex_decode(*text) : std::nullopt;
    if (!challenge || challenge->size() != challenge_octets) {
        return fail(errc::malformed, "CHALLENGE.Extra: challenge is not 64 hexadecimal digits");
    }
    auto const message = with_channel(*challenge, channel);
    return hex_encode(ed25519_sign(seed, message) + message);
}

}  // namespace cerro::auth
