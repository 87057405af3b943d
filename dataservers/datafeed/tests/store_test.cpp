#include <cerro/codec/codec.hpp>
#include <cerro/dans/api.hpp>
#include <cerro/datafeed/store.hpp>

#include <catch2/catch.hpp>

#include <fstream>

namespace {

using namespace cerro;
using datafeed::store;

struct fake_clock {
    double t = 1573689601;
};

datafeed::store_options options(fake_clock const& c)
{
    datafeed::store_options o;
    o.timeline_root = "observatory.LSA372S";
    o.now = [&c] { return c.t; };
    return o;
}

value json(std::string_view text)
{
    return codec::from_json(text).value();
}

list events()
{
    std::ifstream in(std::string(CERRO_TEST_DATA) + "/sisock/ocs_feed_events.json");
    std::string const text((std::istreambuf_iterator<char>(in)), {});
    return *json(text).as_list();
}

value message(double t, std::string const& channel, value v)
{
    return dict{{"b", dict{{"timestamps", list{t}}, {"data", dict{{channel, list{std::move(v)}}}}}}};
}

TEST_CASE("data feed: recorded feed events become fields as the Python server names them")
{
    fake_clock c;
    store s(options(c));
    std::size_t samples = 0;
    for (auto const& e : events()) {
        samples += s.add(*e.find("args")->at(0)->at(0)).value().samples;
    }
    REQUIRE(samples == 16 * 2 + 2 * 2 + 2 + 2 * 2);
    auto const f = s.find("channel_01_t");
    REQUIRE(f);
    REQUIRE(f->timeline == "observatory.LSA372S.channel_01_t");
    REQUIRE(f->type == dans::sample_type::number);
    REQUIRE_FALSE(f->units);
    // "Channel_01_T" and "Channel 01 T" are one field; the same times replace each other
    REQUIRE(s.read("channel_01_t", {1, 2e9}).t == std::vector<double>{1573689600.1, 1573689600.5});
    REQUIRE(s.find("control_t"));
}

TEST_CASE("data feed: old samples go with the time, also when the feed is dead")
{
    fake_clock c{1000};
    store s(options(c));
    REQUIRE(s.add(message(1000, "x", 1)).has_value());
    REQUIRE(s.add(message(2000, "x", 2)).has_value());
    REQUIRE(s.bytes_held() > 0);
    c.t = 4700;
    REQUIRE(s.find("x"));
    REQUIRE(s.read("x", {1, 9999}).t == std::vector<double>{2000});
    c.t = 5700;
    REQUIRE(s.fields({1, 9999}).fields.empty());
    REQUIRE_FALSE(s.find("x"));
    REQUIRE(s.bytes_held() == 0);
}

TEST_CASE("data feed: late samples come into their place, repeated ones replace")
{
    fake_clock c{1000};
    store s(options(c));
    for (auto const& [t, v] : {std::pair{10, 1}, std::pair{30, 3}, std::pair{20, 2}, std::pair{30, 4}}) {
        REQUIRE(s.add(message(t, "x", v)).has_value());
    }
    auto const out = s.read("x", {1, 100});
    REQUIRE(out.t == std::vector<double>{10, 20, 30});
    REQUIRE(*out.v.numbers() == std::vector<double>{1, 2, 4});
    REQUIRE(s.latest("x", {1, 100}).t == std::vector<double>{30});
    REQUIRE(s.latest("x", {1, 30}).t == std::vector<double>{20});
}

TEST_CASE("data feed: the type is that of the values; a change of type starts anew")
{
    fake_clock c{1000};
    store s(options(c));
    REQUIRE(s.add(message(1, "s", "on")).has_value());
    REQUIRE(s.add(message(1, "b", true)).has_value());
    REQUIRE(s.add(message(1, "n", 4)).has_value());
    REQUIRE(s.find("s")->type == dans::sample_type::text);
    REQUIRE(s.find("b")->type == dans::sample_type::boolean);
    REQUIRE(s.find("n")->type == dans::sample_type::number);
    REQUIRE(s.add(message(2, "n", "broken")).has_value());
    REQUIRE(s.find("n")->type == dans::sample_type::text);
    REQUIRE(s.read("n", {1, 100}).t == std::vector<double>{2});
}

TEST_CASE("data feed: memory is bounded, what had to go is counted")
{
    fake_clock c{1000};
    auto o = options(c);
    o.max_bytes = 16'000;
    store s(std::move(o));
    for (int i = 0; i < 5000; ++i) {
        REQUIRE(s.add(message(i * 0.1, "x", i)).has_value());
        REQUIRE(s.bytes_held() <= 16'000);
    }
    REQUIRE(s.dropped() > 0);
    REQUIRE(s.read("x", {1, 9999}).t.back() == Approx(499.9));
}

TEST_CASE("data feed: garbage is refused and counted, never stored")
{
    fake_clock c{1000};
    auto o = options(c);
    o.max_fields = 2;
    store s(std::move(o));
    REQUIRE(s.add(json("[1]")).has_error());
    REQUIRE(s.add(json(R"({"b": 3, "c": {"timestamps": 1, "data": {}}})"))->refused == 2);
    auto const r = s.add(json(R"({"b": {"timestamps": [1, 2, "x"], "data": {"a": [1, {}, 3], "d": [1]}}})"));
    REQUIRE(r->samples == 2);
    REQUIRE(r->refused == 4);
    REQUIRE(s.add(message(5, "third", 1))->refused == 1);
}

TEST_CASE("data feed: a long run keeps only the buffer's worth of samples")
{
    fake_clock c{0};
    auto o = options(c);
    o.buffer_time = 60;
    store s(std::move(o));
    for (int i = 0; i < 2000; ++i) {
        c.t = i;
        REQUIRE(s.add(message(i, "x", i)).has_value());
    }
    REQUIRE(s.read("x", {0, 9999}).t.size() == 61);
    REQUIRE(s.bytes_held() <= 2 * 62 * 16);
}

TEST_CASE("data feed: units by pattern")
{
    REQUIRE(dans::fits("*_t", "channel_01_t"));
    REQUIRE_FALSE(dans::fits("*_t", "channel_01_r"));
    REQUIRE(dans::fits("channel_??", "channel_01"));
    REQUIRE_FALSE(dans::fits("channel_??", "channel_01_t"));
    REQUIRE_FALSE(dans::fits("channel_??", "channel_1"));
    REQUIRE(dans::fits("*", ""));
    REQUIRE(dans::fits("a*b*c", "axxbyyc"));
    REQUIRE_FALSE(dans::fits("a", "ab"));
    fake_clock c{10};
    auto o = options(c);
    o.units = {{"*_t", "K"}, {"*", "V"}};
    store s(std::move(o));
    REQUIRE(s.add(message(5, "Channel 1 T", 1)).has_value());
    REQUIRE(s.add(message(5, "other", 1)).has_value());
    REQUIRE(s.find("channel_1_t")->units == "K");
    REQUIRE(s.find("other")->units == "V");
}

}  // namespace
