#pragma once

// Something that happens once, and those who wait for it.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace cerro::agent {

namespace asio = boost::asio;

/// Used on one executor's thread only.
class once {
public:
    explicit once(asio::any_io_executor ex) : executor_(std::move(ex)) {}

    [[nodiscard]] bool happened() const noexcept { return happened_; }
    /// Wakes all who wait. The second time does nothing.
    void happen();
    /// Completes when it has happened, or at `until`. @return happened()
    asio::awaitable<bool> wait_until(std::chrono::steady_clock::time_point until);

private:
    asio::any_io_executor executor_;
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
