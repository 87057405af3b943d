#include "admin_pages.hpp"
#include <cerro/router/environment.hpp>

#include <utility>

namespace cerro::router::pages {

namespace {

/// Collects limits: {"name", "value", "scope", "reached", "reason"}.
class table {
public:
    explicit table(router_view const& r) : r_(r) {}

    /// Connections end when it is reached.
    void ends(std::string_view limit, std::string_view scope, value v, ending as)
    {
        add(limit, scope, std::move(v), name(as), r_.shared().metrics.closed_as(as));
    }
    /// Requests are answered with an error.
    void refuses(std::string_view limit, value v, limit_reached as)
    {
        add(limit, "session", std::move(v), name(as), r_.shared().logic.env().stats.limited_by(as));
    }
    /// Connections do not come in when it is reached.
    void turns_away(std::string_view limit, std::string_view scope, value v, std::string_view reason)
    {
        add(limit, scope, std::move(v), reason, r_.shared().metrics.refused_as(reason));
    }
    /// Reached ones are counted under another name, or not apart from others.
    void tells(std::string_view limit, std::string_view scope, value v, std::string_view reason)
    {
        add(limit, scope, std::move(v), reason, value());
    }
    [[nodiscard]] list take() { return std::move(rows_); }

private:
    void add(std::string_view limit, std::string_view scope, value v, std::string_view reason, value reached)
    {
        rows_.emplace_back(dict{{"name", limit},
                                {"scope", scope},
                                {"value", std::move(v)},
                                {"reason", reason},
                                {"reached", std::move(reached)}});
    }

    router_view const& r_;
    list rows_;
};

double in_seconds(std::chrono::milliseconds t)
{
    return std::chrono::duration<double>(t).count();
}

void of_transport(table& out, std::string_view scope, transport::limits const& l)
{
    out.ends("max_message", scope, l.max_message, ending::message_too_big);
    out.ends("pending_bytes", scope, l.pending_bytes, ending::slow_consumer_pending);
    out.ends("write_deadline", scope, in_seconds(l.write_deadline), ending::slow_consumer_deadline);
    out.turns_away("handshake_timeout", scope, in_seconds(l.handshake_timeout), "handshake_timeout");
    out.ends("ping_timeout", scope, in_seconds(l.ping_timeout), ending::ping_timeout);
}

}  // namespace

dict limits(router_view const& r)
{
    auto const& s = r.current();
    table out(r);
    for (auto const& l : s.listeners) {
        if (l.type != listener_settings::kind::web) {
            of_transport(out, l.name, l.wamp.limits);
        }
        for (auto const& p : l.paths) {
            if (auto const* const w = std::get_if<wamp_settings>(&p.what)) {
                of_transport(out, l.name + " " + p.path, w->limits);
            }
        }
    }
    auto const& of_session = s.sessions;
    out.ends("hello_timeout", "session", in_seconds(of_session.hello_timeout), ending::hello_timeout);
    out.ends("auth_timeout", "session", in_seconds(of_session.auth_timeout), ending::auth_timeout);
    out.ends("goodbye_timeout", "session", in_seconds(of_session.goodbye_timeout), ending::goodbye_timeout);
    out.ends("auth_failures", "address", of_session.auth_failures, ending::auth_refused);
    out.tells("max_depth", "message", of_session.message.max_depth, "protocol_violation");
    out.tells("max_items", "message", of_session.message.max_items, "protocol_violation");
    out.tells("max_uri", "message", of_session.max_uri, "wamp.error.invalid_uri");
    out.refuses("max_subscriptions", of_session.max_subscriptions, limit_reached::max_subscriptions);
    out.refuses("max_registrations", of_session.max_registrations, limit_reached::max_registrations);
    out.refuses("max_calls_open", of_session.max_calls_open, limit_reached::max_calls_open);
    out.refuses("max_deliveries_open", of_session.max_deliveries_open, limit_reached::max_deliveries_open);
    out.refuses("call_timeout_max", in_seconds(of_session.call_timeout_max), limit_reached::call_timeout);
    auto const bound = [](std::size_t n) {
        return n == transport::admission_limits::none ? value("none") : value(n);
    };
    out.turns_away("max_connections", "process", bound(s.admission.connections), "too_many");
    out.turns_away("connections_per_address",
                   "address",
                   bound(s.admission.connections_per_address),
                   "too_many_of_address");
    out.turns_away("connection_rate", "address", bound(s.admission.connection_rate), "too_fast");
    out.turns_away("tls_timeout", "connection", in_seconds(s.tls_timeout), "tls_timeout");
    out.ends("pending_total", "process", s.pending_total, ending::slow_consumer_total);
    out.refuses("max_testaments", of_session.max_testaments, limit_reached::max_testaments);
    out.refuses("max_retained", of_session.max_retained, limit_reached::max_retained);
    out.tells("drain_time", "process", in_seconds(s.drain_time), "shutdown");
    return {{"limits", out.take()}};
}

}  // namespace cerro::router::pages
