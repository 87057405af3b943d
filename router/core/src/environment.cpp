#include <cerro/router/environment.hpp>

namespace cerro::router {

std::string_view name(drop_reason r) noexcept
{
    switch (r) {
        case drop_reason::event_not_authorized: return "event_not_authorized";
        case drop_reason::event_invalid: return "event_invalid";
        case drop_reason::event_too_large: return "event_too_large";
        case drop_reason::event_peer_closed: return "event_peer_closed";
        case drop_reason::event_passthru: return "event_passthru";
        case drop_reason::event_transcoding: return "event_transcoding";
        case drop_reason::late_result: return "late_result";
        case drop_reason::late_call: return "late_call";
        case drop_reason::unwanted_progress: return "unwanted_progress";
        case drop_reason::count_: break;
    }
    return "?";
}

std::string_view name(limit_reached l) noexcept
{
    switch (l) {
        case limit_reached::max_subscriptions: return "max_subscriptions";
        case limit_reached::max_registrations: return "max_registrations";
        case limit_reached::max_calls_open: return "max_calls_open";
        case limit_reached::max_deliveries_open: return "max_deliveries_open";
        case limit_reached::concurrency: return "concurrency";
        case limit_reached::call_queue: return "call_queue";
        case limit_reached::call_timeout: return "call_timeout";
        case limit_reached::delivery_timeout: return "delivery_timeout";
        case limit_reached::max_testaments: return "max_testaments";
        case limit_reached::max_retained: return "max_retained";
        case limit_reached::count_: break;
    }
    return "?";
}

statistics::statistics(metrics::registry& r)
    : events_sent(r.make_counter("cerro_router_events_sent_total", "EVENT messages queued for subscribers")),
      sessions_joined(r.make_counter("cerro_router_sessions_joined_total", "sessions that got a WELCOME")),
      sessions_left(r.make_counter("cerro_router_sessions_left_total", "joined sessions that ended")),
      joins_refused(
          r.make_counter("cerro_router_joins_refused_total", "sessions that got an ABORT before WELCOME")),
      auth_failures(r.make_counter("cerro_router_auth_failures_total", "log-ins with wrong credentials")),
      protocol_violations(r.make_counter("cerro_router_protocol_violations_total",
                                         "sessions ended because the peer broke the protocol")),
      authorizer_failures(r.make_counter("cerro_router_authorizer_failures_total",
                                         "requests denied because a dynamic authorizer gave no answer")),
      held_refused(r.make_counter("cerro_router_held_refused_total",
                                  "requests refused because too many waited for a dynamic authorizer"))
{
    using enum wamp::message_type;
    auto& other = r.make_counter(
        "cerro_router_messages_received_total", "messages from peers by type", "type=\"other\"");
    received_.fill(&other);
    for (auto const t : {hello,
                         abort,
                         authenticate,
                         goodbye,
                         error,
                         publish,
                         subscribe,
                         unsubscribe,
                         call,
                         cancel,
                         register_,
                         unregister,
                         yield}) {
        std::string const label = "type=\"" + std::string(wamp::name(t)) + "\"";
        received_[static_cast<std::size_t>(t)] =
            &r.make_counter("cerro_router_messages_received_total", "messages from peers by type", label);
    }
    for (std::size_t i = 0; i < dropped_.size(); ++i) {
        std::string const label = "reason=\"" + std::string(name(static_cast<drop_reason>(i))) + "\"";
        dropped_[i] = &r.make_counter("cerro_router_dropped_total", "messages not delivered", label);
    }
    for (std::size_t i = 0; i < limited_.size(); ++i) {
        std::string const label = "limit=\"" + std::string(name(static_cast<limit_reached>(i))) + "\"";
        limited_[i] = &r.make_counter(
            "cerro_router_limits_reached_total", "requests refused or ended by a limit", label);
    }
}

std::uint64_t statistics::messages_received() const
{
    std::uint64_t all = received_[0]->value();  // "other": of all types that have no counter of their own
    for (auto const* const one : received_) {
        all += one == received_[0] ? 0 : one->value();
    }
    return all;
}

// splitmix64: cheap, uniform enough for ids that only have to be distinct.
wamp::id environment::random_id()
{
    random_state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = random_state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    z ^= z >> 31U;
    return (z & ((std::uint64_t{1} << 53U) - 1)) + 1;
}

}  // namespace cerro::router
