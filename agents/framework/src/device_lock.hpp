#pragma once

#include "once.hpp"
#include <cerro/agent/agent.hpp>

#include <deque>
#include <memory>
#include <string>

namespace cerro::agent {

class fifo_lock final : public device_lock, public std::enable_shared_from_this<fifo_lock> {
public:
    explicit fifo_lock(asio::any_io_executor ex) : executor_(std::move(ex)) {}

    asio::awaitable<std::shared_ptr<void>> acquire(std::string job,
                                                   std::chrono::nanoseconds timeout) override;
    [[nodiscard]] std::string held_by() const override { return holder_; }

private:
    struct waiter {
        waiter(asio::any_io_executor ex, std::string name) : job(std::move(name)), granted(std::move(ex)) {}
        std::string job;
        once granted;
    };
    [[nodiscard]] std::shared_ptr<void> make_token();
    void release();

    asio::any_io_executor executor_;
    bool held_ = false;
    std::string holder_;
    std::deque<std::weak_ptr<waiter>> queue_;
};

}  // namespace cerro::agent
