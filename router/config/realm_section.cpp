#include "sections.hpp"

#include <utility>

namespace cerro::router {

namespace {

permission read_permission(reader& in, config::node const& n)
{
    permission p;
    if (!in.map(n, {"uri", "match", "allow", "disclose", "cache", "validate", "meta", "cerro"})) {
        return p;
    }
    p.uri = in.required_text(n, "uri");
    in.no_effect(n, {{"validate", ""}, {"meta", ""}});
    if (n.find("match") != nullptr) {
        auto const text = in.text(n, "match");
        auto const match = wamp::parse_match_policy(text);
        if (!match) {
            in.wrong(*n.find("match"), "'" + text + "' must be exact, prefix or wildcard");
        } else {
            p.match = *match;
        }
    } else if (p.uri.ends_with('*')) {
        p.uri.pop_back();
        p.match = wamp::match_policy::prefix;
    } else if (p.uri.find("..") != std::string::npos) {
        p.match = wamp::match_policy::wildcard;
    }
    if (auto const* allow = n.find("allow");
        allow != nullptr && in.map(*allow, {"call", "register", "publish", "subscribe"})) {
        p.allow.call = in.boolean(*allow, "call", false);
        p.allow.register_ = in.boolean(*allow, "register", false);
        p.allow.publish = in.boolean(*allow, "publish", false);
        p.allow.subscribe = in.boolean(*allow, "subscribe", false);
    }
    if (auto const* show = n.find("disclose"); show != nullptr && in.map(*show, {"caller", "publisher"})) {
        p.allow.disclose_caller = in.boolean(*show, "caller", false);
        p.allow.disclose_publisher = in.boolean(*show, "publisher", false);
    }
    if (auto const* ours = n.find("cerro");
        ours != nullptr && in.map(*ours, {"trustlevel"}) && ours->find("trustlevel") != nullptr) {
        p.allow.trustlevel = static_cast<int>(in.integer(*ours, "trustlevel", 0, 0, 1'000'000));
    }
    return p;
}

void read_options(reader& in, config::node const& n, realm_options& out)
{
    if (!in.map(n, {"enable_meta_api", "bridge_meta_api", "event_dispatching_chunk_size", "uri_check"})) {
        return;
    }
    out.meta_api = in.boolean(n, "enable_meta_api", true);
    auto const check = in.text(n, "uri_check", "loose");
    if (check != "loose" && check != "strict") {
        in.wrong(*n.find("uri_check"), "'" + check + "' must be loose or strict");
    }
    out.uri_check = check == "strict" ? wamp::uri_rule::strict : wamp::uri_rule::loose;
    in.no_effect(n, {{"bridge_meta_api", "false"}, {"event_dispatching_chunk_size", "100"}});
}

/// "cerro" of a realm.
void read_own_options(reader& in, config::node const& n, realm_options& out)
{
    if (!in.map(n, {"allow_disclose_me", "meta_dialect"})) {
        return;
    }
    out.allow_disclose_me = in.boolean(n, "allow_disclose_me", false);
    auto const dialect = in.text(n, "meta_dialect", "crossbar");
    if (dialect != "crossbar" && dialect != "specification") {
        in.wrong(*n.find("meta_dialect"), "'" + dialect + "' must be crossbar or specification");
    }
    out.dialect = dialect == "specification" ? meta_dialect::specification : meta_dialect::crossbar;
}

/// "cerro": {"slow": "disconnect" | "drop-oldest"} of a role: true for the second.
bool read_slow_policy(reader& in, config::node const& role)
{
    auto const* ours = role.find("cerro");
    if (ours == nullptr || !in.map(*ours, {"slow"})) {
        return false;
    }
    auto const policy = in.text(*ours, "slow", "disconnect");
    if (policy != "disconnect" && policy != "drop-oldest") {
        in.wrong(*ours->find("slow"), "'" + policy + "' must be disconnect or drop-oldest");
    }
    return policy == "drop-oldest";
}

authorizer_rule read_authorizer(reader& in, config::node const& role)
{
    authorizer_rule out{
        in.text(role, "authorizer"), in.boolean(role, "disclose", false), in.boolean(role, "cache", false)};
    if (role.find("permissions") != nullptr) {
        in.wrong(role, "a role has either 'permissions' or an 'authorizer'");
    }
    if (!wamp::valid_uri(out.procedure)) {
        in.wrong(*role.find("authorizer"), "'" + out.procedure + "' is not the URI of a procedure");
    }
    return out;
}

}  // namespace

void read_realm(reader& in, config::node const& n, settings& out)
{
    if (!in.map(n, {"name", "id", "roles", "options", "store", "inventory", "cerro"})) {
        return;
    }
    realm_settings realm;
    realm.name = in.required_text(n, "name");
    for (auto const& other : out.realms) {
        if (other.name == realm.name) {
            in.wrong(n, "realm '" + realm.name + "' is configured twice");
        }
    }
    if (auto const* options = n.find("options")) {
        read_options(in, *options, realm.options);
    }
    if (auto const* ours = n.find("cerro")) {
        read_own_options(in, *ours, realm.options);
    }
    if (auto const* store = n.find("store");
        store != nullptr && in.map(*store, {"type", "limit", "event-history", "call-queue"})) {
        read_call_queues(in, *store, realm.options);
        realm.kept = read_store(in, *store);
    }
    in.no_effect(n, {{"inventory", ""}});
    for (auto const& role : in.items(n, "roles")) {
        if (!in.map(role, {"name", "id", "permissions", "authorizer", "disclose", "cache", "cerro"})) {
            continue;
        }
        auto const role_name = in.required_text(role, "name");
        if (role.find("authorizer") != nullptr) {
            realm.authorizers.emplace_back(role_name, read_authorizer(in, role));
        }
        if (read_slow_policy(in, role)) {
            realm.drop_oldest.push_back(role_name);
        }
        std::vector<permission> permissions;
        for (auto const& p : in.items(role, "permissions")) {
            permissions.push_back(read_permission(in, p));
        }
        realm.roles.emplace_back(role_name, std::move(permissions));
    }
    out.realms.push_back(std::move(realm));
}

}  // namespace cerro::router
