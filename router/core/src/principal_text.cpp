#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/auth/password.hpp>
#include <cerro/codec/base64.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/principals.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::size_t max_keys = 64;             // of one principal
constexpr std::size_t max_principals = 100'000;  // of one file
constexpr std::size_t max_file = 16U << 20U;     // [bytes]
constexpr std::size_t max_name = 1024;           // [bytes]
constexpr std::size_t key_octets = 32;
constexpr std::int64_t max_iterations = 1'000'000;
constexpr std::int64_t max_keylen = 1024;

/// Reads members of a dict; the first problem stays. No message shows a value: it may be a secret.
class fields {
public:
    explicit fields(dict const& of) : of_(of) {}

    [[nodiscard]] std::optional<problem> const& wrong() const { return wrong_; }
    [[nodiscard]] bool has(std::string_view key) const
    {
        auto const* v = of_.find(key);
        return v != nullptr && !v->is_null();
    }
    void complain(std::string_view key, std::string_view what)
    {
        if (!wrong_) {
            wrong_ = fail(errc::malformed, "'" + std::string(key) + "' " + std::string(what));
        }
    }
    std::string text(std::string_view key)
    {
        if (!has(key)) {
            return {};
        }
        auto const* t = of_.find(key)->as_text();
        if (t == nullptr) {
            complain(key, "must be text");
            return {};
        }
        return *t;
    }
    std::int64_t number(std::string_view key, std::int64_t otherwise, std::int64_t least, std::int64_t most)
    {
        if (!has(key)) {
            return otherwise;
        }
        auto const n = of_.find(key)->as_int();
        if (!n || *n < least || *n > most) {
            complain(key, "must be " + std::to_string(least) + " .. " + std::to_string(most));
            return otherwise;
        }
        return *n;
    }
    [[nodiscard]] value const* find(std::string_view key) const { return has(key) ? of_.find(key) : nullptr; }

private:
    dict const& of_;
    std::optional<problem> wrong_;
};

/// crossbar's tools write hexadecimal, its documents base64.
std::optional<bytes> hex_or_base64(std::string_view text)
{
    auto hex = auth::hex_decode(text);
    return hex ? std::move(hex) : codec::base64_decode(text);
}

std::string fingerprint(fields& in, std::string_view key, std::size_t octets)
{
    auto const text = in.text(key);
    std::string out;
    for (char const c : text) {
        if (c != ':' && c != ' ') {
            out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
    }
    if (!text.empty() && (out.size() != 2 * octets || !auth::hex_decode(out))) {
        in.complain(key, "must be " + std::to_string(octets) + " octets in hexadecimal");
        return {};
    }
    for (std::size_t i = out.size(); i > 2; i -= 2) {
        out.insert(i - 2, ":");
    }
    return out;
}

void read_wampcra(fields& in, principal& out)
{
    out.wampcra.secret = in.text("secret");
    out.wampcra.salt = in.text("salt");
    out.wampcra.iterations = static_cast<int>(in.number("iterations", 1000, 1, max_iterations));
    out.wampcra.keylen = static_cast<int>(in.number("keylen", 32, 1, max_keylen));
}

void read_scram(fields& in, principal& out)
{
    auto const kdf = in.text("kdf");
    if (kdf == "argon2id-13" || kdf == "argon2id13") {
        out.scram.kdf = auth::kdf::argon2id13;
    } else if (!kdf.empty() && kdf != "pbkdf2") {
        in.complain("kdf", "must be pbkdf2 or argon2id-13");
    }
    out.scram.iterations = static_cast<std::uint32_t>(in.number("iterations", 4096, 1, max_iterations));
    out.scram.memory = static_cast<std::uint32_t>(in.number("memory", 0, 0, auth::max_argon2_memory));
    if (auto const possible = auth::check_cost({out.scram.kdf, out.scram.iterations, out.scram.memory});
        !possible) {
        in.complain("iterations", "and 'memory' are not possible: " + possible.error().what);
    }
    auto salt = hex_or_base64(in.text("salt"));
    if (!salt || salt->size() < 8) {
        in.complain("salt", "must be at least 8 octets in hexadecimal or base64");
        return;
    }
    out.scram.salt = std::move(*salt);
    auto const stored = hex_or_base64(in.text("stored-key"));
    auto const server = hex_or_base64(in.text("server-key"));
    if (!stored || !server || stored->size() != key_octets || server->size() != key_octets) {
        in.complain("stored-key", "and 'server-key' must be 32 octets in hexadecimal or base64");
        return;
    }
    out.scram.keys.push_back({*stored, *server});
}

void read_key(fields& in, std::string_view member, value const& v, principal& out)
{
    auto key = v.as_text() != nullptr ? auth::parse_ed25519_key(*v.as_text()) : fail(errc::malformed, "");
    if (!key || out.keys.size() == max_keys) {
        in.complain(member, "must be at most 64 keys of 64 hexadecimal digits");
        return;
    }
    out.keys.push_back(std::move(*key));
}

void read_keys(fields& in, principal& out)
{
    if (auto const* key = in.find("pubkey")) {
        read_key(in, "pubkey", *key, out);
    }
    if (auto const* all = in.find("authorized_keys")) {
        if (!all->is_list()) {
            in.complain("authorized_keys", "must be a list");
            return;
        }
        for (auto const& key : *all->as_list()) {
            read_key(in, "authorized_keys", key, out);
        }
    }
}

void read_hashes(fields& in, principal& out)
{
    if (in.has("password")) {
        auto user = auth::parse_scram(in.text("password"));
        if (user) {
            out.scram = std::move(*user);
        } else {
            in.complain("password", user.error().what);
        }
    }
    if (in.has("wampcra")) {
        auto user = auth::parse_wampcra(in.text("wampcra"));
        if (user) {
            out.wampcra = std::move(*user);
        } else {
            in.complain("wampcra", user.error().what);
        }
    }
}

constexpr std::array<std::string_view, 20> file_keys{"role",
                                                     "realm",
                                                     "authid",
                                                     "extra",
                                                     "ticket",
                                                     "secret",
                                                     "salt",
                                                     "iterations",
                                                     "keylen",
                                                     "kdf",
                                                     "memory",
                                                     "stored-key",
                                                     "server-key",
                                                     "pubkey",
                                                     "password",
                                                     "wampcra",
                                                     "authorized_keys",
                                                     "certificate-sha1",
                                                     "certificate-sha256",
                                                     "certificate-cn"};

}  // namespace

result<principal> read_principal(dict const& of)
{
    fields in(of);
    principal out;
    out.role = in.text("role");
    out.realm = in.text("realm");
    out.authid = in.text("authid");
    if (auto const* extra = in.find("extra")) {
        if (extra->is_dict()) {
            out.extra = *extra->as_dict();
        } else {
            in.complain("extra", "must be an object");
        }
    }
    out.ticket = in.text("ticket");
    if (in.has("stored-key")) {
        read_scram(in, out);
    } else if (in.has("secret")) {
        read_wampcra(in, out);
    }
    read_keys(in, out);
    read_hashes(in, out);
    out.certificate_sha1 = fingerprint(in, "certificate-sha1", 20);
    out.certificate_sha256 = fingerprint(in, "certificate-sha256", 32);
    out.certificate_cn = in.text("certificate-cn");
    if (in.wrong()) {
        return *in.wrong();
    }
    return out;
}

result<principal_table> parse_principals(std::string_view json)
{
    if (json.size() > max_file) {
        return fail(errc::limit_exceeded, "the file is larger than 16 MiB");
    }
    auto const root = codec::from_json(json);
    if (!root) {
        return root.error();
    }
    auto const* all = root->find("principals");
    if (all == nullptr || !all->is_dict() || root->as_dict()->size() != 1) {
        return fail(errc::malformed,
                    "expected {\"principals\": {\"name\": {\"role\": .., \"password\": ..}}}");
    }
    if (all->as_dict()->size() > max_principals) {
        return fail(errc::limit_exceeded, "more than " + std::to_string(max_principals) + " principals");
    }
    principal_table out;
    for (auto const& [name, entry] : *all->as_dict()) {
        auto const at = [&, n = std::string_view(name)] {
            return "principal '" + std::string(n.substr(0, 64)) + "': ";
        };
        if (name.empty() || name.size() > max_name || !entry.is_dict()) {
            return fail(errc::malformed, at() + "expected a name and an object");
        }
        for (auto const& [key, v] : *entry.as_dict()) {
            if (std::find(file_keys.begin(), file_keys.end(), key) == file_keys.end()) {
                return fail(errc::malformed, at() + "unknown key '" + key.substr(0, 64) + "'");
            }
        }
        auto one = read_principal(*entry.as_dict());
        if (!one) {
            return fail(one.error().code, at() + one.error().what);
        }
        if (one->role.empty()) {
            return fail(errc::malformed, at() + "the key 'role' is missing");
        }
        if (!out.emplace(name, std::move(*one)).second) {
            return fail(errc::malformed, at() + "the name stands twice");
        }
    }
    return out;
}

}  // namespace cerro::router
