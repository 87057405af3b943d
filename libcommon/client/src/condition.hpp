#pragma once

// Waiting in coroutines for something that another part of the same thread brings about.

#include <cerro/base/time.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

namespace cerro::client {

inline constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);

class condition {
public:
    explicit condition(boost::asio::any_io_executor ex) : ex_(std::move(ex)) {}

    /// Call whenever what a waiter looks at may have changed.
    void changed()
    {
        auto const now = std::move(waiters_);
        waiters_.clear();
        for (auto const& timer : now) {
            timer->cancel();
        }
    }

    /// @return whether `holds()` was true before the deadline
    boost::asio::awaitable<bool> wait_until(std::function<bool()> holds, steady_time deadline)
    {
        while (!holds()) {
            if (std::chrono::steady_clock::now() >= deadline) {
                co_return false;
            }
            auto const timer = std::make_shared<boost::asio::steady_timer>(ex_, deadline);
            waiters_.push_back(timer);
            [[maybe_unused]] auto [ec] = co_await timer->async_wait(as_result);
            std::erase(waiters_, timer);
        }
        co_return true;
    }

private:
    boost::asio::any_io_executor ex_;
    std::vector<std::shared_ptr<boost::asio::steady_timer>> waiters_;
};

}  // namespace cerro::client
