#pragma once

// Something that happens once, and those who wait for it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <limits>
#include <memory>
#include <vector>

namespace cerro::agent {

namespace asio = boost::asio;

/// Used on one executor's thread only.
class once {
public:
    /// @param most how many may wait; one more, and the wait of the first of them ends as if its time were
    /// over
    explicit once(asio::any_io_executor ex, std::size_t most = std::numeric_limits<std::size_t>::max())
        : executor_(std::move(ex)), most_(most)
    {}

    [[nodiscard]] bool happened() const noexcept { return happened_; }
    /// Wakes all who wait. The second time does nothing.
    void happen();
    /// Completes when it has happened, at `until`, or when too many wait. @return happened()
    asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point until);

private:
    asio::any_io_executor executor_;
    std::size_t most_;
    bool happened_ = false;
    using timers = std::vector<asio::steady_timer*>;
    /// Shared: a waiting coroutine may be destroyed after us.
    std::shared_ptr<timers> waiting_ = std::make_shared<timers>();
};

/// `now + d`, or the end of time if that is beyond it.
[[nodiscard]] std::chrono::steady_clock::time_point after(std::chrono::nanoseconds d);
/// The same with seconds of any size; NaN or less than 0 is now.
[[nodiscard]] std::chrono::steady_clock::time_point after_seconds(double seconds);

}  // namespace cerro::agent
