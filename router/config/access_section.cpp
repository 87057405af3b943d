#include "secret_files.hpp"
#include "sections.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view auth_types = "static, dynamic and file are";

/// One `auth` section.
struct access_reader {
    reader& in;
    section_context const& about;

    /// "type": static, dynamic or file; anything else is a problem, and the answer empty.
    std::string type(config::node const& n)
    {
        auto out = in.required_text(n, "type");
        if (out == "function") {
            in.wrong(
                n,
                "authentication by a Python function is not possible here; make it a procedure and write "
                "{\"type\": \"dynamic\", \"authenticator\": \"its.uri\"}");
            return {};
        }
        if (out != "static" && out != "dynamic" && out != "file") {
            in.wrong(n, "'" + out + "' is no type of authentication; " + std::string(auth_types));
            return {};
        }
        return out;
    }

    dynamic_authenticator authenticator(config::node const& n)
    {
        dynamic_authenticator out;
        out.procedure = in.required_text(n, "authenticator");
        out.realm = in.text(n, "authenticator-realm");
        out.role = in.text(n, "authenticator-role", "trusted");
        if (!wamp::valid_uri(out.procedure)) {
            in.wrong(n, "'" + out.procedure + "' is not the URI of a procedure");
        }
        return out;
    }

    void anonymous(config::node const& n, access_rules& out)
    {
        auto const kind = in.map(n) ? type(n) : "";
        if (kind == "static" && in.map(n, {"type", "role"})) {
            out.anonymous_role = in.text(n, "role", "anonymous");
        } else if (kind == "dynamic" &&
                   in.map(n, {"type", "authenticator", "authenticator-realm", "authenticator-role"})) {
            out.anonymous_authenticator = authenticator(n);
        } else if (kind == "file") {
            in.wrong(n, "anonymous sessions are in no file; give \"type\": \"static\" and a role");
        }
    }

    /// A principal's keys as they stand, secrets brought from environment and files.
    dict raw(config::node const& p)
    {
        dict out;
        for (auto const& [key, v] : p.members()) {
            if (key == "ticket" || key == "secret") {
                out.append(key, secret(in, p, key, about.options.base_dir, about.all.warnings));
                about.all.secrets_inline |= !v.is_map() && !v.text().starts_with('$');
            } else {
                out.append(key, plain(v));
            }
        }
        return out;
    }

    static value plain(config::node const& n)
    {
        if (n.is_map()) {
            dict out;
            for (auto const& [key, v] : n.members()) {
                out.set(key, plain(v));
            }
            return out;
        }
        if (n.is_sequence()) {
            list out;
            for (auto const& v : n.items()) {
                out.push_back(plain(v));
            }
            return out;
        }
        if (!n.quoted() && !n.is_null()) {
            if (auto const number = n.as_int()) {
                return *number;
            }
            if (auto const real = n.as_double()) {
                return *real;
            }
            if (auto const flag = n.as_bool()) {
                return *flag;
            }
        }
        return n.is_null() ? value() : value(n.text());
    }

    /// `where`: "principals", or "users" for wampcra. `need`: one of these shows who it is.
    void table(config::node const& n,
               std::string_view where,
               std::initializer_list<std::string_view> known,
               std::initializer_list<std::string_view> need,
               method_rules& out)
    {
        principal_table read;
        auto const* entries = n.find(where);
        if (entries == nullptr || !in.map(*entries)) {
            in.wrong(n,
                     "'" + std::string(where) + "' must name who may join: {\"joe\": {\"" +
                         std::string(*need.begin()) + "\": .., \"role\": ..}}");
            return;
        }
        for (auto const& [authid, p] : entries->members()) {
            if (!in.map(p, known)) {
                continue;
            }
            [[maybe_unused]] auto const role = in.required_text(p, "role");
            if (std::none_of(
                    need.begin(), need.end(), [&, q = &p](auto key) { return q->find(key) != nullptr; })) {
                in.wrong(p, "the key '" + std::string(*need.begin()) + "' is missing");
            }
            auto one = read_principal(raw(p));
            if (one) {
                read.emplace(authid, std::move(*one));
            } else {
                in.wrong(p, one.error().what);
            }
        }
        out.known = std::make_shared<principals>(std::move(read));
    }

    void from_file(config::node const& n, method_rules& out)
    {
        if (!in.map(n, {"type", "principals_file", "default-role"})) {
            return;
        }
        auto const path = resolved(about, in.required_text(n, "principals_file"));
        for (auto const& known : about.all.principal_files) {
            if (known.path == path) {
                out.known = known.table;
                return;
            }
        }
        auto table = load_principals(path);
        if (!table) {
            in.wrong(n, table.error().what);
            return;
        }
        warn_if_public(path, "password hashes", about.all.warnings);
        out.known = std::make_shared<principals>(std::move(*table));
        about.all.principal_files.push_back({path, out.known});
    }

    std::optional<method_rules> method(config::node const& n,
                                       std::string_view where,
                                       std::initializer_list<std::string_view> known,
                                       std::initializer_list<std::string_view> need)
    {
        method_rules out{std::make_shared<principals>(), std::nullopt, {}};
        auto const kind = in.map(n) ? type(n) : "";
        out.default_role = in.text(n, "default-role");
        if (kind == "static" && in.map(n, {"type", where, "default-role"})) {
            table(n, where, known, need, out);
        } else if (kind == "dynamic" && in.map(n,
                                               {"type",
                                                "authenticator",
                                                "authenticator-realm",
                                                "authenticator-role",
                                                "default-role"})) {
            out.authenticator = authenticator(n);
        } else if (kind == "file") {
            from_file(n, out);
        }
        return out;
    }

    void read(std::string const& name, config::node const& n, access_rules& out)
    {
        if (name == "anonymous") {
            anonymous(n, out);
        } else if (name == "ticket") {
            out.ticket = method(n, "principals", {"ticket", "role", "realm", "extra"}, {"ticket"});
        } else if (name == "wampcra") {
            out.wampcra = method(
                n, "users", {"secret", "role", "salt", "iterations", "keylen", "realm", "extra"}, {"secret"});
        } else if (name == "scram") {
            out.scram = method(n,
                               "principals",
                               {"kdf",
                                "iterations",
                                "memory",
                                "salt",
                                "stored-key",
                                "server-key",
                                "password",
                                "role",
                                "realm",
                                "extra"},
                               {"stored-key", "password"});
        } else if (name == "cryptosign") {
            // crossbar's trustroots are a chain of signatures of its own; a key that is listed is what counts
            // here
            out.cryptosign =
                method(n, "principals", {"authorized_keys", "role", "realm", "extra"}, {"authorized_keys"});
        } else if (name == "tls") {
            out.tls =
                method(n,
                       "principals",
                       {"certificate-sha1", "certificate-sha256", "certificate-cn", "role", "realm", "extra"},
                       {"certificate-sha1", "certificate-sha256", "certificate-cn"});
        } else if (name == "cookie") {
            in.map(n, {});
            out.cookie = true;
        } else {
            in.wrong(n, "this method is of crossbar's own proxies and not needed here");
        }
    }
};

std::shared_ptr<cookie_store> read_cookie(reader& in, config::node const& n, section_context const& about)
{
    if (!in.map(n, {"name", "length", "max_age", "store", "secure", "http_strict", "same_site"})) {
        return nullptr;
    }
    cookie_rules out;
    out.name = in.text(n, "name", out.name);
    if (out.name.empty() ||
        out.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
            std::string::npos) {
        in.wrong(n, "the cookie's name may have letters, digits, '_' and '-' only");
    }
    out.length = static_cast<std::size_t>(in.integer(n, "length", 24, 6, 64));
    out.max_age = std::chrono::seconds(in.integer(n, "max_age", 604'800, 1, 10LL * 365 * 86'400));
    out.secure = in.boolean(n, "secure", false);
    out.http_strict = in.boolean(n, "http_strict", false);
    out.same_site = in.text(n, "same_site");
    if (!out.same_site.empty()) {
        out.same_site[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out.same_site[0])));
        if (out.same_site != "Strict" && out.same_site != "Lax" && out.same_site != "None") {
            in.wrong(*n.find("same_site"), "'" + out.same_site + "' must be strict, lax or none");
        }
    }
    if (out.length < 16) {
        about.all.warnings.push_back(n.where() + ": ids of " + std::to_string(out.length) +
                                     " characters can be guessed; 24 are crossbar's default");
    }
    if (auto const* store = n.find("store");
        store != nullptr && in.map(*store, {"type", "filename", "purge_on_startup"})) {
        auto const type = in.required_text(*store, "type");
        if (type == "file") {
            out.file = resolved(about, in.required_text(*store, "filename"));
        } else if (type != "memory") {
            in.wrong(*store, "'" + type + "' is no store of cookies here; memory and file are");
        }
    }
    for (auto const& other : about.all.cookie_stores) {
        if (!out.file.empty() && other->rules().file == out.file) {
            return other;
        }
    }
    auto made = std::make_shared<cookie_store>(std::move(out));
    about.all.cookie_stores.push_back(made);
    return made;
}

}  // namespace

std::shared_ptr<access_rules const> read_access(reader& in,
                                                config::node const& transport,
                                                section_context const& about)
{
    auto const* auth = transport.find("auth");
    auto const* cookie = transport.find("cookie");
    auto out = std::make_shared<access_rules>(auth == nullptr ? access_rules::open() : access_rules());
    if (cookie != nullptr) {
        out->cookies = read_cookie(in, *cookie, about);
    }
    if (auth == nullptr || !in.map(*auth,
                                   {"anonymous",
                                    "ticket",
                                    "wampcra",
                                    "scram",
                                    "cryptosign",
                                    "cookie",
                                    "tls",
                                    "anonymous-proxy",
                                    "cryptosign-proxy"})) {
        return out;
    }
    access_reader section{in, about};
    for (auto const& [method, n] : auth->members()) {
        section.read(method, n, *out);
    }
    if (out->cookie && !out->cookies) {
        in.wrong(*auth->find("cookie"), "the transport gives no cookies; add \"cookie\": {} beside 'auth'");
    }
    return out;
}

}  // namespace cerro::router
