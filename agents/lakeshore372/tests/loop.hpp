#pragma once

/// @file
/// For tests: runs a coroutine on a loop that the simulator shares.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <chrono>
#include <exception>
#include <functional>

namespace cerro::lakeshore372::tests {

/// Runs `body` to its end, or fails after `limit`.
inline void run(boost::asio::io_context& io,
                std::function<boost::asio::awaitable<void>()> body,
                std::chrono::seconds limit = std::chrono::seconds(30))
{
    bool done = false;
    std::exception_ptr trouble;
    boost::asio::co_spawn(io, body(), [&](std::exception_ptr e) {
        trouble = e;
        done = true;
    });
    auto const deadline = std::chrono::steady_clock::now() + limit;
    while (!done && std::chrono::steady_clock::now() < deadline) {
        io.restart();
        io.run_one_for(std::chrono::milliseconds(100));
    }
    if (trouble) {
        std::rethrow_exception(trouble);
    }
    REQUIRE(done);
}

}  // namespace cerro::lakeshore372::tests
