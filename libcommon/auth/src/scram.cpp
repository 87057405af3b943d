#include "scram.hpp"

#include "digest.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/codec/base64.hpp>

#include <string>

namespace cerro::auth {

namespace {

constexpr std::size_t key_length = 32;
constexpr std::uint32_t least_argon2_memory = 8;
constexpr std::uint32_t cheap_iterations = 50'000;
constexpr std::uint64_t cheap_argon2_work = 16'384;

}  // namespace

result<void> check_cost(scram_cost const& cost)
{
    if (cost.iterations == 0) {
        return fail(errc::malformed, "scram: iterations must be at least 1");
    }
    if (cost.kdf == kdf::pbkdf2) {
        if (cost.iterations > max_pbkdf2_iterations) {
            return fail(errc::limit_exceeded,
                        "scram: " + std::to_string(cost.iterations) + " iterations are more than " +
                            std::to_string(max_pbkdf2_iterations));
        }
        return {};
    }
    if (cost.memory < least_argon2_memory) {
        return fail(errc::malformed, "scram: argon2id13 needs a memory of at least 8 (KiB)");
    }
    if (cost.memory > max_argon2_memory ||
        std::uint64_t{cost.iterations} * std::uint64_t{cost.memory} > max_argon2_work) {
        return fail(errc::limit_exceeded,
                    "scram: argon2id13 with memory " + std::to_string(cost.memory) + " KiB and " +
                        std::to_string(cost.iterations) + " iterations is more than this side computes");
    }
    return {};
}

bytes salted_password(std::string_view password,
                      auth::kdf kdf,
                      std::uint32_t iterations,
                      std::uint32_t memory,
                      byte_view salt,
                      scram_dialect d)
{
    if (kdf == auth::kdf::pbkdf2) {
        return pbkdf2_sha256(password, salt, static_cast<int>(iterations), key_length);
    }
    auto hash = argon2id13(password, salt, iterations, memory);
    if (d == scram_dialect::specification) {
        return hash;
    }
    auto text = codec::base64_encode(hash);
    text.erase(text.find('='));
    return text;
}

bytes client_key(byte_view salted)
{
    return hmac_sha256(salted, "Client Key");
}

bytes server_key(byte_view salted)
{
    return hmac_sha256(salted, "Server Key");
}

std::string auth_message::text(std::string_view escaped_authid, std::string_view c) const
{
    std::string out = "n=";
    out.append(escaped_authid).append(",r=").append(client_nonce);
    out.append(",r=").append(nonce).append(",s=").append(salt).append(",i=").append(
        std::to_string(iterations));
    out.append(",c=").append(c).append(",r=").append(nonce);
    return out;
}

std::string escaped(std::string_view authid)
{
    std::string out;
    for (char const c : authid) {
        if (c == ',') {
            out += "=2C";
        } else if (c == '=') {
            out += "=3D";
        } else {
            out += c;
        }
    }
    return out;
}

std::string binding_text(channel_binding const& b)
{
    return codec::base64_encode(b.type.empty() ? "n,," : "p=" + b.type + ",," + b.data);
}

scram_user scram_derive(std::string_view password, scram_cost const& cost, byte_view salt)
{
    check_cost(cost).value();
    scram_user out{cost.kdf, cost.iterations, cost.memory, bytes(salt), {}};
    auto const add = [&](scram_dialect d) {
        auto const salted = salted_password(password, cost.kdf, cost.iterations, cost.memory, salt, d);
        out.keys.push_back({sha256(client_key(salted)), server_key(salted)});
    };
    add(scram_dialect::specification);
    if (cost.kdf == kdf::argon2id13) {
        add(scram_dialect::autobahn);
    }
    return out;
}

bool scram_matches(scram_user const& user, std::string_view password)
{
    auto const derived = scram_derive(password, {user.kdf, user.iterations, user.memory}, user.salt);
    bool right = false;
    for (auto const& wanted : user.keys) {
        for (auto const& given : derived.keys) {
            right |= equal_constant_time(wanted.stored, given.stored);
        }
    }
    return right;
}

bool scram_is_cheap(scram_user const& user)
{
    return user.kdf == kdf::pbkdf2
               ? user.iterations <= cheap_iterations
               : std::uint64_t{user.iterations} * std::uint64_t{user.memory} <= cheap_argon2_work;
}

}  // namespace cerro::auth
