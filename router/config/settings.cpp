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

/// How many connections come in, and what may wait for all of them.
void read_admission(reader& in, config::node const& limits, settings& out)
{
    constexpr std::int64_t many = 1'000'000'000;
    auto const count = [&](std::string_view key, std::size_t& into) {
        auto const* n = limits.find(key);
        if (n != nullptr && n->is_scalar() && n->text() == "none") {
            into = transport::admission_limits::none;
        } else {
            into =
                static_cast<std::size_t>(in.integer(limits, key, static_cast<std::int64_t>(into), 1, many));
        }
    };
    count("max_connections", out.admission.connections);
    count("connections_per_address", out.admission.connections_per_address);
    count("connection_rate", out.admission.connection_rate);
    out.admission.limit_loopback = in.boolean(limits, "limit_loopback", false);
    out.pending_total = in.size(limits, "pending_total", out.pending_total);
    out.tls_timeout = in.duration(limits, "tls_timeout", out.tls_timeout);
}

void read_cerro(reader& in, config::node const& n, settings& out, transport::limits& wamp)
{
    if (!in.map(n, {"limits", "drain_time", "history"})) {
        return;
    }
    out.drain_time = in.duration(n, "drain_time", out.drain_time);
    auto const* lim = n.find("limits");
    if (lim == nullptr ||
        !in.map(*lim, {"max_message",         "pending_bytes",      "write_deadline",
                       "handshake_timeout",   "ping_interval",      "ping_timeout",
                       "max_depth",           "max_items",          "max_uri",
                       "max_subscriptions",   "max_registrations",  "max_calls_open",
                       "max_deliveries_open", "max_testaments",     "max_testament_bytes",
                       "max_retained",        "max_retained_bytes", "delivery_timeout",
                       "auth_failures",       "call_timeout_max",   "hello_timeout",
                       "auth_timeout",        "max_connections",    "connections_per_address",
                       "connection_rate",     "limit_loopback",     "pending_total",
                       "tls_timeout"})) {
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
    count("max_deliveries_open", s.max_deliveries_open);
    count("max_testaments", s.max_testaments);
    count("max_retained", s.max_retained);
    s.max_testament_bytes = in.size(*lim, "max_testament_bytes", s.max_testament_bytes);
    s.max_retained_bytes = in.size(*lim, "max_retained_bytes", s.max_retained_bytes);
    s.delivery_timeout = in.duration(*lim, "delivery_timeout", s.delivery_timeout);
    count("auth_failures", s.auth_failures);
    read_admission(in, *lim, out);
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

}  // namespace

std::string_view name(listener_settings::kind k) noexcept
{
    switch (k) {
        case listener_settings::kind::web: return "web";
        case listener_settings::kind::websocket: return "websocket";
        case listener_settings::kind::rawsocket: return "rawsocket";
        case listener_settings::kind::universal: return "universal";
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
        auto const* cerro = root->find("cerro");
        if (cerro != nullptr) {
            read_cerro(in, *cerro, out, about.wamp_limits);
        }
        bool const has_history = cerro != nullptr && cerro->is_map() && cerro->find("history") != nullptr;
        read_history(in, has_history ? cerro->find("history") : nullptr, options, out);
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
