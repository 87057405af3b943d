#pragma once

/// @file
/// For tests of asynchronous code: run an io_context until something holds, with a deadline.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

namespace cerro::testing {

/// Runs the loop until `condition()` holds. @return false if it did not within `deadline`
template <class Condition>
bool run_until(boost::asio::io_context& io,
               Condition condition,
               std::chrono::milliseconds deadline = std::chrono::milliseconds(10'000))
{
    auto const end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        io.restart();
        io.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
}

/// Runs the coroutine to its end and gives its value. @throws what it threw, or std::runtime_error at the
/// deadline
template <class T>
T run(boost::asio::io_context& io,
      boost::asio::awaitable<T> task,
      std::chrono::milliseconds deadline = std::chrono::milliseconds(10'000))
{
    // Kept by the handler too: a task that misses the deadline may end after this function.
    struct end {
        std::exception_ptr error;
        std::optional<T> value;
        bool reached = false;
    };
    auto const got = std::make_shared<end>();
    boost::asio::co_spawn(io, std::move(task), [got](std::exception_ptr e, T v) {
        got->error = e;
        got->value = std::move(v);
        got->reached = true;
    });
    if (!run_until(
            io, [&got] { return got->reached; }, deadline)) {
        throw std::runtime_error("the coroutine did not end within its deadline");
    }
    if (got->error) {
        std::rethrow_exception(got->error);
    }
    return std::move(*got->value);
}

inline void run(boost::asio::io_context& io,
                boost::asio::awaitable<void> task,
                std::chrono::milliseconds deadline = std::chrono::milliseconds(10'000))
{
    run(
        io,
        [](boost::asio::awaitable<void> inner) -> boost::asio::awaitable<bool> {
            co_await std::move(inner);
            co_return true;
        }(std::move(task)),
        deadline);
}

}  // namespace cerro::testing
