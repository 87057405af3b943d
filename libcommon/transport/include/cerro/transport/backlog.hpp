#pragma once

/// @file
/// What waits in the outboxes of all channels of a process together, and its bound.

#include <cerro/transport/channel.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace cerro::transport {

/// Channels report to it only while their peers are slower than what is sent to them; a channel that keeps up
/// never calls it. All functions may be called on any thread.
class backlog {
public:
    /// @param most when more than that waits [bytes], the channel with the greatest backlog is closed with
    ///             close_reason::slow_consumer_total
    explicit backlog(std::size_t most) : most_(most) {}
    backlog(backlog const&) = delete;
    backlog& operator=(backlog const&) = delete;

    /// A quarter of the machine's memory, at most 1 GiB.
    [[nodiscard]] static std::size_t usual_limit();

    [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t most() const { return most_; }
    /// Droppable frames left out by all channels.
    [[nodiscard]] std::uint64_t frames_dropped() const { return dropped_.load(std::memory_order_relaxed); }

    /// `pending` bytes wait in `who`, `reported` were told before; 0: it no longer counts.
    void report(std::shared_ptr<channel> const& who, std::size_t reported, std::size_t pending);
    void count_dropped(std::uint64_t n) { dropped_.fetch_add(n, std::memory_order_relaxed); }

private:
    struct entry {
        std::weak_ptr<channel> who;
        std::size_t bytes = 0;
    };
    std::shared_ptr<channel> take_greatest();

    std::size_t most_;
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::uint64_t> dropped_{0};
    std::mutex guard_;
    std::map<channel const*, entry> slow_;
};

}  // namespace cerro::transport
