#include "digest.hpp"
#include "scram.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/codec/base64.hpp>

#include <array>
#include <utility>

namespace cerro::auth {

namespace {

constexpr std::size_t nonce_octets = 16;
constexpr std::size_t longest_client_nonce = 256;

/// A member of AUTHENTICATE.Extra: it may be absent, but not be something else.
bool agrees(dict const& extra, std::string_view key, std::string_view wanted)
{
    auto const* const v = extra.find(key);
    return v == nullptr || v->is_null() || (v->as_text() != nullptr && *v->as_text() == wanted);
}

}  // namespace

result<scram_server> scram_server::create(scram_user user,
                                          std::string authid,
                                          std::string_view client_nonce,
                                          channel_binding binding)
{
    auto const raw = codec::base64_decode(client_nonce);
    if (!raw || raw->empty() || raw->size() > longest_client_nonce) {
        return fail(errc::malformed, "client nonce must be base64");
    }
    scram_server out;
    out.user_ = std::move(user);
    out.authid_ = std::move(authid);
    out.client_nonce_ = client_nonce;
    out.nonce_ = codec::base64_encode(*raw + random_octets(nonce_octets));
    out.binding_ = std::move(binding);
    return out;
}

dict scram_server::extra() const
{
    // crossbar's spelling of Argon2: autobahn refuses others, and all members that it does not know
    return {{"nonce", nonce_},
            {"salt", codec::base64_encode(user_.salt)},
            {"kdf", user_.kdf == kdf::pbkdf2 ? "pbkdf2" : "argon2id-13"},
            {"iterations", user_.iterations},
            {"memory", user_.memory}};
}

std::optional<std::string> scram_server::verify(std::string_view signature, dict const& extra) const
{
    auto const proof = codec::base64_decode(signature);
    bool const formed = proof && proof->size() == 32 && agrees(extra, "nonce", nonce_) &&
                        agrees(extra, "channel_binding", binding_.type) &&
                        agrees(extra, "cbind_data", codec::base64_encode(binding_.data));
    bytes const given = formed ? *proof : bytes(32, '\0');

    auto const salt = codec::base64_encode(user_.salt);
    auth_message const signed_text{authid_, client_nonce_, nonce_, salt, user_.iterations};
    std::array<std::string, 2> const names{authid_, escaped(authid_)};
    // A log-in that is bound to its connection has no dialect: the binding must be in the text.
    std::vector<std::string> bindings{binding_text(binding_)};
    if (binding_.type.empty()) {
        bindings.emplace_back(autobahn_binding_text);
    }
    // All ways are tried, always: the time tells nothing.
    std::optional<std::string> out;
    for (auto const& k : user_.keys) {
        for (auto const& name : names) {
            for (auto const& c : bindings) {
                auto const text = signed_text.text(name, c);
                auto const recovered = exclusive_or(hmac_sha256(k.stored, text), given);
                auto const server = hmac_sha256(k.server, text);
                if (equal_constant_time(sha256(recovered), k.stored) && formed) {
                    out = codec::base64_encode(server);
                }
            }
        }
    }
    return out;
}

}  // namespace cerro::auth
