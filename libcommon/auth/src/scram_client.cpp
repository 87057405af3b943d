#include "digest.hpp"
#include "scram.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/codec/base64.hpp>

#include <limits>
#include <utility>

namespace cerro::auth {

namespace {

constexpr std::size_t nonce_octets = 18;  // whole groups of base64: then its text begins the router's nonce
constexpr std::size_t longest_text = 4096;

problem wrong(std::string_view key, std::string_view what)
{
    return fail(errc::malformed, "CHALLENGE.Extra: " + std::string(key) + " " + std::string(what));
}

std::string const* short_text(dict const& extra, std::string_view key)
{
    auto const* const v = extra.find(key);
    auto const* const text = v != nullptr ? v->as_text() : nullptr;
    return text != nullptr && text->size() <= longest_text ? text : nullptr;
}

std::optional<std::uint32_t> number(dict const& extra, std::string_view key)
{
    auto const* const v = extra.find(key);
    auto const n = v != nullptr ? v->as_uint() : std::nullopt;
    return n && *n <= std::numeric_limits<std::uint32_t>::max()
               ? std::optional(static_cast<std::uint32_t>(*n))
               : std::nullopt;
}

}  // namespace

scram_client::scram_client(std::string authid, std::string password)
    : authid_(std::move(authid)),
      password_(std::move(password)),
      nonce_(codec::base64_encode(random_octets(nonce_octets)))
{}

dict scram_client::hello_extra() const
{
    return {{"nonce", nonce_}};
}

result<scram_client::answer> scram_client::respond(dict const& challenge)
{
    auto const* const nonce = short_text(challenge, "nonce");
    if (nonce == nullptr || !nonce->starts_with(nonce_) || nonce->size() <= nonce_.size()) {
        return wrong("nonce", "does not continue ours");
    }
    auto const* const salt_text = short_text(challenge, "salt");
    auto const salt = salt_text != nullptr ? codec::base64_decode(*salt_text) : std::nullopt;
    if (!salt || salt->size() < 8) {
        return wrong("salt", "is not base64 of at least 8 octets");
    }
    auto const* const kdf_text = short_text(challenge, "kdf");
    scram_cost cost;
    auto dialect = scram_dialect::autobahn;
    if (kdf_text != nullptr && *kdf_text == "argon2id13") {
        cost.kdf = kdf::argon2id13;
        dialect = scram_dialect::specification;
    } else if (kdf_text != nullptr && *kdf_text == "argon2id-13") {
        cost.kdf = kdf::argon2id13;
    } else if (kdf_text == nullptr || *kdf_text != "pbkdf2") {
        return fail(errc::unsupported, "CHALLENGE.Extra: kdf is neither pbkdf2 nor argon2id13");
    }
    cost.iterations = number(challenge, "iterations").value_or(0);
    cost.memory = number(challenge, "memory").value_or(0);
    if (auto const possible = check_cost(cost); !possible) {
        return possible.error();
    }
    auto const salted = salted_password(password_, cost.kdf, cost.iterations, cost.memory, *salt, dialect);
    bool const autobahn = dialect == scram_dialect::autobahn;
    auth_message const signed_text{authid_, nonce_, *nonce, *salt_text, cost.iterations};
    auto const text = signed_text.text(autobahn ? authid_ : escaped(authid_),
                                       autobahn ? std::string(autobahn_binding_text) : binding_text({}));
    auto const key = client_key(salted);
    server_signature_ = hmac_sha256(server_key(salted), text);
    answer out;
    out.signature = codec::base64_encode(exclusive_or(key, hmac_sha256(sha256(key), text)));
    out.extra = dict{{"nonce", *nonce}, {"channel_binding", nullptr}, {"cbind_data", nullptr}};
    return out;
}

bool scram_client::proves(dict const& welcome_extra) const
{
    for (auto const* const key : {"scram_server_signature", "verifier"}) {
        auto const* const text = short_text(welcome_extra, key);
        auto const signature = text != nullptr ? codec::base64_decode(*text) : std::nullopt;
        if (signature && !server_signature_.empty() && equal_constant_time(*signature, server_signature_)) {
            return true;
        }
    }
    return false;
}

}  // namespace cerro::auth
