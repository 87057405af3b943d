#include "device_lock.hpp"

#include <cerro/testing/loop.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::agent;
using namespace std::chrono_literals;

TEST_CASE("device lock: waiters get it in the order they came, and the holder has a name")
{
    asio::io_context io;
    auto const lock = std::make_shared<fifo_lock>(io.get_executor());
    auto first = testing::run(io, lock->acquire("first", 0s));
    REQUIRE(first);
    CHECK(lock->held_by() == "first");
    std::vector<std::string> order;
    std::vector<std::shared_ptr<void>> tokens;
    for (std::string const name : {"second", "third"}) {
        asio::co_spawn(
            io, lock->acquire(name, 10s), [&, name](std::exception_ptr, std::shared_ptr<void> token) {
                order.push_back(name);
                tokens.push_back(std::move(token));
            });
    }
    CHECK_FALSE(testing::run_until(
        io, [&] { return !order.empty(); }, 30ms));
    first.reset();
    CHECK(lock->held_by() == "second");
    REQUIRE(testing::run_until(io, [&] { return order.size() == 1; }));
    tokens.clear();
    REQUIRE(testing::run_until(io, [&] { return order.size() == 2; }));
    CHECK(order == std::vector<std::string>{"second", "third"});
    tokens.clear();
    CHECK(lock->held_by().empty());
}

TEST_CASE("device lock: who waits in vain gets nothing, and does not block those behind")
{
    asio::io_context io;
    auto const lock = std::make_shared<fifo_lock>(io.get_executor());
    auto holder = testing::run(io, lock->acquire("holder", 0s));
    CHECK_FALSE(testing::run(io, lock->acquire("in vain", 20ms)));
    CHECK(lock->held_by() == "holder");
    holder.reset();
    CHECK(testing::run(io, lock->acquire("next", 0s)));
}
