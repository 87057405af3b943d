#include <cerro/ocs/feed_buffer.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::ocs;
using namespace std::chrono_literals;

namespace {
steady_time const t0{};
}

TEST_CASE("feed buffer: samples of a block are gathered until the buffer time has passed")
{
    feed_buffer b(1s);
    CHECK(b.empty());
    REQUIRE(b.add("temps", 100.0, {{"a", 1.5}, {"b", 2}}, t0).has_value());
    CHECK(b.due() == t0 + 1s);
    REQUIRE(b.add("temps", 100.5, {{"b", 3}, {"a", 1.75}}, t0 + 500ms).has_value());
    CHECK(b.due() == t0 + 1s);
    REQUIRE(b.add("other", 100.5, {{"x", "text"}}, t0 + 500ms).has_value());
    auto const message = b.take();
    dict const temps{{"block_name", "temps"},
                     {"data", dict{{"a", list{1.5, 1.75}}, {"b", list{2, 3}}}},
                     {"timestamps", list{100.0, 100.5}}};
    dict const other{
        {"block_name", "other"}, {"data", dict{{"x", list{"text"}}}}, {"timestamps", list{100.5}}};
    CHECK(message == dict{{"temps", temps}, {"other", other}});
    CHECK(b.empty());
    CHECK(b.take().empty());
}

TEST_CASE("feed buffer: many samples come as lists")
{
    feed_buffer b(0s);
    REQUIRE(b.add_many("t", {1.0, 2.0}, {{"a", list{true, false}}}, t0).has_value());
    CHECK(b.due() == t0);
    CHECK(b.take().find("t")->find("timestamps")->as_list()->size() == 2);
    CHECK_FALSE(b.add_many("t", {1.0, 2.0}, {{"a", list{true}}}, t0).has_value());
    CHECK_FALSE(b.add_many("t", {1.0}, {{"a", 1.0}}, t0).has_value());
    CHECK(b.empty());
    REQUIRE(b.add_many("t", {}, {{"a", list{}}}, t0).has_value());
    CHECK(b.empty());
}

TEST_CASE("feed buffer: a block keeps the fields of its first message")
{
    feed_buffer b(0s);
    REQUIRE(b.add("t", 1.0, {{"a", 1}, {"b", 2}}, t0).has_value());
    CHECK(b.take().size() == 1);
    auto const fewer = b.add("t", 2.0, {{"a", 1}}, t0);
    REQUIRE_FALSE(fewer.has_value());
    CHECK(fewer.error().what == "Block structure does not match: t");
    CHECK_FALSE(b.add("t", 2.0, {{"a", 1}, {"c", 2}}, t0).has_value());
    CHECK(b.add("t", 2.0, {{"b", 1}, {"a", 2}}, t0).has_value());
}

TEST_CASE("feed buffer: illegal names and values are refused and leave nothing behind")
{
    feed_buffer b(0s);
    CHECK_FALSE(b.add("t", 1.0, {{"bad name", 1}}, t0).has_value());
    CHECK_FALSE(b.add("t", 1.0, {{"a", nullptr}}, t0).has_value());
    CHECK_FALSE(b.add("t", 1.0, {{"a", list{1}}}, t0).has_value());
    CHECK_FALSE(b.add_many("t", {1.0}, {{"a", list{nullptr}}}, t0).has_value());
    CHECK(b.empty());
    CHECK(b.add("t", 1.0, {{"other", 1}}, t0).has_value());
}
