#include "sections.hpp"

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

/// `options` of a worker: all are about the process that crossbar starts for it.
bool is_disabled(reader& in, config::node const& worker)
{
    auto const* options = worker.find("options");
    if (options == nullptr || !in.map(*options,
                                      {"title",
                                       "python",
                                       "pythonpath",
                                       "cpu_affinity",
                                       "reactor",
                                       "env",
                                       "expose_controller",
                                       "expose_shared",
                                       "disabled",
                                       "shutdown",
                                       "extra"})) {
        return false;
    }
    in.no_effect(*options,
                 {{"cpu_affinity", ""}, {"expose_controller", "false"}, {"expose_shared", "false"}});
    return in.boolean(*options, "disabled", false);
}

void read_router_worker(reader& in, config::node const& n, section_context const& about, settings& out)
{
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
    read_components(in, n, about, false, out);
}

}  // namespace

void read_worker(reader& in, config::node const& n, section_context const& about, settings& out)
{
    if (!in.map(n)) {
        return;
    }
    if (is_disabled(in, n)) {
        in.note(n, "this worker is disabled");
        return;
    }
    auto const type = in.required_text(n, "type");
    if (type == "router") {
        read_router_worker(in, n, about, out);
    } else if (type == "container") {
        if (in.map(n, {"type", "id", "options", "manhole", "components", "connections"})) {
            in.no_effect(n, {{"manhole", ""}, {"connections", ""}});
            read_components(in, n, about, true, out);
        }
    } else if (type != "guest" && type != "websocket-testee" && type != "proxy") {
        in.wrong(n, "'" + type + "' is no type of worker; router and container are what this program can be");
    } else if (about.options.skip_components) {
        in.note(n, "a worker of type '" + type + "' is left out");
    } else {
        in.wrong(n,
                 "workers of type '" + type +
                     "' are not supported: run what they do as programs of their own, or give "
                     "--skip-components to leave the worker out");
    }
}

namespace {

/// Do realm and role of a path exist?
template <class Bridge>
void check_bridge(
    reader& in, config::node const& root, settings const& all, std::string const& place, Bridge const& b)
{
    auto const realm =
        std::find_if(all.realms.begin(), all.realms.end(), [&](auto const& r) { return r.name == b.realm; });
    if (realm == all.realms.end()) {
        in.wrong(root, place + ": there is no realm '" + b.realm + "'");
        return;
    }
    bool const known = b.role == "trusted" || std::any_of(realm->roles.begin(),
                                                          realm->roles.end(),
                                                          [&](auto const& r) { return r.first == b.role; });
    if (!known) {
        in.wrong(root, place + ": realm '" + b.realm + "' has no role '" + b.role + "'");
    }
}

}  // namespace

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
            std::string const place = "path '" + p.path + "' of " + l.name;
            if (std::count_if(l.paths.begin(), l.paths.end(), [&](auto const& other) {
                    return other.path == p.path;
                }) > 1) {
                in.wrong(root, place + " is configured twice");
            }
            if (auto const* caller = std::get_if<caller_settings>(&p.what)) {
                check_bridge(in, root, out, place, *caller);
            } else if (auto const* publisher = std::get_if<publisher_settings>(&p.what)) {
                check_bridge(in, root, out, place, *publisher);
            } else if (auto const* webhook = std::get_if<webhook_settings>(&p.what)) {
                check_bridge(in, root, out, place, *webhook);
            }
        }
    }
    for (auto const& f : out.forwarders) {
        check_bridge(in, root, out, "the forwarder to " + f.subscriptions.front().url, f);
    }
}

}  // namespace cerro::router
