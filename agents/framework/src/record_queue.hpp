#pragma once

// The messages of record feeds that the router has not acknowledged yet: in order, bounded, no I/O.

#include <cerro/base/time.hpp>
#include <cerro/codec/value.hpp>

#include <cstdint>
#include <deque>
#include <string>

namespace cerro::agent {

struct record_limits {
    std::size_t bytes = 64U << 20U;  ///< kept at most (as our estimate of their size goes)
    std::chrono::seconds age{3600};  ///< older messages are given up
    std::size_t window = 16;         ///< sent and not yet acknowledged, at most
};

struct queued_message {
    std::uint64_t number = 0;  ///< 1, 2, ... in the order of publication
    std::string topic;
    list args;
};

class record_queue {
public:
    explicit record_queue(record_limits limits = record_limits()) : limits_(limits) {}

    void push(std::string topic, list args, steady_time now);
    /// The next message to send, oldest first; null pointer when there is none, the window is full, or
    /// messages of a lost connection are still being settled (what is re-sent must go before anything newer).
    /// It counts as sent.
    [[nodiscard]] queued_message const* next(steady_time now);
    /// The router has it.
    void acknowledged(std::uint64_t number);
    /// The router refused it: it is given up.
    void refused(std::uint64_t number);
    /// The connection broke before the answer: it will be sent again.
    void undelivered(std::uint64_t number);

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// Messages given up: refused, too old, or above the bound.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

private:
    enum class state : std::uint8_t { waiting, sent };
    struct entry {
        queued_message message;
        std::size_t bytes;
        steady_time since;
        state now = state::waiting;
    };
    void remove(std::uint64_t number);
    void settle();
    void enforce_limits(steady_time now);

    record_limits limits_;
    std::deque<entry> entries_;
    std::uint64_t last_number_ = 0;
    std::size_t bytes_ = 0;
    std::size_t in_flight_ = 0;
    bool settling_ = false;
    std::uint64_t lost_ = 0;
};

/// About the memory that `v` takes [bytes].
[[nodiscard]] std::size_t estimated_size(value const& v);

}  // namespace cerro::agent
