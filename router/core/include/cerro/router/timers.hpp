#pragma once

/// @file
/// Deadlines of the core: a heap with lazy deletion, driven from outside by run().

#include <cerro/base/time.hpp>
#include <cerro/router/string_map.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

namespace cerro::router {

class timers {
public:
    using timer_id = std::uint64_t;  ///< 0 = none

    /// Runs `f` once, in the first run() at or after `when`.
    timer_id add(steady_time when, std::function<void()> f);
    /// Forgets a timer; an id that has fired already, or 0, does no harm.
    void cancel(timer_id t);
    [[nodiscard]] std::size_t size() const { return live_.size(); }
    /// The earliest deadline that is still wanted.
    [[nodiscard]] std::optional<steady_time> next();
    /// Runs all that is due.
    void run(steady_time now);
    /// Called when next() has become earlier than it was.
    void on_earlier(std::function<void()> f) { on_earlier_ = std::move(f); }

private:
    struct due {
        steady_time when;
        timer_id id;
        friend bool operator>(due const& a, due const& b) { return a.when > b.when; }
    };
    void compact();

    std::vector<due> heap_;
    flat_map<timer_id, std::function<void()>> live_;
    timer_id last_ = 0;
    std::function<void()> on_earlier_;
};

}  // namespace cerro::router
