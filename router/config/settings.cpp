#include "reader.hpp"
#include "sections.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/router/settings.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace cerro::router {

namespace {

std::string host_name()
{
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::string joined(std::vector<std::string> const& lines)
{
    std::string out;
    for (auto const& line : lines) {
        out += (out.empty() ? "" : "\n") + line;
    }
    return out;
}

void read_cerro(reader& in, config::node const& n, settings& out, transport::limits& wamp)
{
    if (!in.map(n, {"limits", "drain_time"})) {
        return;
    }
    out.drain_time = in.duration(n, "drain_time", out.drain_time);
    auto const* lim = n.find("limits");
    if (lim == nullptr || !in.map(*lim,
                                  {"max_message",
                                   "pending_bytes",
                                   "write_deadline",
                                   "handshake_timeout",
                                   "ping_interval",
                                   "ping_timeout",
                                   "max_depth",
                                   "max_items",
                                   "max_uri",
                                   "max_subscriptions",
                                   "max_registrations",
                                   "max_calls_open",
                                   "auth_failures",
                                   "call_timeout_max",
                                   "hello_timeout",
                                   "auth_timeout",
                                   "max_connections"})) {
        return;
    }
    constexpr std::int64_t many = 1'000'000'000;
    auto const count = [&](std::string_view key, std::size_t& into) {
        into = static_cast<std::size_t>(in.integer(*lim, key, static_cast<std::int64_t>(into), 1, many));
    };
    wamp.max_message = in.size(*lim, "max_message", wamp.max_message);
    wamp.pending_bytes = in.size(*lim, "pending_bytes", wamp.pending_bytes);
    wamp.write_deadline = in.duration(*lim, "write_deadline", wamp.write_deadline);
    wamp.handshake_timeout = in.duration(*lim, "handshake_timeout", wamp.handshake_timeout);
    wamp.ping_interval = in.duration(*lim, "ping_interval", wamp.ping_interval);
    wamp.ping_timeout = in.duration(*lim, "ping_timeout", wamp.ping_timeout);
    auto& s = out.sessions;
    count("max_depth", s.message.max_depth);
    count("max_items", s.message.max_items);
    count("max_uri", s.max_uri);
    count("max_subscriptions", s.max_subscriptions);
    count("max_registrations", s.max_registrations);
    count("max_calls_open", s.max_calls_open);
    count("auth_failures", s.auth_failures);
    count("max_connections", out.max_connections);
    s.call_timeout_max = in.duration(*lim, "call_timeout_max", s.call_timeout_max);
    s.hello_timeout = in.duration(*lim, "hello_timeout", s.hello_timeout);
    s.auth_timeout = in.duration(*lim, "auth_timeout", s.auth_timeout);
}

void read_controller(reader& in, config::node const& n, settings& out)
{
    if (in.map(n,
               {"id",
                "options",
                "manhole",
                "connections",
                "keyring",
                "enable_docker",
                "fabric",
                "blockchain",
                "extensions"})) {
        out.node = in.text(n, "id", out.node);
        in.no_effect(n, {{"manhole", ""}, {"connections", ""}, {"keyring", ""}, {"extensions", ""}});
    }
}

void read_worker(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n)) {
        return;
    }
    auto const type = in.required_text(n, "type");
    if (type != "router") {
        if (type == "container" || type == "guest" || type == "websocket-testee" || type == "proxy") {
            if (about.options.skip_components) {
                out.warnings.push_back(n.where() + ": a worker of type '" + type + "' is left out");
            } else {
                in.wrong(n,
                         "workers of type '" + type +
                             "' are not supported: run their components as programs of their own, or give "
                             "--skip-components to leave the worker out");
            }
        } else {
            in.wrong(n, "'" + type + "' is no type of worker; router is what this program can be");
        }
        return;
    }
    if (!in.map(n,
                {"type", "id", "options", "manhole", "realms", "transports", "components", "connections"})) {
        return;
    }
    if (out.worker.empty()) {
        out.worker = in.text(n, "id", "worker001");
    }
    in.no_effect(n, {{"manhole", ""}, {"connections", ""}});
    for (auto const& realm : in.items(n, "realms")) {
        read_realm(in, realm, out);
    }
    for (auto const& transport : in.items(n, "transports")) {
        read_transport(in, transport, about, out);
    }
    auto const* components = n.find("components");
    if (components != nullptr && !in.items(n, "components").empty()) {
        if (about.options.skip_components) {
            out.warnings.push_back(components->where() + ": components are left out");
        } else {
            in.wrong(*components,
                     "components inside the router are not supported: run them as programs of their own, "
                     "or give --skip-components to leave them out");
        }
    }
}

/// What only shows when everything has been read: names that refer to each other, doubtful choices.
void cross_check(reader& in, config::node const& root, settings& out)
{
    for (auto const& l : out.listeners) {
        if (l.endpoint.unix_path.empty() && !l.endpoint.address_given && !l.endpoint.tls) {
            out.warnings.push_back(
                l.name +
                ": no 'interface' is given, so this listens on all interfaces without TLS; "
                "add \"interface\": \"127.0.0.1\", or tls");
        }
        for (auto const& p : l.paths) {
            auto const* caller = std::get_if<caller_settings>(&p.what);
            if (caller == nullptr) {
                continue;
            }
            auto const realm = std::find_if(
                out.realms.begin(), out.realms.end(), [&](auto const& r) { return r.name == caller->realm; });
            if (realm == out.realms.end()) {
                in.wrong(
                    root,
                    "path '" + p.path + "' of " + l.name + ": there is no realm '" + caller->realm + "'");
            } else if (caller->role != "trusted" &&
                       std::none_of(realm->roles.begin(), realm->roles.end(), [&](auto const& r) {
                           return r.first == caller->role;
                       })) {
                in.wrong(root,
                         "path '" + p.path + "' of " + l.name + ": realm '" + caller->realm +
                             "' has no role '" + caller->role + "'");
            }
        }
    }
}

}  // namespace

std::string_view name(listener_settings::kind k) noexcept
{
    switch (k) {
        case listener_settings::kind::web: return "web";
        case listener_settings::kind::websocket: return "websocket";
        case listener_settings::kind::rawsocket: return "rawsocket";
    }
    return "?";
}

result<settings> parse_settings(std::string_view json,
                                std::string const& file_name,
                                load_options const& options)
{
    auto const root = config::parse_json(json, file_name);
    if (!root) {
        return root.error();
    }
    settings out;
    out.node = host_name();
    reader in;
    if (in.map(*root, {"$schema", "version", "controller", "workers", "cerro"})) {
        if (in.integer(*root, "version", 1, 0, 1'000'000) != 2) {
            in.wrong(*root, "version must be 2 (crossbar upgrades older files with `crossbar upgrade`)");
        }
        section_context about{options, {}};
        if (auto const* cerro = root->find("cerro")) {
            read_cerro(in, *cerro, out, about.wamp_limits);
        }
        if (auto const* controller = root->find("controller")) {
            read_controller(in, *controller, out);
        }
        for (auto const& worker : in.items(*root, "workers")) {
            read_worker(in, worker, about, out);
        }
        if (out.listeners.empty() && in.problems().empty()) {
            in.wrong(*root, "no worker of type router with a transport is configured");
        }
        cross_check(in, *root, out);
        out.warnings.insert(out.warnings.end(), in.notes().begin(), in.notes().end());
    }
    if (!in.problems().empty()) {
        return fail(errc::invalid_argument, joined(in.problems()));
    }
    return out;
}

}  // namespace cerro::router
