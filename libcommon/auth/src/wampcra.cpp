#include "digest.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/auth/wampcra.hpp>
#include <cerro/base/iso8601.hpp>
#include <cerro/codec/base64.hpp>
#include <cerro/codec/codec.hpp>

namespace cerro::auth {

namespace {

constexpr std::int64_t most_iterations = 1'000'000;
constexpr std::int64_t longest_key = 1024;
constexpr std::int64_t default_iterations = 1000;
constexpr std::int64_t default_keylen = 32;
constexpr std::size_t nonce_octets = 16;

/// The member as an integer of 1 to `most`, or `fallback` if it is absent.
result<int> bounded(dict const& extra, std::string_view key, std::int64_t fallback, std::int64_t most)
{
    auto const* const member = extra.find(key);
    auto const number = member == nullptr ? std::optional(fallback) : member->as_int();
    if (!number || *number < 1) {
        return fail(errc::malformed, "CHALLENGE.Extra: " + std::string(key) + " is not a positive integer");
    }
    if (*number > most) {
        return fail(errc::limit_exceeded,
                    "CHALLENGE.Extra: " + std::string(key) + " is " + std::to_string(*number) +
                        "; more than " + std::to_string(most) + " is refused");
    }
    return static_cast<int>(*number);
}

}  // namespace

std::string wampcra_signature(std::string_view key_or_derived, std::string_view challenge)
{
    return codec::base64_encode(hmac_sha256(key_or_derived, challenge));
}

std::string wampcra_derive_key(std::string_view secret, std::string_view salt, int iterations, int keylen)
{
    if (iterations < 1 || keylen < 1) {
        throw failure("WAMP-CRA: iterations and keylen must be at least 1");
    }
    return codec::base64_encode(pbkdf2_sha256(secret, salt, iterations, static_cast<std::size_t>(keylen)));
}

wampcra_server::wampcra_server(wampcra_user user,
                               wampcra_subject const& subject,
                               std::chrono::system_clock::time_point now)
    : user_(std::move(user)),
      challenge_(codec::to_json(dict{{"authid", subject.authid},
                                     {"authrole", subject.authrole},
                                     {"authmethod", "wampcra"},
                                     {"authprovider", subject.authprovider},
                                     {"session", subject.session},
                                     {"nonce", random_token(nonce_octets)},
                                     {"timestamp", iso8601(now)}}))
{}

dict wampcra_server::extra() const
{
    dict out{{"challenge", challenge_}};
    if (!user_.salt.empty()) {
        out.set("salt", user_.salt);
        out.set("iterations", user_.iterations);
        out.set("keylen", user_.keylen);
    }
    return out;
}

bool wampcra_server::accepts(std::string_view signature) const
{
    return !user_.secret.empty() &&
           equal_constant_time(signature, wampcra_signature(user_.secret, challenge_));
}

result<std::string> wampcra_answer(std::string_view secret, dict const& extra)
{
    auto const* const challenge = extra.find("challenge");
    auto const* const text = challenge != nullptr ? challenge->as_text() : nullptr;
    if (text == nullptr) {
        return fail(errc::malformed, "CHALLENGE.Extra: challenge is not a text");
    }
    auto const* const salt = extra.find("salt");
    if (salt == nullptr || salt->is_null()) {
        return wampcra_signature(secret, *text);
    }
    auto const* const salt_text = salt->as_text();
    if (salt_text == nullptr) {
        return fail(errc::malformed, "CHALLENGE.Extra: salt is not a text");
    }
    auto const iterations = bounded(extra, "iterations", default_iterations, most_iterations);
    if (!iterations) {
        return iterations.error();
    }
    auto const keylen = bounded(extra, "keylen", default_keylen, longest_key);
    if (!keylen) {
        return keylen.error();
    }
    return wampcra_signature(wampcra_derive_key(secret, *salt_text, *iterations, *keylen), *text);
}

}  // namespace cerro::auth
