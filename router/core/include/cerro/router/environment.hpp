#pragma once

/// @file
/// What the core takes from outside, so that tests can hold it: time, chance, limits, counters.

#include <cerro/base/time.hpp>
#include <cerro/metrics/registry.hpp>
#include <cerro/router/auth_brake.hpp>
#include <cerro/router/timers.hpp>
#include <cerro/wamp/message.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace cerro::router {

/// Bounds of one session; an error to the request that goes beyond.
struct session_limits {
    std::size_t max_uri = 1024;  ///< [bytes]
    std::size_t max_subscriptions = 10'000;
    std::size_t max_registrations = 10'000;
    std::size_t max_calls_open = 10'000;
    std::size_t max_deliveries_open = 1'000;  ///< publications that wait for EVENT_RECEIVED
    std::size_t max_testaments = 100;
    std::size_t max_testament_bytes = 1U << 20U;  ///< of all testaments of the session
    std::size_t max_retained = 10'000;            ///< retained events of one realm
    std::size_t max_retained_bytes = 64U << 20U;  ///< of all retained events of one realm
    std::size_t auth_failures = 10;  ///< of one address in auth_brake::window; then it is refused for a while
    std::chrono::milliseconds call_timeout_max{3'600'000};
    std::chrono::milliseconds hello_timeout{5'000};
    std::chrono::milliseconds auth_timeout{5'000};
    std::chrono::milliseconds delivery_timeout{10'000};  ///< for EVENT_RECEIVED
    /// A refusal because of wrong credentials comes so long after the question, or a multiple of it: the time
    /// tells nothing.
    std::chrono::milliseconds auth_answer_time{250};
    std::chrono::milliseconds authorizer_timeout{5'000};  ///< for a dynamic authorizer's answer
    std::size_t max_held = 1'000;         ///< requests of a session that wait for its dynamic authorizer
    std::size_t held_bytes = 16U << 20U;  ///< and all they hold [bytes]
    std::chrono::milliseconds goodbye_timeout{2'000};  ///< for the peer's answer to our GOODBYE
    codec::limits message;
};

/// Why something was not delivered or not done.
enum class drop_reason : std::uint8_t {
    event_not_authorized,  ///< unacknowledged PUBLISH without the right to
    event_invalid,         ///< unacknowledged PUBLISH with a bad or reserved topic, or bad options
    event_too_large,       ///< EVENT above what the subscriber takes
    event_peer_closed,     ///< the subscriber's connection was already closed
    event_passthru,        ///< the payload is passed through, and the subscriber does not know how
    event_transcoding,     ///< the payload does not go into the subscriber's serializer
    late_result,           ///< YIELD or ERROR for a call that is gone
    late_call,             ///< part of a progressive call that is gone
    unwanted_progress,     ///< progressive YIELD, but the caller wants one result
    count_
};
[[nodiscard]] std::string_view name(drop_reason r) noexcept;

/// A limit that refused a request, or ended one.
enum class limit_reached : std::uint8_t {
    max_subscriptions,
    max_registrations,
    max_calls_open,
    max_deliveries_open,
    concurrency,   ///< of all callees that might take the call
    call_queue,    ///< "limit" of crossbar's call-queue
    call_timeout,  ///< the caller's own, or call_timeout_max
    delivery_timeout,
    max_testaments,  ///< or max_testament_bytes
    max_retained,    ///< or max_retained_bytes
    count_
};
[[nodiscard]] std::string_view name(limit_reached l) noexcept;

class statistics {
public:
    explicit statistics(metrics::registry& r);
    void received(wamp::message_type t) { received_[static_cast<std::size_t>(t)]->add_alone(); }
    [[nodiscard]] std::uint64_t messages_received() const;
    [[nodiscard]] std::uint64_t limited_by(limit_reached l) const
    {
        return limited_[static_cast<std::size_t>(l)]->value();
    }
    void limited(limit_reached l) { limited_[static_cast<std::size_t>(l)]->add(); }
    void dropped(drop_reason r, std::uint64_t n = 1) { dropped_[static_cast<std::size_t>(r)]->add(n); }

    metrics::counter& events_sent;
    metrics::counter& sessions_joined;
    metrics::counter& sessions_left;
    metrics::counter& joins_refused;
    metrics::counter& auth_failures;
    metrics::counter& protocol_violations;
    metrics::counter& authorizer_failures;
    metrics::counter& held_refused;

private:
    std::array<metrics::counter*, 256> received_{};
    std::array<metrics::counter*, static_cast<std::size_t>(drop_reason::count_)> dropped_{};
    std::array<metrics::counter*, static_cast<std::size_t>(limit_reached::count_)> limited_{};
};

/// Names that WELCOME tells about this router, as crossbar does.
struct node_names {
    std::string node;
    std::string worker;
    int pid = 0;
};

struct environment {
    environment(metrics::registry& r, std::uint64_t seed) : stats(r), random_state_(seed) {}

    /// 1 .. 2^53, uniform; for ids that need not be secret
    [[nodiscard]] wamp::id random_id();

    std::function<steady_time()> now = [] { return std::chrono::steady_clock::now(); };
    std::function<wall_time()> wall = [] { return std::chrono::system_clock::now(); };
    session_limits limits;
    node_names names;
    timers deadlines;
    auth_brake brake;
    statistics stats;
    std::string secret;  ///< of this process: what an unknown user is asked is derived from it

private:
    std::uint64_t random_state_;
};

}  // namespace cerro::router
