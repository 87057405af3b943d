#pragma once

/// @file
/// The connections that ended last, each with its reason.

#include <cerro/base/time.hpp>
#include <cerro/router/ending.hpp>
#include <cerro/wamp/message.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace cerro::router {

/// Messages and their octets, without framing.
struct traffic {
    std::uint64_t messages_in = 0;
    std::uint64_t messages_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
};

struct closed_connection {
    wamp::id session = 0;  ///< 0: it never joined
    std::string realm;
    std::string authid;
    std::string authrole;
    std::string peer;
    std::string transport;  ///< "rawsocket", "websocket"
    wall_time opened;
    wall_time ended;
    ending reason = ending::none;
    std::string text;  ///< the reason in words
    traffic passed;
};

/// A ring: the oldest goes when it is full.
class closed_log {
public:
    static constexpr std::size_t usual_size = 10'000;

    explicit closed_log(std::size_t most = usual_size) : most_(most) {}

    void add(closed_connection c)
    {
        if (kept_.size() >= most_) {
            kept_.pop_front();
        }
        kept_.push_back(std::move(c));
    }
    /// Oldest first.
    [[nodiscard]] std::deque<closed_connection> const& kept() const { return kept_; }

private:
    std::size_t most_;
    std::deque<closed_connection> kept_;
};

}  // namespace cerro::router
