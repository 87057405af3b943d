#include <cerro/codec/value.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace cerro;

TEST_CASE("dict: keeps the order of insertion and replaces in place")
{
    dict d{{"z", 1}, {"a", 2}, {"z", 3}};
    d.set("m", "x");
    d.set("a", 4);
    REQUIRE(d.size() == 3);
    CHECK(d.begin()->first == "z");
    CHECK(*d.find("z") == value(3));
    CHECK(*d.find("a") == value(4));
    CHECK(std::prev(d.end())->first == "m");
    CHECK(d.find("b") == nullptr);
    CHECK(d["new"].is_null());
    CHECK(d.erase("z"));
    CHECK_FALSE(d.erase("z"));
    CHECK(d.size() == 3);
}

TEST_CASE("dict: equality does not mind the order, in small dicts and in large ones")
{
    CHECK(dict{{"a", 1}, {"b", 2}} == dict{{"b", 2}, {"a", 1}});
    CHECK_FALSE(dict{{"a", 1}} == dict{{"a", 1.0}});
    CHECK_FALSE(dict{{"a", 1}} == dict{{"b", 1}});
    dict up;
    dict down;
    for (int i = 0; i < 200; ++i) {
        up.append(std::to_string(i), i);
        down.append(std::to_string(199 - i), 199 - i);
    }
    CHECK(up == down);
    down.set("7", 8);
    CHECK_FALSE(up == down);
}

TEST_CASE("value: a view of another type only where nothing is lost")
{
    CHECK(value(3.0).as_int() == 3);
    CHECK_FALSE(value(3.5).as_int());
    CHECK_FALSE(value(9223372036854775808.0).as_int());
    CHECK(value(9223372036854775808.0).as_uint() == 9223372036854775808U);
    CHECK_FALSE(value(-1).as_uint());
    CHECK_FALSE(value(std::numeric_limits<double>::quiet_NaN()).as_int());
    CHECK(value(7).as_double() == 7.0);
    CHECK_FALSE(value(true).as_int());
    CHECK_FALSE(value("1").as_int());
    auto const largest = std::numeric_limits<std::uint64_t>::max();
    CHECK(value(largest).as_uint() == largest);
    CHECK_FALSE(value(largest).as_int());
    CHECK(value(std::uint64_t{5}).type() == value::kind::integer);
    CHECK(value(list{1, 2}).at(1) != nullptr);
    CHECK(value(list{1, 2}).at(2) == nullptr);
    CHECK(value(1).find("a") == nullptr);
}
