#pragma once

/// @file
/// Acknowledged delivery (wamp protocol, 7): PUBLISH with `acknowledge` and `x_acknowledged_delivery` is
/// answered when each subscriber that can say EVENT_RECEIVED has said so.

#include <cerro/router/environment.hpp>
#include <cerro/router/member.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <functional>

namespace cerro::router {

/// The publications of one realm that wait. PUBLISHED means: all asked subscribers have acknowledged. ERROR
/// means that some did not (wamp.error.timeout after session_limits::delivery_timeout, wamp.error.canceled if
/// they left); the event went out all the same.
class deliveries {
public:
    explicit deliveries(environment& env) : env_(env) {}

    /// May `publisher` wait for one more?
    [[nodiscard]] bool room_for(member const& publisher) const;
    /// @param asked session ids, not empty
    /// @param published answers PUBLISHED; called at most once, while `publisher` is there
    void wait(member& publisher,
              wamp::id request,
              wamp::id publication,
              boost::unordered_flat_set<wamp::id> asked,
              std::function<void()> published);
    /// EVENT_RECEIVED; of an unknown publication or from one who was not asked it is ignored.
    void received(member const& from, wamp::id publication);
    /// `who` will neither acknowledge nor be answered any more.
    void leave(member const& who);

    [[nodiscard]] std::size_t open() const { return open_.size(); }

private:
    struct waiting {
        member* publisher = nullptr;
        wamp::id request = 0;
        boost::unordered_flat_set<wamp::id> asked;
        std::function<void()> published;
        std::size_t lost = 0;  // left without a word
        timers::timer_id timer = 0;
    };

    void finish(wamp::id publication);

    environment& env_;
    flat_map<wamp::id, waiting> open_;
    flat_map<member const*, std::size_t> by_publisher_;
};

}  // namespace cerro::router
