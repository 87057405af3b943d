#include "connection.hpp"

#include <cerro/log/log.hpp>
#include <cerro/router/log_text.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <utility>

namespace cerro::router {

namespace asio = boost::asio;

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

connection::connection(std::shared_ptr<shared_core> shared,
                       std::shared_ptr<transport::channel> channel,
                       std::shared_ptr<access_rules const> access,
                       std::string cookie,
                       std::function<void(connection&)> gone)
    : shared_(std::move(shared)),
      channel_(std::move(channel)),
      session_(shared_->logic, *this, describe(channel_->info(), std::move(cookie)), std::move(access)),
      gone_(std::move(gone)),
      octets_(shared_->metrics.of_kind(channel_->info().kind)),
      opened_(shared_->logic.env().wall())
{
    shared_->metrics.opened.add_alone();
}

void connection::on_messages(std::span<byte_view const> batch)
{
    auto& counts = shared_->metrics;
    bool const timed = counts.time_this();
    auto const began = timed ? std::chrono::steady_clock::now() : steady_time();
    std::uint64_t octets = 0;
    for (auto const message : batch) {
        octets += message.size();
        session_.on_message(message);
    }
    passed_.messages_in += batch.size();
    passed_.bytes_in += octets;
    octets_.in->add_alone(octets);
    if (auto const weight = counts.sample(static_cast<std::uint32_t>(batch.size())); weight != 0) {
        note_use(weight);
    }
    if (timed) {
        // Comes after the writes that this batch has caused: they were posted before.
        asio::post(channel_->get_executor(), [shared = shared_, began] {
            auto const took = std::chrono::steady_clock::now() - began;
            shared->metrics.routing.observe(std::chrono::duration<double>(took).count());
        });
    }
}

/// The message looked at is the last that the core has read.
void connection::note_use(std::uint32_t weight)
{
    auto const& m = shared_->logic.scratch();
    bool const published = m.type == wamp::message_type::publish;
    if (realm_.empty() || m.uri.empty() || (!published && m.type != wamp::message_type::call)) {
        return;
    }
    auto const key = std::string(realm_).append("\n").append(log_text(m.uri));
    auto& used = published ? shared_->metrics.topics : shared_->metrics.procedures;
    used.add(key, weight, std::chrono::steady_clock::now());
}

bool connection::send(shared_bytes frame, bool droppable)
{
    auto const message = byte_view(*frame).substr(4);
    auto const size = message.size();
    auto const type = type_of(channel_->info().serializer, message);
    if (!channel_->send(std::move(frame), droppable)) {
        return false;
    }
    ++passed_.messages_out;
    passed_.bytes_out += size;
    octets_.out->add_alone(size);
    shared_->metrics.sent(type);
    return true;
}

void connection::joined()
{
    auto const& who = session_.who();
    auto const& info = channel_->info();
    realm_ = session_.joined()->name();
    log::info(component,
              "session_joined",
              {{"session", who.session},
               {"realm", realm_},
               {"authid", log_text(who.authid)},
               {"authrole", who.authrole},
               {"authmethod", who.authmethod},
               {"peer", info.peer},
               {"transport", info.kind},
               {"serializer", codec::name(info.serializer)}});
    if (shared_->access && shared_->access->settings().joins) {
        dict const about{{"session", who.session},
                         {"realm", realm_},
                         {"authid", log_text(who.authid)},
                         {"authrole", who.authrole},
                         {"authmethod", who.authmethod},
                         {"peer", info.peer},
                         {"transport", info.kind},
                         {"tls", info.tls},
                         {"serializer", codec::name(info.serializer)}};
        shared_->access->write("join", about);
    }
}

void connection::denied(std::uint8_t request_type, std::string_view text)
{
    auto const type = static_cast<wamp::message_type>(request_type);
    shared_->metrics.denied(type);
    if (shared_->access && shared_->access->settings().denied) {
        auto const& who = session_.who();
        dict const about{{"session", who.session},
                         {"realm", realm_},
                         {"authid", log_text(who.authid)},
                         {"authrole", who.authrole},
                         {"request", wamp::name(type)},
                         {"text", log_text(text)}};
        shared_->access->write("denied", about);
    }
}

void connection::on_closed(transport::close_reason why, std::string const& detail)
{
    session_.on_closed();
    auto const reason = overall(session_.ended_as(), why);
    shared_->metrics.closed(reason);
    tell_end(reason, detail);
    gone_(*this);
}

void connection::tell_end(ending reason, std::string const& detail)
{
    auto const& who = session_.who();
    auto const& info = channel_->info();
    bool const was_in = !realm_.empty();
    std::string const text = session_.ended_as() == ending::none ? log_text(detail) : session_.ending_text();
    if (was_in) {
        log::info(component,
                  "session_left",
                  {{"session", who.session}, {"reason", name(reason)}, {"detail", text}});
    } else if (std::uint64_t suppressed = 0; refusal_limiter().allow(suppressed)) {
        log::info(
            component,
            "never_joined",
            {{"peer", info.peer}, {"reason", name(reason)}, {"detail", text}, {"suppressed", suppressed}});
    }
    closed_connection c;
    c.session = was_in ? who.session : 0;
    c.realm = realm_;
    c.authid = log_text(who.authid);
    c.authrole = was_in ? who.authrole : std::string();
    c.peer = info.peer;
    c.transport = info.kind;
    c.opened = opened_;
    c.ended = shared_->logic.env().wall();
    c.reason = reason;
    c.text = text;
    c.passed = passed_;
    if (shared_->access && shared_->access->settings().joins) {
        dict const about{{"session", c.session},
                         {"realm", c.realm},
                         {"authid", c.authid},
                         {"peer", c.peer},
                         {"transport", c.transport},
                         {"reason", name(reason)},
                         {"detail", text},
                         {"seconds", std::chrono::duration<double>(c.ended - c.opened).count()},
                         {"messages_in", passed_.messages_in},
                         {"messages_out", passed_.messages_out},
                         {"bytes_in", passed_.bytes_in},
                         {"bytes_out", passed_.bytes_out}};
        shared_->access->write(was_in ? "leave" : "refused", about);
    }
    shared_->metrics.ended.add(std::move(c));
}

}  // namespace cerro::router
