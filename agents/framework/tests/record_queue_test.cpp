#include "record_queue.hpp"

#include <catch2/catch.hpp>

using namespace cerro;
using namespace std::chrono_literals;
using cerro::agent::record_limits;
using cerro::agent::record_queue;

namespace {

steady_time const t0 = steady_time{} + 24h;

std::vector<std::uint64_t> send_all(record_queue& q, steady_time now = t0)
{
    std::vector<std::uint64_t> sent;
    while (auto const* m = q.next(now)) {
        sent.push_back(m->number);
    }
    return sent;
}

using numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("record queue: messages go out in order, as many at a time as the window has")
{
    record_limits limits;
    limits.window = 2;
    record_queue q(limits);
    for (int i = 0; i < 4; ++i) {
        q.push("t", {i}, t0);
    }
    CHECK(send_all(q) == numbers{1, 2});
    q.acknowledged(2);
    CHECK(send_all(q) == numbers{3});
    q.acknowledged(1);
    q.acknowledged(3);
    CHECK(send_all(q) == numbers{4});
    q.acknowledged(4);
    CHECK(q.empty());
    CHECK(q.bytes() == 0);
    CHECK(q.lost() == 0);
}

TEST_CASE("record queue: after a lost connection the old ones are sent again before anything newer")
{
    record_queue q;
    q.push("t", {1}, t0);
    q.push("t", {2}, t0);
    q.push("t", {3}, t0);
    CHECK(send_all(q) == numbers{1, 2, 3});
    q.acknowledged(1);
    q.push("t", {4}, t0);
    CHECK(send_all(q) == numbers{4});
    q.undelivered(3);
    CHECK(send_all(q).empty());
    q.undelivered(2);
    CHECK(send_all(q).empty());
    q.undelivered(4);
    CHECK(send_all(q) == numbers{2, 3, 4});
}

TEST_CASE("record queue: a refused message is a counted loss and is not sent again")
{
    record_queue q;
    q.push("t", {1}, t0);
    q.push("t", {2}, t0);
    CHECK(send_all(q) == numbers{1, 2});
    q.refused(1);
    CHECK(q.lost() == 1);
    CHECK(q.size() == 1);
    q.acknowledged(2);
    CHECK(q.empty());
}

TEST_CASE("record queue: above the bound the oldest waiting messages are given up")
{
    record_limits limits;
    limits.bytes = 4'000;
    record_queue q(limits);
    for (int i = 0; i < 10; ++i) {
        q.push("t", {std::string(1'000, 'x')}, t0);
    }
    CHECK(q.bytes() <= 4'000);
    CHECK(q.lost() == 7);
    CHECK(send_all(q) == numbers{8, 9, 10});
}

TEST_CASE("record queue: what waited for too long is given up, what is on its way is not")
{
    record_limits limits;
    limits.window = 1;
    record_queue q(limits);
    q.push("t", {1}, t0);
    q.push("t", {2}, t0);
    q.push("t", {3}, t0 + 30min);
    CHECK(send_all(q) == numbers{1});
    q.push("t", {4}, t0 + 61min);
    CHECK(q.lost() == 1);
    CHECK(q.size() == 3);
    q.acknowledged(1);
    CHECK(send_all(q, t0 + 61min) == numbers{3});
}
