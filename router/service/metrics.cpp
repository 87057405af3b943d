#include "metrics.hpp"

#include <cerro/wamp/message.hpp>

#include <algorithm>
#include <string>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr message_type sent_types[]{message_type::abort,
                                    message_type::challenge,
                                    message_type::error,
                                    message_type::event,
                                    message_type::goodbye,
                                    message_type::interrupt,
                                    message_type::invocation,
                                    message_type::published,
                                    message_type::registered,
                                    message_type::result,
                                    message_type::subscribed,
                                    message_type::unregistered,
                                    message_type::unsubscribed,
                                    message_type::welcome};

std::string label(std::string_view key, std::string_view value)
{
    return std::string(key).append("=\"").append(value).append("\"");
}

connection_metrics::octets make_octets(metrics::registry& r, std::string_view transport)
{
    auto const which = label("transport", transport);
    return {
        &r.make_counter(
            "cerro_router_bytes_received_total", "octets of messages from peers, without framing", which),
        &r.make_counter(
            "cerro_router_bytes_sent_total", "octets of messages queued for peers, without framing", which)};
}

std::uint8_t octet(byte_view m, std::size_t i)
{
    return i < m.size() ? static_cast<std::uint8_t>(m[i]) : 0;
}

}  // namespace

std::uint8_t type_of(codec::serializer s, byte_view m) noexcept
{
    switch (s) {
        case codec::serializer::json: {
            unsigned type = 0;
            for (std::size_t i = 1; i < std::min<std::size_t>(m.size(), 4) && m[i] >= '0' && m[i] <= '9';
                 ++i) {
                type = type * 10 + static_cast<unsigned>(m[i] - '0');
            }
            return static_cast<std::uint8_t>(type);
        }
        case codec::serializer::cbor: return octet(m, 1) == 0x18 ? octet(m, 2) : octet(m, 1);
        default: return octet(m, 1);  // messages are short arrays, types are small numbers: one octet each
    }
}

connection_metrics::connection_metrics(metrics::registry& r)
    : opened(r.make_counter("cerro_router_connections_opened_total",
                            "connections after their transport handshake")),
      handshakes_failed(r.make_counter("cerro_router_handshakes_failed_total",
                                       "connections whose transport handshake failed")),
      routing(r.make_histogram(
          "cerro_router_routing_seconds",
          "from the read of a batch of messages until what it caused was handed to the "
          "operating system; one batch of 64 is timed",
          {5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.5, 1.0})),
      registry_(r),
      rawsocket_(make_octets(r, "rawsocket")),
      websocket_(make_octets(r, "websocket"))
{
    constexpr auto sent = "cerro_router_messages_sent_total";
    constexpr auto sent_help = "messages queued for peers by type";
    sent_.fill(&r.make_counter(sent, sent_help, label("type", "other")));
    for (auto const t : sent_types) {
        sent_[static_cast<std::size_t>(t)] = &r.make_counter(sent, sent_help, label("type", wamp::name(t)));
    }
    for (std::size_t i = 1; i < closed_.size(); ++i) {
        closed_[i] = &r.make_counter("cerro_router_connections_closed_total",
                                     "ended connections by reason",
                                     label("reason", name(static_cast<ending>(i))));
    }
    closed_[0] = closed_[static_cast<std::size_t>(ending::closed_by_us)];
}

connection_metrics::octets connection_metrics::of_kind(std::string_view transport) const
{
    return transport == "rawsocket" ? rawsocket_ : websocket_;
}

std::uint64_t connection_metrics::messages_sent() const
{
    std::uint64_t all = sent_[0]->value();  // "other"
    for (auto const t : sent_types) {
        all += sent_[static_cast<std::size_t>(t)]->value();
    }
    return all;
}

std::uint64_t connection_metrics::refused_as(std::string_view reason) const
{
    return registry_
        .make_counter("cerro_router_connections_refused_total",
                      "connections that carried neither WAMP nor HTTP, by reason",
                      label("reason", reason))
        .value();
}

void connection_metrics::denied(wamp::message_type request)
{
    registry_
        .make_counter("cerro_router_denied_total",
                      "requests that the permissions forbid, by their type",
                      label("type", wamp::name(request)))
        .add();
}

std::uint32_t connection_metrics::take_sample()
{
    auto const stands_for = passed_;
    passed_ = 0;
    // xorshift: an uneven step, so that no rhythm of the messages hides one of them
    chance_ ^= chance_ << 13U;
    chance_ ^= chance_ >> 17U;
    chance_ ^= chance_ << 5U;
    next_sample_ = 1 + (chance_ & 127U);
    return stands_for;
}

}  // namespace cerro::router
