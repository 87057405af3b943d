#include "sections.hpp"
#include <cerro/codec/codec.hpp>

#include <algorithm>
#include <cctype>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::int64_t largest_body = 1LL << 20U;
constexpr std::int64_t a_day = 86'400;        // [s]
constexpr std::int64_t a_year = 366 * a_day;  // [s]
constexpr std::size_t most_nested = 8;        // 'path' in 'path'
constexpr std::string_view python_paths[] = {
    "longpoll", "upload", "wsgi", "resource", "cgi", "reverseproxy", "archive"};

/// A node of the file as a value, for what is handed out as it stands.
value value_of(config::node const& n)
{
    switch (n.type()) {
        case config::node::kind::map: {
            dict out;
            for (auto const& [key, member] : n.members()) {
                out.append(key, value_of(member));
            }
            return out;
        }
        case config::node::kind::sequence: {
            list out;
            for (auto const& item : n.items()) {
                out.push_back(value_of(item));
            }
            return out;
        }
        case config::node::kind::scalar: {
            if (n.quoted()) {
                return n.text();
            }
            auto bare = codec::from_json(n.text());
            return bare ? std::move(*bare) : value(n.text());
        }
        case config::node::kind::null: break;
    }
    return nullptr;
}

// --- publisher, caller, webhook
// ---------------------------------------------------------------------------------

/// `n` are the options; their keys are known to be right.
void read_guard(reader& in, config::node const& n, bridge_guard& out)
{
    bool const has_key = n.find("key") != nullptr;
    bool const has_secret = n.find("secret") != nullptr;
    if (has_key != has_secret) {
        in.wrong(n, "'key' and 'secret' belong together: give both, or none");
    } else if (has_key) {
        out.key = in.text(n, "key");
        out.secret = in.secret(n, "secret");
        if (out.key.empty() || out.secret.empty()) {
            in.wrong(n, "'key' and 'secret' must not be empty");
        }
    }
    if (auto const body = in.integer(n, "post_body_limit", 0, 0, largest_body); body > 0) {
        out.max_body = static_cast<std::size_t>(body);
    }
    out.timestamp_delta = std::chrono::seconds(in.integer(n, "timestamp_delta_limit", 300, 0, a_day));
    out.require_tls = in.boolean(n, "require_tls", false);
    for (auto const& item : in.items(n, "require_ip")) {
        auto const range = address_range::parse(item.text());
        if (!range) {
            in.wrong(item,
                     "'" + item.text() + "' is no range of addresses; write for instance \"192.168.0.0/16\"");
        } else {
            out.require_ip.push_back(*range);
        }
    }
    if (n.find("allowed_origins") != nullptr) {
        out.origins = origin_rules{in.texts(n, "allowed_origins"), false};
    }
    in.no_effect(n, {{"debug", "false"}});
}

/// publisher and caller have the same keys.
template <class Settings>
Settings read_bridge(reader& in, config::node const& n)
{
    Settings out;
    if (!in.map(n, {"type", "id", "realm", "role", "options"})) {
        return out;
    }
    out.realm = in.required_text(n, "realm");
    out.role = in.required_text(n, "role");
    auto const* options = n.find("options");
    if (options != nullptr && in.map(*options,
                                     {"key",
                                      "secret",
                                      "post_body_limit",
                                      "timestamp_delta_limit",
                                      "require_ip",
                                      "require_tls",
                                      "allowed_origins",
                                      "debug"})) {
        read_guard(in, *options, out.guard);
    }
    return out;
}

webhook_settings read_webhook(reader& in, config::node const& n)
{
    webhook_settings out;
    if (!in.map(n, {"type", "id", "realm", "role", "options"})) {
        return out;
    }
    out.realm = in.required_text(n, "realm");
    out.role = in.required_text(n, "role");
    auto const* options = n.find("options");
    if (options == nullptr) {
        in.wrong(n, "a webhook needs 'options' with the 'topic' to publish to");
        return out;
    }
    if (!in.map(*options,
                {"key",
                 "secret",
                 "post_body_limit",
                 "timestamp_delta_limit",
                 "require_ip",
                 "require_tls",
                 "allowed_origins",
                 "debug",
                 "topic",
                 "success_response",
                 "error_response",
                 "github_secret"})) {
        return out;
    }
    read_guard(in, *options, out.guard);
    out.topic = in.required_text(*options, "topic");
    out.success_response = in.text(*options, "success_response", out.success_response);
    out.error_response = in.text(*options, "error_response", out.error_response);
    if (options->find("github_secret") != nullptr) {
        out.github_secret = in.secret(*options, "github_secret");
        if (out.github_secret.empty()) {
            in.wrong(*options, "'github_secret' must not be empty; leave it out to accept unsigned requests");
        }
    }
    return out;
}

// --- files and values
// -------------------------------------------------------------------------------------------

static_settings read_static(reader& in, config::node const& n, section_context const& about)
{
    static_settings out;
    if (!in.map(n, {"type", "id", "directory", "package", "resource", "options"})) {
        return out;
    }
    for (auto const* key : {"package", "resource"}) {
        if (auto const* python = n.find(key)) {
            in.wrong(*python, "files inside of Python packages are not served; give their 'directory'");
            return out;
        }
    }
    out.directory = resolved(about, in.required_text(n, "directory"));
    auto const* options = n.find("options");
    if (options == nullptr || !in.map(*options,
                                      {"enable_directory_listing",
                                       "mime_types",
                                       "cache_timeout",
                                       "default_file",
                                       "allow_cross_origin"})) {
        return out;
    }
    out.listing = in.boolean(*options, "enable_directory_listing", false);
    out.allow_cross_origin = in.boolean(*options, "allow_cross_origin", true);
    out.default_file = in.text(*options, "default_file", out.default_file);
    if (out.default_file.find('/') != std::string::npos) {
        in.wrong(*options->find("default_file"), "a file name without '/' is expected");
    }
    out.cache_timeout =
        std::chrono::seconds(in.integer(*options, "cache_timeout", out.cache_timeout.count(), 0, a_year));
    auto const* types = options->find("mime_types");
    if (types != nullptr && in.map(*types)) {
        for (auto const& [extension, type] : types->members()) {
            if (!extension.starts_with('.') || !type.is_scalar()) {
                in.wrong(type, "expected \".ext\": \"type/subtype\"");
            } else {
                out.mime_types.insert_or_assign(extension, type.text());
            }
        }
    }
    return out;
}

json_settings read_json(reader& in, config::node const& n)
{
    json_settings out;
    if (!in.map(n, {"type", "id", "value", "options"})) {
        return out;
    }
    bool prettify = false;
    auto const* options = n.find("options");
    if (options != nullptr && in.map(*options, {"prettify", "allow_cross_origin", "discourage_caching"})) {
        prettify = in.boolean(*options, "prettify", false);
        out.allow_cross_origin = in.boolean(*options, "allow_cross_origin", true);
        out.discourage_caching = in.boolean(*options, "discourage_caching", false);
    }
    if (auto const* v = n.find("value")) {
        out.body = codec::to_json(value_of(*v), prettify ? 3 : 0);
    } else {
        in.wrong(n, "the key 'value' is missing");
    }
    return out;
}

void read_path(reader& in,
               std::string const& where,
               config::node const& n,
               section_context const& about,
               listener_settings& out)
{
    if (!in.map(n)) {
        return;
    }
    auto const type = in.required_text(n, "type");
    if (type == "websocket") {
        if (in.map(n, {"type", "id", "url", "serializers", "cookie", "auth", "options", "debug"})) {
            out.paths.push_back({where, read_wamp(in, n, about, true)});
        }
    } else if (type == "caller") {
        out.paths.push_back({where, read_bridge<caller_settings>(in, n)});
    } else if (type == "publisher") {
        out.paths.push_back({where, read_bridge<publisher_settings>(in, n)});
    } else if (type == "webhook") {
        out.paths.push_back({where, read_webhook(in, n)});
    } else if (type == "static") {
        out.paths.push_back({where, read_static(in, n, about)});
    } else if (type == "json") {
        out.paths.push_back({where, read_json(in, n)});
    } else if (type == "nodeinfo") {
        in.map(n, {"type", "id"});
        out.paths.push_back({where, nodeinfo_settings{}});
    } else if (type == "redirect") {
        if (in.map(n, {"type", "id", "url"})) {
            out.paths.push_back({where, redirect_settings{in.required_text(n, "url")}});
        }
    } else if (type == "path") {
        auto const* paths = n.find("paths");
        if (in.map(n, {"type", "id", "paths"}) && paths == nullptr) {
            in.wrong(n, "the key 'paths' is missing");
        } else if (paths != nullptr) {
            read_paths(in, *paths, where == "/" ? "" : where, about, out);
        }
    } else if (std::find(std::begin(python_paths), std::end(python_paths), type) != std::end(python_paths)) {
        if (about.options.skip_components) {
            in.note(n, "a path of type '" + type + "' is left out");
        } else {
            in.wrong(n,
                     "paths of type '" + type +
                         "' cannot be served by this router; give --skip-components to leave them out");
        }
    } else {
        in.wrong(n,
                 "'" + type +
                     "' is no type of path; websocket, caller, publisher, webhook, static, json, redirect, "
                     "nodeinfo and path are");
    }
}

}  // namespace

bool valid_path(std::string_view path)
{
    return path == "/" || (!path.empty() && std::all_of(path.begin(), path.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '_' || c == '-';
           }));
}

void read_paths(reader& in,
                config::node const& paths,
                std::string const& prefix,
                section_context const& about,
                listener_settings& out)
{
    if (!in.map(paths)) {
        return;
    }
    if (static_cast<std::size_t>(std::count(prefix.begin(), prefix.end(), '/')) >= most_nested) {
        in.wrong(paths, "paths are nested too deeply");
        return;
    }
    for (auto const& [path, n] : paths.members()) {
        if (!valid_path(path)) {
            in.wrong(n, "a path is '/' or made of letters, digits, '-' and '_'");
            continue;
        }
        std::string const below = path == "/" ? "" : "/" + path;
        read_path(in, prefix.empty() && below.empty() ? "/" : prefix + below, n, about, out);
    }
}

}  // namespace cerro::router
