#include "sections.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/router/settings.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace cerro::router {

namespace {

dict rights_of(rights const& r)
{
    return {{"call", r.call}, {"register", r.register_}, {"publish", r.publish}, {"subscribe", r.subscribe}};
}

list texts(std::vector<std::string> const& all)
{
    return list(all.begin(), all.end());
}

value describe(access_rules const& a)
{
    dict out;
    if (a.anonymous_role) {
        out.append("anonymous", dict{{"role", *a.anonymous_role}});
    }
    auto const users = [&](std::string_view method, auto const& table) {
        dict known;
        for (auto const& [authid, user] : table) {
            known.append(authid, dict{{"role", user.role}});
        }
        out.append(std::string(method), std::move(known));
    };
    if (a.ticket) {
        users("ticket", *a.ticket);
    }
    if (a.wampcra) {
        users("wampcra", *a.wampcra);
    }
    return out;
}

list describe(std::vector<call_queue_rule> const& rules)
{
    list out;
    for (auto const& rule : rules) {
        out.emplace_back(dict{{"uri", rule.uri}, {"match", wamp::name(rule.match)}, {"limit", rule.limit}});
    }
    return out;
}

dict describe(wamp_settings const& w)
{
    list serializers;
    for (auto const s : w.serializers) {
        serializers.emplace_back(codec::name(s));
    }
    return {{"auth", describe(*w.access)},
            {"serializers", serializers.empty() ? value("all") : value(std::move(serializers))},
            {"max_message", w.limits.max_message},
            {"pending_bytes", w.limits.pending_bytes},
            {"write_deadline_ms", w.limits.write_deadline.count()},
            {"handshake_timeout_ms", w.limits.handshake_timeout.count()},
            {"ping_interval_ms", w.limits.ping_interval.count()},
            {"ping_timeout_ms", w.limits.ping_timeout.count()}};
}

struct path_describer {
    dict operator()(wamp_settings const& w) const
    {
        auto out = describe(w);
        out.set("type", "websocket");
        out.set("allowed_origins", texts(w.origins.allowed));
        out.set("allow_null_origin", w.origins.allow_null);
        out.set("enable_webstatus", w.webstatus);
        out.set("websocket", router::describe(w.websocket));
        return out;
    }
    dict operator()(caller_settings const& c) const { return bridge("caller", c); }
    dict operator()(publisher_settings const& p) const { return bridge("publisher", p); }
    dict operator()(webhook_settings const& w) const
    {
        auto out = bridge("webhook", w);
        out.append("topic", w.topic);
        out.append("github_secret", !w.github_secret.empty());
        return out;
    }
    dict operator()(static_settings const& s) const
    {
        dict types;
        for (auto const& [extension, type] : s.mime_types) {
            types.append(extension, type);
        }
        return {{"type", "static"},
                {"directory", s.directory},
                {"default_file", s.default_file},
                {"enable_directory_listing", s.listing},
                {"cache_timeout", s.cache_timeout.count()},
                {"allow_cross_origin", s.allow_cross_origin},
                {"mime_types", std::move(types)}};
    }
    dict operator()(json_settings const& j) const
    {
        return {{"type", "json"},
                {"value", j.body},
                {"allow_cross_origin", j.allow_cross_origin},
                {"discourage_caching", j.discourage_caching}};
    }
    dict operator()(nodeinfo_settings const& /*none*/) const { return {{"type", "nodeinfo"}}; }
    dict operator()(redirect_settings const& r) const { return {{"type", "redirect"}, {"url", r.url}}; }

    template <class Bridge>
    static dict bridge(std::string_view type, Bridge const& b)
    {
        list ranges;
        for (auto const& range : b.guard.require_ip) {
            ranges.emplace_back(range.text());
        }
        return {{"type", type},
                {"realm", b.realm},
                {"role", b.role},
                {"post_body_limit", b.guard.max_body},
                {"key", b.guard.key.empty() ? value(nullptr) : value(b.guard.key)},
                {"timestamp_delta_limit", b.guard.timestamp_delta.count()},
                {"require_ip", std::move(ranges)},
                {"require_tls", b.guard.require_tls},
                {"allowed_origins", b.guard.origins ? value(texts(b.guard.origins->allowed)) : value("all")}};
    }
};

value count_or_none(std::size_t n)
{
    return n == transport::admission_limits::none ? value("none") : value(n);
}

dict describe(endpoint_settings const& e)
{
    if (!e.unix_path.empty()) {
        return {{"path", e.unix_path}};
    }
    dict out{{"interface", e.address}, {"port", e.port}, {"tls", e.tls.has_value()}};
    if (e.last_port != 0) {
        out.append("last_port", e.last_port);
    }
    if (e.tls) {
        out.append("certificate", e.tls->certificate);
        out.append("client_certificates", !e.tls->ca.empty());
    }
    if (e.proxy_protocol) {
        out.append("proxy_protocol_from", texts(e.trusted));
    }
    return out;
}

dict describe(listener_settings const& l)
{
    dict out{{"type", name(l.type)}};
    out.append("endpoint", describe(l.endpoint));
    if (l.type == listener_settings::kind::websocket) {
        out.append("wamp", path_describer{}(l.wamp));
    } else if (l.wamp.access) {
        out.append("wamp", describe(l.wamp));
    }
    if (l.paths.empty()) {
        return out;
    }
    dict paths;
    for (auto const& p : l.paths) {
        paths.append(p.path, std::visit(path_describer{}, p.what));
    }
    out.append("paths", std::move(paths));
    return out;
}

list describe_entries(std::vector<history_entry> const& entries)
{
    list out;
    for (auto const& e : entries) {
        dict one{{"uri", e.uri}, {"match", wamp::name(e.match)}};
        if (!e.durable) {
            one.append("limit", e.limit);
            one.append("max_bytes", e.max_bytes);
        }
        out.emplace_back(std::move(one));
    }
    return out;
}

dict describe(history_settings const& h)
{
    using kind = history_settings::kind;
    dict out{{"type", h.type == kind::disk ? "disk" : h.type == kind::memory ? "memory" : "none"}};
    if (h.type == kind::disk) {
        out.append("folder", h.folder);
        out.append("max_bytes", h.max_bytes);
        out.append("queue_bytes", h.queue_bytes);
        out.append("fsync_ms", h.sync_period ? value(h.sync_period->count()) : value("none"));
    }
    out.append("entries", describe_entries(h.entries));
    return out;
}

}  // namespace

std::string describe(settings const& s)
{
    list realms;
    for (auto const& realm : s.realms) {
        dict roles;
        for (auto const& [role_name, permissions] : realm.roles) {
            list entries;
            for (auto const& p : permissions) {
                entries.emplace_back(dict{
                    {"uri", p.uri},
                    {"match", wamp::name(p.match)},
                    {"allow", rights_of(p.allow)},
                    {"disclose",
                     dict{{"caller", p.allow.disclose_caller}, {"publisher", p.allow.disclose_publisher}}},
                    {"trustlevel", p.allow.trustlevel >= 0 ? value(p.allow.trustlevel) : value()}});
            }
            roles.append(role_name, std::move(entries));
        }
        realms.emplace_back(dict{
            {"name", realm.name},
            {"uri_check", realm.options.uri_check == wamp::uri_rule::strict ? "strict" : "loose"},
            {"meta_api", realm.options.meta_api},
            {"allow_disclose_me", realm.options.allow_disclose_me},
            {"meta_dialect", realm.options.dialect == meta_dialect::crossbar ? "crossbar" : "specification"},
            {"call_queues", describe(realm.options.call_queues)},
            {"kept", describe_entries(realm.kept)},
            {"drop_oldest", texts(realm.drop_oldest)},
            {"roles", std::move(roles)}});
    }
    list listeners;
    for (auto const& l : s.listeners) {
        listeners.emplace_back(describe(l));
    }
    auto const& lim = s.sessions;
    dict const limits{{"max_depth", lim.message.max_depth},
                      {"max_items", lim.message.max_items},
                      {"max_uri", lim.max_uri},
                      {"max_subscriptions", lim.max_subscriptions},
                      {"max_registrations", lim.max_registrations},
                      {"max_calls_open", lim.max_calls_open},
                      {"max_deliveries_open", lim.max_deliveries_open},
                      {"max_testaments", lim.max_testaments},
                      {"max_testament_bytes", lim.max_testament_bytes},
                      {"max_retained", lim.max_retained},
                      {"max_retained_bytes", lim.max_retained_bytes},
                      {"delivery_timeout_ms", lim.delivery_timeout.count()},
                      {"auth_failures", lim.auth_failures},
                      {"call_timeout_max_ms", lim.call_timeout_max.count()},
                      {"hello_timeout_ms", lim.hello_timeout.count()},
                      {"auth_timeout_ms", lim.auth_timeout.count()},
                      {"tls_timeout_ms", s.tls_timeout.count()},
                      {"pending_total", s.pending_total},
                      {"max_connections", count_or_none(s.admission.connections)},
                      {"connections_per_address", count_or_none(s.admission.connections_per_address)},
                      {"connection_rate", count_or_none(s.admission.connection_rate)},
                      {"limit_loopback", s.admission.limit_loopback}};
    return codec::to_json(dict{{"node", s.node},
                               {"worker", s.worker},
                               {"realms", std::move(realms)},
                               {"transports", std::move(listeners)},
                               {"history", describe(s.history)},
                               {"limits", limits},
                               {"drain_time_ms", s.drain_time.count()}},
                          2);
}

result<settings> load_settings(std::string const& path, bool skip_components)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        return fail(errc::io, path + ": cannot be read; give --config FILE or --cbdir DIR");
    }
    load_options options;
    options.keep_feeds = true;
    options.skip_components = skip_components;
    if (auto const dir = std::filesystem::path(path).parent_path(); !dir.empty()) {
        options.base_dir = dir.string();
    }
    return parse_settings(text.str(), path, options);
}

}  // namespace cerro::router
