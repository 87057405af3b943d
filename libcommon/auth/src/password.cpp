#include <cerro/auth/compare.hpp>
#include <cerro/auth/password.hpp>
#include <cerro/codec/base64.hpp>

#include <charconv>
#include <optional>
#include <utility>

namespace cerro::auth {

namespace {

constexpr std::string_view scram_pbkdf2 = "SCRAM-SHA-256";
constexpr std::string_view scram_argon2 = "SCRAM-SHA-256-ARGON2ID13";
constexpr std::string_view cra = "WAMP-CRA";
constexpr std::size_t salt_octets = 16;
constexpr std::size_t key_octets = 32;
constexpr std::size_t longest = 4096;  // of a whole text
constexpr std::size_t most_keys = 4;
constexpr int wampcra_iterations = 15'000;
constexpr int most_wampcra_iterations = 1'000'000;
constexpr int longest_wampcra_key = 1024;

/// What stands before the first `by`; `text` is left with what is behind it.
std::string_view cut(std::string_view& text, char by)
{
    auto const at = text.find(by);
    auto const head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
    return head;
}

template <class Number>
std::optional<Number> number(std::string_view text)
{
    Number n{};
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    return ec == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

// The text holds secrets: no message shows any of it.
problem malformed(std::string_view what)
{
    return fail(errc::malformed, "not a password hash: " + std::string(what));
}

std::optional<scram_keys> parse_keys(std::string_view text)
{
    auto stored = codec::base64_decode(cut(text, ':'));
    auto server = codec::base64_decode(text);
    if (!stored || !server || stored->size() != key_octets || server->size() != key_octets) {
        return std::nullopt;
    }
    return scram_keys{std::move(*stored), std::move(*server)};
}

}  // namespace

std::string to_text(scram_user const& user)
{
    bool const argon2 = user.kdf == kdf::argon2id13;
    std::string out(argon2 ? scram_argon2 : scram_pbkdf2);
    out += "$" + std::to_string(user.iterations) + ":";
    if (argon2) {
        out += std::to_string(user.memory) + ":";
    }
    out += codec::base64_encode(user.salt);
    for (auto const& k : user.keys) {
        out += "$" + codec::base64_encode(k.stored) + ":" + codec::base64_encode(k.server);
    }
    return out;
}

result<scram_user> parse_scram(std::string_view text)
{
    if (text.size() > longest) {
        return malformed("it is too long");
    }
    auto const kind = cut(text, '$');
    if (kind != scram_pbkdf2 && kind != scram_argon2) {
        return malformed("it begins neither with SCRAM-SHA-256$ nor with SCRAM-SHA-256-ARGON2ID13$");
    }
    scram_user out;
    out.kdf = kind == scram_argon2 ? kdf::argon2id13 : kdf::pbkdf2;
    auto parameters = cut(text, '$');
    auto const iterations = number<std::uint32_t>(cut(parameters, ':'));
    auto const memory =
        out.kdf == kdf::argon2id13 ? number<std::uint32_t>(cut(parameters, ':')) : std::optional(0U);
    if (!iterations || !memory) {
        return malformed("iterations or memory are no numbers");
    }
    out.iterations = *iterations;
    out.memory = *memory;
    if (auto const possible = check_cost({out.kdf, out.iterations, out.memory}); !possible) {
        return possible.error();
    }
    auto salt = codec::base64_decode(parameters);
    if (!salt || salt->size() < 8) {
        return malformed("its salt is not base64 of at least 8 octets");
    }
    out.salt = std::move(*salt);
    while (!text.empty()) {
        auto keys = parse_keys(cut(text, '$'));
        if (!keys || out.keys.size() == most_keys) {
            return malformed("its keys are not pairs of 32 octets in base64");
        }
        out.keys.push_back(std::move(*keys));
    }
    if (out.keys.empty()) {
        return malformed("it has no keys");
    }
    return out;
}

std::string to_text(wampcra_user const& user)
{
    return std::string(cra) + "$" + std::to_string(user.iterations) + ":" + std::to_string(user.keylen) +
           ":" + user.salt + "$" + user.secret;
}

result<wampcra_user> parse_wampcra(std::string_view text)
{
    if (text.size() > longest) {
        return malformed("it is too long");
    }
    if (cut(text, '$') != cra) {
        return malformed("it does not begin with WAMP-CRA$");
    }
    auto parameters = cut(text, '$');
    auto const iterations = number<int>(cut(parameters, ':'));
    auto const keylen = number<int>(cut(parameters, ':'));
    if (!iterations || !keylen || *iterations < 1 || *keylen < 1) {
        return malformed("iterations or key length are no positive numbers");
    }
    if (*iterations > most_wampcra_iterations || *keylen > longest_wampcra_key) {
        return fail(errc::limit_exceeded, "WAMP-CRA: more than 1,000,000 iterations or 1024 octets of key");
    }
    auto const key = codec::base64_decode(text);
    if (parameters.empty() || !key || key->size() != static_cast<std::size_t>(*keylen)) {
        return malformed("it has no salt, or its key is not base64 of that length");
    }
    return wampcra_user{std::string(text), std::string(parameters), *iterations, *keylen};
}

scram_user hash_password(std::string_view password, scram_cost const& cost)
{
    return scram_derive(password, cost, random_octets(salt_octets));
}

wampcra_user derive_wampcra(std::string_view password)
{
    wampcra_user out;
    out.salt = random_token(salt_octets);
    out.iterations = wampcra_iterations;
    out.secret = wampcra_derive_key(password, out.salt, out.iterations, out.keylen);
    return out;
}

}  // namespace cerro::auth
