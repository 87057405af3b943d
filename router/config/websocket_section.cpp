// crossbar's options of a WebSocket transport or path; times are milliseconds there.

#include "sections.hpp"

namespace cerro::router {

namespace {

using transport::deflate_options;
using transport::websocket_options;

constexpr std::chrono::milliseconds off{24 * 3'600'000};  // where crossbar writes 0 for "none"
constexpr std::int64_t max_ms = 24LL * 3'600'000;
constexpr std::int64_t max_wire_message = 64LL << 20U;

/// A size that is 0 for "none".
std::optional<std::size_t> read_size(reader& in, config::node const& n, std::string_view key)
{
    auto const size = in.integer(n, key, 0, 0, max_wire_message);
    return size > 0 ? std::optional(static_cast<std::size_t>(size)) : std::nullopt;
}

/// "compression": {"deflate": {...}}
std::optional<deflate_options> read_compression(reader& in, config::node const& n)
{
    auto const* const compression = n.find("compression");
    if (compression == nullptr || !in.map(*compression, {"deflate"})) {
        return std::nullopt;
    }
    auto const* const deflate = compression->find("deflate");
    if (deflate == nullptr || !in.map(*deflate,
                                      {"request_no_context_takeover",
                                       "request_max_window_bits",
                                       "no_context_takeover",
                                       "max_window_bits",
                                       "memory_level"})) {
        return std::nullopt;
    }
    deflate_options out;
    auto const bits = [&](std::string_view key, int otherwise, int least, int most) {
        return static_cast<int>(in.integer(*deflate, key, otherwise, least, most));
    };
    out.request_no_context_takeover = in.boolean(*deflate, "request_no_context_takeover", false);
    out.no_context_takeover = in.boolean(*deflate, "no_context_takeover", false);
    out.request_max_window_bits = bits("request_max_window_bits", out.request_max_window_bits, 9, 15);
    out.max_window_bits = bits("max_window_bits", out.max_window_bits, 9, 15);
    out.memory_level = bits("memory_level", out.memory_level, 1, 9);
    return out;
}

void read_pings(reader& in, config::node const& n, wamp_settings& out)
{
    auto const ms = [&](std::string_view key) {
        return std::chrono::milliseconds(in.integer(n, key, 0, 0, max_ms));
    };
    if (n.find("auto_ping_interval") != nullptr) {
        auto const interval = ms("auto_ping_interval");
        auto const patience = ms("auto_ping_timeout");
        out.limits.ping_interval = interval.count() > 0 ? interval : off;
        // Crossbar counts its time-out from the ping; ours counts from the last sign of life.
        out.limits.ping_timeout =
            interval.count() > 0 && patience.count() > 0 ? interval + patience : 2 * out.limits.ping_interval;
    }
    out.websocket.ping_size = static_cast<std::size_t>(in.integer(n, "auto_ping_size", 4, 4, 125));
    out.websocket.any_traffic_is_life = in.boolean(n, "auto_ping_restart_on_any_traffic", true);
}

}  // namespace

void read_websocket_options(reader& in, config::node const& n, wamp_settings& out)
{
    if (!in.map(n,
                {"allowed_origins",
                 "allow_null_origin",
                 "external_port",
                 "open_handshake_timeout",
                 "close_handshake_timeout",
                 "max_frame_size",
                 "max_message_size",
                 "auto_fragment_size",
                 "auto_ping_interval",
                 "auto_ping_timeout",
                 "auto_ping_size",
                 "auto_ping_restart_on_any_traffic",
                 "fail_by_drop",
                 "echo_close_codereason",
                 "tcp_nodelay",
                 "require_masked_client_frames",
                 "apply_mask",
                 "mask_server_frames",
                 "validate_utf8",
                 "enable_webstatus",
                 "show_server_version",
                 "require_websocket_subprotocol",
                 "compression"})) {
        return;
    }
    in.no_effect(n, {{"external_port", ""}, {"apply_mask", "true"}, {"mask_server_frames", "false"}});
    if (n.find("allowed_origins") != nullptr) {
        out.origins.allowed = in.texts(n, "allowed_origins");
    }
    out.origins.allow_null = in.boolean(n, "allow_null_origin", true);
    out.webstatus = in.boolean(n, "enable_webstatus", true);
    auto const ms = [&](std::string_view key) {
        return std::chrono::milliseconds(in.integer(n, key, 0, 0, max_ms));
    };
    if (auto const t = ms("open_handshake_timeout"); t.count() > 0) {
        out.limits.handshake_timeout = t;
    }
    auto& ws = out.websocket;
    if (auto const t = ms("close_handshake_timeout"); t.count() > 0) {
        ws.close_timeout = t;
    }
    read_pings(in, n, out);
    out.limits.max_message = read_size(in, n, "max_message_size").value_or(out.limits.max_message);
    ws.max_frame = read_size(in, n, "max_frame_size");
    ws.fragment = read_size(in, n, "auto_fragment_size");
    ws.fail_by_drop = in.boolean(n, "fail_by_drop", false);
    ws.echo_close = in.boolean(n, "echo_close_codereason", false);
    ws.no_delay = in.boolean(n, "tcp_nodelay", true);
    ws.require_mask = in.boolean(n, "require_masked_client_frames", true);
    ws.validate_utf8 = in.boolean(n, "validate_utf8", true);
    ws.show_version = in.boolean(n, "show_server_version", false);
    ws.require_subprotocol = in.boolean(n, "require_websocket_subprotocol", true);
    ws.deflate = read_compression(in, n);
}

dict describe(websocket_options const& o)
{
    auto const size = [](std::optional<std::size_t> const& n) { return n ? value(*n) : value("none"); };
    value deflate("none");
    if (o.deflate) {
        deflate = dict{{"request_no_context_takeover", o.deflate->request_no_context_takeover},
                       {"request_max_window_bits", o.deflate->request_max_window_bits},
                       {"no_context_takeover", o.deflate->no_context_takeover},
                       {"max_window_bits", o.deflate->max_window_bits},
                       {"memory_level", o.deflate->memory_level}};
    }
    return {{"close_handshake_timeout_ms", o.close_timeout.count()},
            {"max_frame_size", size(o.max_frame)},
            {"auto_fragment_size", size(o.fragment)},
            {"auto_ping_size", o.ping_size},
            {"auto_ping_restart_on_any_traffic", o.any_traffic_is_life},
            {"fail_by_drop", o.fail_by_drop},
            {"echo_close_codereason", o.echo_close},
            {"tcp_nodelay", o.no_delay},
            {"require_masked_client_frames", o.require_mask},
            {"validate_utf8", o.validate_utf8},
            {"show_server_version", o.show_version},
            {"require_websocket_subprotocol", o.require_subprotocol},
            {"deflate", std::move(deflate)}};
}

}  // namespace cerro::router
