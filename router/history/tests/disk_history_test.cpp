#include "store_world.hpp"
#include <cerro/router/history_answer.hpp>

#include <random>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

/// Small files, so that there are many.
void small(disk_history_options& o)
{
    o.max_bytes = 64U << 10U;
    o.segment_bytes = 4U << 10U;
}

}  // namespace

TEST_CASE("disk history: what was written is read back after a restart, and positions grow on")
{
    folder where;
    std::uint64_t last = 0;
    {
        store_world w(where);
        for (int i = 1; i <= 100; ++i) {
            auto const position = w.add(i);
            CHECK(position > last);
            last = position;
        }
        w.until_written(last);
        CHECK(w.numbers() == count_up(1, 100));
        CHECK(w.told < 100);  // several records, one word
    }
    {
        store_world w(where);
        CHECK(w.store->written() == last);
        CHECK(w.numbers() == count_up(1, 100));
        auto const next = w.add(101);
        CHECK(next == last + 1);  // ended in order: no position is left out
        w.until_written(next);
        CHECK(w.numbers() == count_up(1, 101));
        CHECK(w.gauge("cerro_router_history_records") == 101);
        CHECK(w.gauge("cerro_router_history_newest_position") == static_cast<double>(next));
        CHECK(w.gauge("cerro_router_history_oldest_time_seconds") == Approx(1795253461.0));
        CHECK(w.gauge("cerro_router_history_queue_bytes") == 0);
        CHECK(w.gauge("cerro_router_history_lag_seconds") == 0);
    }
}

TEST_CASE("disk history: what is queued is written when the store ends")
{
    folder where;
    {
        store_world w(where);
        for (int i = 1; i <= 1000; ++i) {
            w.add(i);
        }
    }
    CHECK(store_world(where).numbers() == count_up(1, 1000));
}

TEST_CASE("disk history: after a kill no position is given twice, also of records that nobody wrote")
{
    folder where;
    folder left;
    std::uint64_t written = 0;
    std::uint64_t given = 0;
    {
        store_world w(where);
        written = w.add(1);
        w.until_written(written);
        w.files->stall(true);
        given = w.add(2);  // perhaps seen by subscribers, never written
        where.copy_to(left);
        w.files->stall(false);
    }
    store_world w(left);
    CHECK(w.store->written() == written);
    CHECK(w.numbers() == std::vector<int>{1});
    auto const next = w.add(3);
    CHECK(next > given);
    w.until_written(next);
    CHECK(w.numbers() == std::vector<int>{1, 3});
}

TEST_CASE("disk history: positions go on when a block of them is used up, and only then")
{
    folder where;
    std::uint64_t last = 0;
    {
        store_world w(where, [](auto& o) { o.position_block = 50; });
        for (int i = 1; i <= 500; ++i) {
            std::uint64_t position = 0;
            w.until([&] {
                position = w.add(i);
                return position != 0;
            });
            CHECK(position > last);
            last = position;
        }
        w.files->full = true;
        int given = 0;
        while (w.add(0) != 0) {
            REQUIRE(++given <= 100);
        }
    }
    store_world w(where);
    CHECK(w.add(1000) > last);
}

TEST_CASE("disk history: cut at any octet it gives all whole records, goes on, and reuses no position")
{
    folder where;
    std::uint64_t last = 0;
    {
        store_world w(where);
        for (int i = 1; i <= 4; ++i) {
            last = w.add(i);
        }
        w.until_written(last);
    }
    auto const whole = content(where.segments().at(0));
    std::size_t const record = (whole.size() - 32) / 4;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        put(where.segments().at(0), whole.substr(0, size));
        {
            store_world w(where);
            int const left = size < 32 ? 0 : static_cast<int>((size - 32) / record);
            CHECK(w.numbers() == count_up(1, left));
            auto const next = w.add(9);
            CHECK(next > last);
            w.until_written(next);
            auto wanted = count_up(1, left);
            wanted.push_back(9);
            CHECK(w.numbers() == wanted);
            bool const torn = size >= 32 && (size - 32) % record != 0;
            CHECK((w.counter("cerro_router_history_damaged_bytes_total") > 0) ==
                  (torn || (size > 0 && size < 32)));
        }
        for (auto const& file : where.segments()) {
            std::filesystem::remove(file);
        }
        put(where.realm() / "00000000000000000001.history", whole);
    }
}

TEST_CASE("disk history: a damaged record in the middle is passed over and counted, the others are read")
{
    folder where;
    {
        store_world w(where);
        std::uint64_t last = 0;
        for (int i = 11; i <= 30; ++i) {  // of equal length
            last = w.add(i);
        }
        w.until_written(last);
    }
    auto const file = where.segments().at(0);
    auto const whole = content(file);
    std::size_t const record = (whole.size() - 32) / 20;
    auto const at = GENERATE(as<std::size_t>{}, 0, 3, 5, 9, 13, 50, 90);  // mark, length, checksum, record
    auto damaged = whole;
    damaged[32 + 9 * record + at] = static_cast<char>(damaged[32 + 9 * record + at] ^ 0x55);
    put(file, damaged);
    auto wanted = count_up(11, 30);
    wanted.erase(wanted.begin() + 9);
    store_world w(where);
    CHECK(w.numbers() == wanted);
    history_query backwards;
    backwards.reverse = true;
    std::reverse(wanted.begin(), wanted.end());
    CHECK(w.numbers(backwards) == wanted);
    CHECK(w.counter("cerro_router_history_damaged_bytes_total") == record);
    auto const next = w.add(31);
    w.until_written(next);
    CHECK(w.numbers().back() == 31);
}

TEST_CASE("disk history: a ring of files, the oldest goes")
{
    folder where;
    store_world w(where, small);
    std::uint64_t last = 0;
    for (int i = 1; i <= 2000; ++i) {
        last = w.add(i, "site.a.feeds.f", 100);
    }
    w.until_written(last);
    auto const kept = w.numbers();
    CHECK(kept.back() == 2000);
    CHECK(kept.size() > 150);
    CHECK(kept.size() < 350);
    CHECK(kept == count_up(kept.front(), 2000));
    CHECK(w.gauge("cerro_router_history_bytes") <= 64 << 10);
    std::uintmax_t on_disk = 0;
    for (auto const& file : where.segments()) {
        on_disk += std::filesystem::file_size(file);
    }
    CHECK(on_disk <= 64 << 10);
    history_query q;
    q.limit = 3;
    q.paged = true;
    auto const page = w.read(q);
    CHECK(page.oldest_position == last - kept.size() + 1);
}

TEST_CASE("disk history: a full disk is tried again until it takes everything, in order, nothing twice")
{
    folder where;
    store_world w(where, [](auto& o) { o.queue_bytes = 20'000; });
    w.until_written(w.add(1));
    w.files->full = true;
    int taken = 1;
    while (w.add(taken + 1) != 0) {
        REQUIRE(++taken < 1000);
    }
    CHECK(taken > 50);
    CHECK(w.counter("cerro_router_history_refused_total") == 1);
    w.until([&] { return w.counter("cerro_router_history_write_errors_total") > 2; });
    CHECK(w.store->trouble().find("No space left") != std::string::npos);
    CHECK(w.numbers() == std::vector<int>{1});  // what is there is still read
    w.files->full = false;
    w.until([&] { return w.add(taken + 1) != 0; });
    w.until([&] { return w.store->trouble().empty() && w.gauge("cerro_router_history_queue_bytes") == 0; });
    CHECK(w.numbers() == count_up(1, taken + 1));
}

TEST_CASE("disk history: whatever step fails, all that was taken is read back once")
{
    for (long step = 0;; ++step) {
        folder where;
        bool reached = false;
        {
            auto const disk = std::make_shared<faulty_files>();
            disk->short_writes = true;
            store_world w(where, small, disk);
            disk->fail_at = disk->steps + step;
            std::uint64_t last = 0;
            for (int i = 1; i <= 60; ++i) {
                last = w.add(i, "site.a.feeds.f", 50);
                if (i % 7 == 0) {
                    w.until_written(last);
                }
            }
            w.until_written(last);
            CHECK(w.numbers() == count_up(1, 60));
            reached = disk->steps > disk->fail_at;
        }
        CHECK(store_world(where).numbers() == count_up(1, 60));
        if (!reached) {
            CHECK(step > 20);
            break;
        }
    }
}

TEST_CASE("disk history: a stalled disk holds nobody up, and says so")
{
    folder where;
    auto now = std::make_shared<std::atomic<std::int64_t>>(1'795'253'461);
    store_world w(where,
                  [&](auto& o) { o.wall = [now] { return wall_time(std::chrono::seconds(now->load())); }; });
    w.until_written(w.add(1));
    w.files->stall(true);
    std::uint64_t last = 0;
    for (int i = 2; i <= 100; ++i) {
        last = w.add(i);
        REQUIRE(last != 0);
    }
    CHECK(w.store->trouble().empty());
    *now += 60;
    CHECK(w.store->trouble().find("stalled") != std::string::npos);
    CHECK(w.gauge("cerro_router_history_lag_seconds") > 10);
    CHECK(w.numbers() == std::vector<int>{1});  // pages are read meanwhile
    w.files->stall(false);
    w.until_written(last);
    CHECK(w.numbers() == count_up(1, 100));
    w.until([&] { return w.store->trouble().empty(); });
}

TEST_CASE("disk history: a removed folder is made again")
{
    folder where;
    store_world w(where);
    w.until_written(w.add(1));
    std::filesystem::remove_all(where.realm());
    w.until_written(w.add(2));
    CHECK(where.segments().size() == 1);
    CHECK(w.numbers().back() == 2);
}

TEST_CASE("disk history: a disk that cannot be read is an error of that call")
{
    folder where;
    store_world w(where);
    w.until_written(w.add(1));
    w.files->read_error = true;
    auto const page = w.read({});
    CHECK(page.error == "wamp.error.history_unavailable");
    CHECK(page.failure.find("Input/output error") != std::string::npos);
    w.files->read_error = false;
    CHECK(w.numbers() == std::vector<int>{1});
}

TEST_CASE("disk history: calls beyond max_reads are refused")
{
    folder where;
    store_world w(where, [](auto& o) { o.max_reads = 0; });
    CHECK(w.read({}).error == "wamp.error.history_unavailable");
}

TEST_CASE("disk history: a folder that cannot be used is refused with a cure")
{
    folder where;
    SECTION("a file stands in its place")
    {
        put(where.path(), "x");
    }
    SECTION("another process has it")
    {
        std::filesystem::create_directories(where.realm());
    }
    std::unique_ptr<store_world> other;
    if (std::filesystem::is_directory(where.path())) {
        other = std::make_unique<store_world>(where);
    }
    try {
        store_world w(where);
        FAIL("it was taken");
    } catch (failure const& e) {
        CHECK(std::string(e.what()).find("realm1") != std::string::npos);
        CHECK(std::string(e.what()).find("\"folder\"") != std::string::npos);
    }
}

TEST_CASE("disk history: a lost file of positions is made up for by the clock")
{
    folder where;
    std::uint64_t last = 0;
    {
        store_world w(where);
        last = w.add(1);
        w.until_written(last);
    }
    SECTION("removed")
    {
        std::filesystem::remove(where.realm() / "positions");
    }
    SECTION("damaged")
    {
        put(where.realm() / "positions", "nonsense");
    }
    store_world w(where);
    CHECK(w.add(2) > last);
}

TEST_CASE("disk history: any query is answered as from a plain list")
{
    folder where;
    store_world w(where, [](auto& o) {
        o.max_bytes = 64U << 20U;
        o.segment_bytes = 100U << 10U;
    });
    std::mt19937 chance(7);
    auto const random = [&](int most) { return std::uniform_int_distribution<int>(0, most)(chance); };
    struct event {
        int number;
        std::string topic;
        std::uint64_t position;
    };
    std::vector<event> all;
    for (int i = 1; i <= 1500; ++i) {
        std::string const topic = "site.a" + std::to_string(random(2)) + ".feeds.f";
        all.push_back({i, topic, w.add(i, topic, static_cast<std::size_t>(random(400)))});
    }
    w.until_written(all.back().position);
    CHECK(where.segments().size() > 3);
    for (int round = 0; round < 300; ++round) {
        history_query q;
        q.uri = random(1) == 0 ? "site..feeds." : "site.a1.feeds.f";
        q.match = q.uri == "site..feeds." ? wamp::match_policy::wildcard : wamp::match_policy::exact;
        q.reverse = random(1) == 0;
        q.limit = static_cast<std::size_t>(random(round % 2 == 0 ? 20 : 2000));
        q.max_bytes = 1U << 30U;
        auto const some = [&] { return all[static_cast<std::size_t>(random(1499))]; };
        if (random(1) == 0) {
            q.first_position = some().position;
        }
        if (random(1) == 0) {
            q.last_position = some().position;
        }
        if (random(3) == 0) {
            q.first_time_ns = 1'795'253'460'000'000'000 + some().number * 1'000'000'000LL;
        }
        if (random(3) == 0) {
            q.topic = "site.a0.feeds.f";
        }
        if (random(5) == 0) {
            q.after_publication = static_cast<wamp::id>(1000 + some().number);
        }
        std::vector<int> wanted;
        for (auto const& e : all) {
            if (e.position >= q.first_position && e.position <= q.last_position &&
                wamp::matches(e.topic, q.uri, q.match) && (q.topic.empty() || q.topic == e.topic) &&
                1'795'253'460'000'000'000 + e.number * 1'000'000'000LL >= q.first_time_ns &&
                (q.after_publication == 0 || e.number > static_cast<int>(q.after_publication) - 1000)) {
                wanted.push_back(e.number);
            }
        }
        if (q.reverse) {
            std::reverse(wanted.begin(), wanted.end());
        }
        wanted.resize(std::min(wanted.size(), q.limit));
        CHECK(store_world::numbers_in(w.read(q)) == wanted);
    }
}

TEST_CASE("disk history: pages follow each other while more is written")
{
    folder where;
    store_world w(where, [](auto& o) { o.segment_bytes = 16U << 10U; });
    std::vector<int> seen;
    history_query q;
    q.uri = "..feeds.";
    q.match = wamp::match_policy::wildcard;
    q.paged = true;
    q.limit = 1'000'000;
    q.max_bytes = 5000;
    int added = 0;
    std::uint64_t last = 0;
    for (int pages = 0; pages < 1000 && (added < 500 || static_cast<int>(seen.size()) < added); ++pages) {
        for (int i = 0; i < 10 && added < 500; ++i) {
            last = w.add(++added);
        }
        w.until_written(last);
        auto const page = w.read(q);
        CHECK(page.events.size() <= 5002);
        for (auto const n : store_world::numbers_in(page)) {
            seen.push_back(n);
        }
        q.first_position = page.next_position;
    }
    CHECK(seen == count_up(1, 500));
}
