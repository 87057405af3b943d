#include "messages.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;

namespace {

constexpr double start = 1'700'000'000;

/// A recorder with all frames it gave.
struct session {
    explicit session(recorder_limits l = {}) : r(start, 1, l) {}

    recorder r;
    std::vector<outgoing_frame> frames;
    double now = start;
    double steady = 1000;

    std::vector<std::string> take(value const& b, dict const& info = feed("a"))
    {
        return test::take(r, message(b, info), clocks());
    }
    void tick(double seconds = 1)
    {
        for (; seconds > 0; --seconds) {
            now += 1;
            steady += 1;
            keep(r.tick(clocks()));
        }
    }
    [[nodiscard]] instant clocks() const { return {now, steady}; }
    archive_content end()
    {
        keep(r.finish(clocks()));
        return {r, frames};
    }
    void keep(std::vector<outgoing_frame> more)
    {
        for (auto& frame : more) {
            frames.push_back(std::move(frame));
        }
    }
};

std::vector<double> reals(g3::column const& c)
{
    return std::get<std::vector<double>>(c);
}

value one(double t, value v)
{
    return block("b", {t}, {{"x", list{std::move(v)}}});
}

}  // namespace

TEST_CASE("int and float in one frame become float", "[aggregator]")
{
    session s;
    CHECK(s.take(one(start, 1)).empty());
    CHECK(s.take(one(start + 1, 0.5)).empty());
    CHECK(s.take(one(start + 2, 2)).empty());
    auto const content = s.end();
    REQUIRE(content.data().size() == 1);
    CHECK(reals(values(*content.data()[0], "b", "x")) == std::vector<double>{1, 0.5, 2});
    CHECK(s.r.counters().restarted_providers == 0);
}

TEST_CASE("a field once written as int goes on as float under a new provider id, and stays float",
          "[aggregator]")
{
    session s;
    auto const info = feed("a", "1", {{"frame_length", 5}});
    s.take(one(start, 1), info);
    s.tick(10);
    s.take(one(s.now, 0.5), info);
    s.tick(10);
    s.take(one(s.now, 7), info);
    auto const content = s.end();
    REQUIRE(content.trouble.empty());
    auto const data = content.data();
    REQUIRE(data.size() == 3);
    CHECK(values(*data[0], "b", "x") == g3::column(std::vector<std::int64_t>{1}));
    CHECK(reals(values(*data[1], "b", "x")) == std::vector<double>{0.5});
    CHECK(reals(values(*data[2], "b", "x")) == std::vector<double>{7});
    CHECK(data[0]->prov_id == 0);
    CHECK(data[1]->prov_id == 1);
    CHECK(data[2]->prov_id == 1);
}

TEST_CASE("a widened field stays wide when its device comes back", "[aggregator]")
{
    session s;
    auto const info = feed("a", "1", {{"fresh_time", 5}});
    s.take(one(start, 1), info);
    s.take(one(start, 0.5), info);
    s.tick(10);
    s.take(one(s.now, 2), info);
    auto const content = s.end();
    REQUIRE(content.data().size() == 2);
    CHECK(reals(values(*content.data()[1], "b", "x")) == std::vector<double>{2});
}

TEST_CASE("null is NaN among floats and costs its block elsewhere", "[aggregator]")
{
    session s;
    CHECK(s.take(block("b", {start, start + 1}, {{"x", list{1.5, nullptr}}})).empty());
    CHECK(s.take(block("i", {start}, {{"n", list{1}}})).empty());
    auto const refused = s.take(block("i", {start + 1}, {{"n", list{nullptr}}}));
    REQUIRE(refused.size() == 1);
    CHECK(refused[0] == "observatory.a.feeds.f: block i: field n: null in a field of int");
    auto const content = s.end();
    auto const x = reals(values(*content.data().at(0), "b", "x"));
    CHECK(x[0] == 1.5);
    CHECK(std::isnan(x[1]));
    CHECK(s.r.counters().refused_blocks == 1);
}

TEST_CASE("text among numbers is refused within a frame, and starts a new provider after it", "[aggregator]")
{
    session s;
    auto const info = feed("a", "1", {{"frame_length", 5}});
    s.take(one(start, 1.5), info);
    CHECK(s.take(one(start + 1, "off"), info).size() == 1);
    s.tick(10);
    CHECK(s.take(one(s.now, "off"), info).empty());
    auto const content = s.end();
    REQUIRE(content.data().size() == 2);
    CHECK(values(*content.data()[1], "b", "x") == g3::column(std::vector<std::string>{"off"}));
    CHECK(content.data()[1]->prov_id == 1);
}

TEST_CASE("a changed set of fields starts a new frame under a new provider id", "[aggregator]")
{
    session s;
    s.take(block("b", {start}, {{"x", list{1.0}}}));
    s.tick();
    CHECK(s.take(block("b", {start + 1}, {{"x", list{2.0}}, {"y", list{3.0}}})).empty());
    CHECK(s.take(block("c", {start + 1}, {{"y", list{3.0}}})).empty());  // y moves to another block
    auto const content = s.end();
    REQUIRE(content.trouble.empty());
    auto const data = content.data();
    REQUIRE(data.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(data[i]->prov_id == static_cast<std::int64_t>(i));
        CHECK(data[i]->address == "observatory.a.feeds.f");
    }
    CHECK(s.r.counters().restarted_providers == 2);
}

TEST_CASE("no data frame precedes the status frame that lists its provider", "[aggregator]")
{
    session s;
    for (int i = 0; i < 50; ++i) {
        s.take(block("b", {s.now}, {{"f" + std::to_string(i % 3), list{1.0 * i}}}),
               feed("p" + std::to_string(i % 5)));
        if (i % 7 == 0) {
            s.tick();
        }
    }
    auto const content = s.end();
    REQUIRE(content.trouble.empty());
    std::vector<g3::hk::provider> alive;
    std::size_t data = 0;
    for (auto const& frame : content.frames) {
        if (auto const* const status = std::get_if<g3::hk::status_frame>(&frame.content)) {
            alive = status->providers;
        } else if (auto const* const d = std::get_if<g3::hk::data_frame>(&frame.content)) {
            g3::hk::provider const wanted{d->prov_id, d->address};
            CHECK(std::find(alive.begin(), alive.end(), wanted) != alive.end());
            ++data;
        }
    }
    CHECK(data == 50);  // each changes the fields of its provider
}

TEST_CASE("samples come out in time order, and frames of a provider with rising timestamps", "[aggregator]")
{
    session s;
    s.take(block("b", {start + 2, start, start + 1}, {{"x", list{2, 0, 1}}, {"s", list{"c", "a", "b"}}}));
    s.keep(s.r.finish(s.clocks()));
    s.take(block("b", {start + 3}, {{"x", list{3}}, {"s", list{"d"}}}));
    s.now -= 3600;  // the clock is set back
    auto const content = s.end();
    auto const data = content.data();
    REQUIRE(data.size() == 2);
    CHECK(values(*data[0], "b", "x") == g3::column(std::vector<std::int64_t>{0, 1, 2}));
    CHECK(values(*data[0], "b", "s") == g3::column(std::vector<std::string>{"a", "b", "c"}));
    CHECK(data[1]->timestamp > data[0]->timestamp);
}

TEST_CASE("stale providers are written, removed and listed as stale", "[aggregator]")
{
    session s;
    s.take(one(start, 1.0), feed("a", "1", {{"fresh_time", 5}}));
    s.take(one(start, 1.0), feed("b"));
    s.tick(7);
    auto const* const a = s.r.providers().find("observatory.a.feeds.f");
    REQUIRE(a != nullptr);
    CHECK(
        *a ==
        value(dict{{"last_refresh", start}, {"sessid", "1"}, {"stale", true}, {"last_block_received", "b"}}));
    CHECK(*s.r.providers().find("observatory.b.feeds.f")->find("stale") == value(false));
    archive_content const content(s.r, s.frames);
    REQUIRE(content.data().size() == 1);
    REQUIRE(content.status().size() == 2);
    CHECK(content.status()[1]->providers == std::vector<g3::hk::provider>{{1, "observatory.b.feeds.f"}});
}

TEST_CASE("a device's new process is a provider beside its old one", "[aggregator]")
{
    session s;
    s.take(one(start, 1.0), feed("a", "1"));
    s.tick();
    s.take(one(start, 2.0), feed("a", "2"));
    s.tick(185);  // both go stale
    auto const content = s.end();
    REQUIRE(content.status().size() == 4);
    CHECK(content.status()[1]->providers.size() == 2);
    CHECK(content.status()[3]->providers.empty());
    CHECK(*s.r.providers().find("observatory.a.feeds.f")->find("sessid") == value("2"));
}

TEST_CASE("a flood of samples is cut into frames of bounded size", "[aggregator]")
{
    session s;
    std::string const large(1U << 20U, 'x');
    for (int i = 0; i < 40; ++i) {
        s.take(one(start + i * 0.1, large));
        s.tick();
    }
    CHECK(s.frames.size() == 3);  // status, and data each 17 MiB
    CHECK(s.frames.back().octets.size() < 20U << 20U);
}

TEST_CASE("malformed messages only cost themselves", "[aggregator]")
{
    session s;
    CHECK(s.r.take("t", {}, s.clocks()).size() == 1);
    CHECK(s.r.take("t", {value("x")}, s.clocks()).size() == 1);
    CHECK(s.take(block("b", {start}, {{"x", list{list{}}}})).size() == 1);
    CHECK(s.take(one(start, 1.5), feed("b")).empty());
    auto const content = s.end();
    CHECK(content.data().size() == 1);
    CHECK(s.r.counters().refused_messages == 2);
    CHECK(s.r.counters().refused_blocks == 1);
    CHECK(s.r.counters().samples == 1);
}

TEST_CASE("a message that its agent sends again is recorded once, and gaps are counted", "[aggregator]")
{
    session s;
    auto const numbered = [&](int sequence, std::string const& process = "1") {
        auto info = feed("a", process);
        info.set("sequence", sequence);
        CHECK(s.take(one(start + sequence, 1.0 * sequence), info).empty());
    };
    for (int const sequence : {7, 8, 8, 7, 9, 12}) {
        numbered(sequence);
    }
    numbered(1, "2");
    auto const content = s.end();
    REQUIRE(content.data().size() == 2);
    CHECK(reals(values(*content.data()[0], "b", "x")) == std::vector<double>{7, 8, 9, 12});
    CHECK(reals(values(*content.data()[1], "b", "x")) == std::vector<double>{1});
    CHECK(s.r.counters().repeated_messages == 2);
    CHECK(s.r.counters().missed_messages == 2);
}

TEST_CASE("a clock that is set back or ahead neither holds frames up nor cuts them short", "[aggregator]")
{
    double const step = GENERATE(-3600.0, 3600.0);
    session s;
    auto const info = feed("a", "1", {{"frame_length", 60}, {"fresh_time", 120}});
    s.take(one(s.now, 1.0), info);
    s.tick(10);
    s.now += step;
    s.take(one(s.now, 2.0), info);
    s.tick(40);
    CHECK(s.frames.size() == 1);  // the list of providers
    s.tick(15);
    CHECK(s.frames.size() == 2);
    s.now += step;
    s.tick(50);
    CHECK(*s.r.providers().find("observatory.a.feeds.f")->find("stale") == value(false));
    s.tick(20);
    CHECK(*s.r.providers().find("observatory.a.feeds.f")->find("stale") == value(true));
}

TEST_CASE("no message asks for frames of more than an hour", "[aggregator]")
{
    session s;
    auto const info = feed("a", "1", {{"frame_length", 1e9}, {"fresh_time", 1e300}});
    s.take(one(s.now, 1.0), info);
    s.tick(3599);
    CHECK(s.frames.size() == 1);
    s.tick(2);
    CHECK(s.frames.size() == 2);
    s.tick(86'400);
    CHECK(*s.r.providers().find("observatory.a.feeds.f")->find("stale") == value(true));
}

TEST_CASE("above the limit of memory the largest open frames are written early, none is lost", "[aggregator]")
{
    session s({1U << 20U});
    std::string const text(10'000, 'x');
    std::uint64_t waiting = 0;
    for (int i = 0; i < 400; ++i) {
        auto const name = "p" + std::to_string(i % 7 == 0 ? 0 : i % 50);
        CHECK(s.take(one(s.now, text), feed(name)).empty());
        waiting += text.size();
        auto early = s.r.relieve(s.clocks());
        for (auto const& frame : early) {
            waiting -= frame.samples * text.size();
        }
        CHECK(waiting <= 1U << 20U);
        s.keep(std::move(early));
    }
    CHECK(s.r.counters().early_frames > 3);
    CHECK(s.r.counters().early_frames < 100);
    auto const content = s.end();
    CHECK(content.trouble.empty());
    std::size_t archived = 0;
    for (auto const* const data : content.data()) {
        archived += data->blocks.at(0).count;
    }
    CHECK(archived == 400);
}

TEST_CASE("ever new names of blocks are bounded too, and do not stop the feeds that are known",
          "[aggregator]")
{
    session s({1U << 20U});
    CHECK(s.take(one(s.now, 1.0), feed("good")).empty());
    std::size_t refused = 0;
    for (int i = 0; i < 5000; ++i) {
        auto const n = std::to_string(i);
        refused += s.take(block("b" + n, {s.now}, {{"x" + n, list{1.0}}}), feed("bad")).size();
        s.keep(s.r.relieve(s.clocks()));
    }
    CHECK(refused > 3000);
    CHECK(s.take(one(s.now, 2.0), feed("good")).empty());
    CHECK(s.end().trouble.empty());
}

TEST_CASE("a message on the topic of another feed is refused", "[aggregator]")
{
    session s;
    auto const refused = s.r.take("observatory.b.feeds.f", message(one(start, 1.0), feed("a")), s.clocks());
    REQUIRE(refused.size() == 1);
    CHECK(refused[0] == "a message of observatory.a.feeds.f was published to observatory.b.feeds.f");
    CHECK(s.r.counters().refused_messages == 1);
    CHECK(s.end().data().empty());
}

TEST_CASE("a number far ahead does not silence its feed", "[aggregator]")
{
    session s;
    auto const numbered = [&](std::uint64_t sequence, double v) {
        auto info = feed("a");
        info.set("sequence", sequence);
        CHECK(s.take(one(s.now, v), info).empty());
    };
    numbered(0, 0);
    numbered(1, 1);
    numbered(std::uint64_t{1} << 62U, 99);
    numbered(2, 2);
    numbered(2, 2);
    numbered(1, 1);
    numbered(4, 4);
    numbered(3, 3);
    numbered(5, 5);
    auto const content = s.end();
    REQUIRE(content.data().size() == 1);
    CHECK(reals(values(*content.data()[0], "b", "x")) == std::vector<double>{0, 1, 99, 2, 4, 3, 5});
    CHECK(s.r.counters().repeated_messages == 2);
    CHECK(s.r.counters().missed_messages == 1);
}
