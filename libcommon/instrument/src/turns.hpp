#pragma once

/// @file
/// First come, first served: coroutines of one executor take turns at something that serves one at a time.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <memory>
#include <utility>

namespace cerro::instrument {

class turns {
public:
    explicit turns(boost::asio::any_io_executor ex) : executor_(std::move(ex)) {}

    /// A turn; destroying it passes on to the next in the queue. Must not outlive its `turns`.
    class holder {
    public:
        explicit holder(turns* owner) : owner_(owner) {}
        holder(holder&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        holder& operator=(holder&&) = delete;
        ~holder()
        {
            if (owner_ != nullptr) {
                owner_->pass_on();
            }
        }

    private:
        turns* owner_;
    };

    boost::asio::awaitable<holder> take()
    {
        if (!busy_) {
            busy_ = true;
            co_return holder(this);
        }
        auto const waiter = std::make_shared<boost::asio::steady_timer>(
            executor_, boost::asio::steady_timer::time_point::max());
        queue_.push_back(waiter);
        // The one before hands over by cancelling; `busy_` stays true meanwhile, so that nobody slips in
        // between.
        [[maybe_unused]] auto [ec] =
            co_await waiter->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        co_return holder(this);
    }

private:
    void pass_on()
    {
        if (queue_.empty()) {
            busy_ = false;
            return;
        }
        auto const next = std::move(queue_.front());
        queue_.pop_front();
        next->cancel();
    }

    boost::asio::any_io_executor executor_;
    std::deque<std::shared_ptr<boost::asio::steady_timer>> queue_;
    bool busy_ = false;
};

}  // namespace cerro::instrument
