#include "messages.hpp"
#include <cerro/aggregator/message.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;

namespace {

constexpr double now = 1'700'000'000;

std::string refusal(value const& one_block)
{
    auto const m = read_message(message(one_block, feed("a")), now);
    return m && m->refused.size() == 1 ? m->refused[0] : "";
}

}  // namespace

TEST_CASE("a feed message is read with its feed's parameters", "[aggregator]")
{
    auto const m =
        read_message(message(block("b", {now, now + 1}, {{"x", list{1, 2.5}}, {"s", list{"u", "v"}}}),
                             feed("a", "7.5", {{"frame_length", 60}, {"fresh_time", 40.0}})),
                     now);
    REQUIRE(m.has_value());
    CHECK(m->wanted);
    CHECK(m->address == "observatory.a.feeds.f");
    CHECK(m->session_id == "7.5");
    CHECK(m->frame_length == 60);
    CHECK(m->fresh_time == 40);
    CHECK(m->refused.empty());
    REQUIRE(m->blocks.size() == 1);
    CHECK(m->blocks[0].times == std::vector<std::int64_t>{170000000000000000, 170000000100000000});
    CHECK(m->blocks[0].fields[0].second == std::vector<g3::cell>{std::int64_t{1}, 2.5});
}

TEST_CASE("defaults hold where parameters are absent or senseless", "[aggregator]")
{
    for (auto const& params :
         {dict{}, dict{{"frame_length", -1}, {"fresh_time", std::nan("")}}, dict{{"frame_length", "x"}}}) {
        auto const m =
            read_message(message(block("b", {now}, {{"x", list{1}}}), feed("a", "1", params)), now);
        REQUIRE(m.has_value());
        CHECK(m->frame_length == 300);
        CHECK(m->fresh_time == 180);
    }
}

TEST_CASE("feeds that are not to be recorded are passed over", "[aggregator]")
{
    auto info = feed("a");
    info.set("record", false);
    CHECK_FALSE(read_message(message(block("b", {now}, {{"x", list{1}}}), info), now)->wanted);
    info = feed("a", "1", {{"exclude_aggregator", true}});
    CHECK_FALSE(read_message(message(block("b", {now}, {{"x", list{1}}}), info), now)->wanted);
}

TEST_CASE("what is no feed message is refused", "[aggregator]")
{
    CHECK(read_message({}, now).has_error());
    CHECK(read_message({value(1)}, now).has_error());
    CHECK(read_message({value(list{1, 2, 3})}, now).has_error());
    CHECK(read_message({value(list{dict{}, dict{}})}, now).has_error());
    auto info = feed("a");
    info.set("session_id", 5);
    CHECK(read_message(message(block("b", {now}, {{"x", list{1}}}), info), now).has_error());
    CHECK(read_message({value(list{value("text"), value(feed("a"))})}, now).has_error());
}

TEST_CASE("bad blocks are refused with the reason, the others are taken", "[aggregator]")
{
    CHECK_THAT(refusal(block("b", {0.0}, {{"x", list{1}}})),
               Catch::Contains("block b: timestamp 0.000000 is no time"));
    CHECK_THAT(refusal(block("b", {std::nan("")}, {{"x", list{1}}})), Catch::Contains("is no time"));
    CHECK_THAT(refusal(block("b", {now + 1e6}, {{"x", list{1}}})), Catch::Contains("more than a day ahead"));
    CHECK_THAT(refusal(block("b", {"12"}, {{"x", list{1}}})), Catch::Contains("timestamp is no number"));
    CHECK_THAT(refusal(block("b", {now}, {{"x", list{1, 2}}})),
               Catch::Contains("x has 2 values for 1 timestamps"));
    CHECK_THAT(refusal(block("b", {now}, {{"x", list{list{}}}})),
               Catch::Contains("field x: a value is a list"));
    CHECK_THAT(refusal(block("b", {now}, {{"x", 1}})), Catch::Contains("field x is no list"));
    CHECK_THAT(refusal(block("b", {now}, {})), Catch::Contains("no dict with fields"));

    auto const mixed = read_message(
        message({block("bad", {now}, {{"x", list{}}}), block("good", {now}, {{"x", list{1}}})}, feed("a")),
        now);
    REQUIRE(mixed.has_value());
    CHECK(mixed->refused.size() == 1);
    REQUIRE(mixed->blocks.size() == 1);
    CHECK(mixed->blocks[0].name == "good");
}

TEST_CASE("illegal field names are repaired", "[aggregator]")
{
    auto const m = read_message(
        message(
            block(
                "b",
                {now},
                {{"bad name!", list{1.0}}, {"bad name", list{2.0}}, {"1abc", list{3.0}}, {"___", list{4.0}}}),
            feed("a")),
        now);
    std::vector<std::string> names;
    for (auto const& [name, cells] : m->blocks.at(0).fields) {
        names.push_back(name);
    }
    CHECK(names == std::vector<std::string>{"bad_name", "bad_name_01", "abc", "___"});
}
