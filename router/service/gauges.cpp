#include "certificates.hpp"
#include "router_view.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace cerro::router {

namespace {

/// As a label's value.
std::string escaped(std::string const& text)
{
    std::string out;
    for (char const c : text) {
        out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return out;
}

std::size_t sessions_of(realm const& r)
{
    auto const& all = r.members();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](auto const& m) { return !m.second->internal; }));
}

/// A gauge that is 0 when the router has gone.
template <class Ask>
void gauge(metrics::registry& to,
           std::string_view name,
           std::string_view help,
           std::weak_ptr<router_view const> const& r,
           Ask ask,
           std::string_view labels = {})
{
    to.make_gauge(
        name,
        help,
        [r, ask] {
            auto const live = r.lock();
            return live ? static_cast<double>(ask(*live)) : 0.0;
        },
        labels);
}

template <class Ask>
std::size_t over_realms(router_view const& r, Ask ask)
{
    std::size_t sum = 0;
    for (auto const& one : r.shared().logic.realms()) {
        sum += ask(*one);
    }
    return sum;
}

void add_realm_gauges(metrics::registry& to,
                      std::weak_ptr<router_view const> const& r,
                      std::string const& name)
{
    std::string const labels = "realm=\"" + name + "\"";
    auto const of_realm = [&](std::string_view metric, std::string_view help, auto ask) {
        gauge(
            to,
            metric,
            help,
            r,
            [name, ask](router_view const& v) {
                auto* const found = v.shared().logic.find_realm(name);
                return found != nullptr ? ask(*found) : std::size_t{0};
            },
            labels);
    };
    of_realm("cerro_router_realm_sessions", "joined sessions by realm", sessions_of);
    of_realm("cerro_router_realm_subscriptions", "topics and patterns subscribed to, by realm", [](realm& x) {
        return x.broker().subscription_count();
    });
    of_realm("cerro_router_realm_registrations",
             "procedures and patterns registered, by realm",
             [](realm& x) { return x.dealer().registration_count(); });
}

}  // namespace

backlog_figures backlog_of(router_view const& r)
{
    backlog_figures out;
    for (auto const* const c : r.connections()) {
        auto const pending = c->channel().pending_bytes();
        out.sum += pending;
        out.greatest = std::max(out.greatest, pending);
        out.slow += c->channel().slow() ? 1 : 0;
    }
    return out;
}

void add_gauges(metrics::registry& to, std::weak_ptr<router_view const> r)
{
    to.make_gauge("cerro_build_info", "what runs: always 1", "version=\"" CERRO_VERSION "\"").set(1);
    gauge(to, "cerro_router_sessions", "joined sessions", r, [](router_view const& v) {
        return over_realms(v, sessions_of);
    });
    gauge(to, "cerro_router_connections", "open connections", r, [](router_view const& v) {
        return v.connections().size();
    });
    gauge(to,
          "cerro_router_calls_open",
          "calls sent to a callee and not answered",
          r,
          [](router_view const& v) {
              return over_realms(v, [](realm& x) { return x.dealer().calls_open(); });
          });
    gauge(to, "cerro_router_timers", "deadlines that are waited for", r, [](router_view const& v) {
        return v.shared().logic.env().deadlines.size();
    });
    gauge(to,
          "cerro_router_pending_bytes_max",
          "octets that wait for one peer, the most",
          r,
          [](router_view const& v) { return backlog_of(v).greatest; });
    gauge(to,
          "cerro_router_slow_peers",
          "peers for which more than three quarters of pending_bytes wait",
          r,
          [](router_view const& v) { return backlog_of(v).slow; });
    gauge(to, "cerro_router_healthy", "1 when /healthz says so", r, [](router_view const& v) {
        return v.condition().trouble().empty() ? 1 : 0;
    });
    if (auto const live = r.lock()) {
        for (auto const& one : live->shared().logic.realms()) {
            add_realm_gauges(to, r, one->name());
        }
        for (auto const& file : certificate_files(live->current())) {
            to.make_gauge(
                "cerro_router_tls_cert_expiry_seconds",
                "until the certificate in that file ends",
                [file] { return certificate_seconds(file); },
                "certificate=\"" + escaped(file) + "\"");
        }
    }
}

}  // namespace cerro::router
