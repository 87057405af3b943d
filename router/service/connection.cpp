#include "connection.hpp"

#include <cerro/log/log.hpp>
#include <cerro/router/log_text.hpp>

#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";

/// "tcp4:127.0.0.1:53144", as crossbar tells it
std::string crossbar_address(std::string const& peer)
{
    if (peer.find(':') == std::string::npos) {
        return "unix:" + peer;
    }
    return (peer.starts_with('[') ? "tcp6:" : "tcp4:") + peer;
}

/// Null where there is nothing to tell: most agents use plain RawSocket.
std::shared_ptr<link_details const> details_of(transport::channel_info const& info, std::string cookie)
{
    if (!info.tls && info.headers.empty() && info.protocol.empty()) {
        return nullptr;
    }
    auto out = std::make_shared<link_details>();
    out->protocol = info.protocol;
    out->headers = info.headers;
    out->extensions = info.extensions;
    out->tls = info.tls;
    if (info.certificate) {
        auto const& c = *info.certificate;
        out->certificate = client_certificate{c.common_name, c.issuer_name, c.subject, c.sha1, c.sha256};
    }
    out->tls_unique = info.tls_unique;
    out->tls_exporter = info.tls_exporter;
    out->cookie = std::move(cookie);
    return out;
}

link_info describe(transport::channel_info const& info, std::string cookie)
{
    link_info out;
    out.serializer = info.serializer;
    out.max_outgoing = info.max_outgoing;
    out.address = crossbar_address(info.peer);
    out.transport = info.kind;
    out.details = details_of(info, std::move(cookie));
    return out;
}

log::limiter& refusal_limiter()
{
    static log::limiter limiter(1.0);
    return limiter;
}

}  // namespace

connection_metrics::connection_metrics(metrics::registry& r)
    : opened(r.make_counter("cerro_router_connections_opened_total",
                            "connections after their transport handshake")),
      handshakes_failed(r.make_counter("cerro_router_handshakes_failed_total",
                                       "connections whose transport handshake failed"))
{
    for (std::size_t i = 0; i < closed_.size(); ++i) {
        std::string const label = "reason=\"" + std::string(name(static_cast<ending>(i))) + "\"";
        closed_[i] = i == 0
                         ? nullptr
                         : &r.make_counter(
                               "cerro_router_connections_closed_total", "ended connections by reason", label);
    }
}

connection::connection(std::shared_ptr<shared_core> shared,
                       std::shared_ptr<transport::channel> channel,
                       std::shared_ptr<access_rules const> access,
                       std::string cookie,
                       std::function<void(connection&)> gone)
    : shared_(std::move(shared)),
      channel_(std::move(channel)),
      session_(shared_->logic, *this, describe(channel_->info(), std::move(cookie)), std::move(access)),
      gone_(std::move(gone))
{
    shared_->metrics.opened.add();
}

void connection::on_messages(std::span<byte_view const> batch)
{
    for (auto const message : batch) {
        session_.on_message(message);
    }
}

void connection::on_joined()
{
    logged_ = true;
    auto const& who = session_.who();
    log::info(component,
              "session_joined",
              {{"session", who.session},
               {"realm", session_.joined()->name()},
               {"authid", log_text(who.authid)},
               {"authrole", who.authrole},
               {"authmethod", who.authmethod},
               {"peer", channel_->info().peer},
               {"transport", channel_->info().kind},
               {"serializer", codec::name(channel_->info().serializer)}});
}

void connection::on_closed(transport::close_reason why, std::string const& detail)
{
    session_.on_closed();
    auto const reason = overall(session_.ended_as(), why);
    shared_->metrics.closed(reason);
    if (logged_) {
        log::info(component,
                  "session_left",
                  {{"session", session_.who().session},
                   {"reason", name(reason)},
                   {"detail", log_text(detail)},
                   {"ending", session_.ending_text()}});
    } else if (std::uint64_t suppressed = 0; refusal_limiter().allow(suppressed)) {
        log::info(component,
                  "connection_refused",
                  {{"peer", channel_->info().peer},
                   {"reason", name(reason)},
                   {"detail", log_text(detail)},
                   {"ending", session_.ending_text()},
                   {"suppressed", suppressed}});
    }
    gone_(*this);
}

}  // namespace cerro::router
