#include "device_lock.hpp"

namespace cerro::agent {

asio::awaitable<std::shared_ptr<void>> fifo_lock::acquire(std::string job, std::chrono::nanoseconds timeout)
{
    auto const self = shared_from_this();
    if (!held_) {
        held_ = true;
        holder_ = std::move(job);
        co_return make_token();
    }
    auto const mine = std::make_shared<waiter>(executor_, std::move(job));
    queue_.push_back(mine);
    bool const granted = co_await mine->granted.wait_until(after(timeout));
    if (granted) {
        co_return make_token();
    }
    std::erase_if(queue_, [&](auto const& w) { return w.lock() == mine; });
    co_return nullptr;
}

std::shared_ptr<void> fifo_lock::make_token()
{
    return {static_cast<void*>(this), [self = shared_from_this()](void*) { self->release(); }};
}

void fifo_lock::release()
{
    while (!queue_.empty()) {
        auto const next = queue_.front().lock();
        queue_.pop_front();
        if (next) {
            holder_ = next->job;
            next->granted.happen();
            return;
        }
    }
    held_ = false;
    holder_.clear();
}

}  // namespace cerro::agent
