#include <cerro/bridge/data.hpp>
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace cerro;
using namespace cerro::bridge;

value json(std::string_view text)
{
    return codec::from_json(text).value();
}

node_fields fields(std::string_view text)
{
    return parse_fields(json(text)).value();
}

node_fields const two =
    fields(R"([{"a": {"timeline": "t", "type": "number", "units": "K", "description": null},
    "b": {"timeline": "t", "type": "number"}}, {"t": {"interval": 2.5, "field": ["a", "b"]}}])");

dans::series numbers(std::vector<double> t, std::vector<double> const& v)
{
    dans::series s{std::move(t), {}};
    for (double const x : v) {
        s.v.push_number(x);
    }
    return s;
}

TEST_CASE("get_fields: what nodes of 2019 answer is understood")
{
    REQUIRE(two.fields.size() == 2);
    REQUIRE(two.find("a")->units == "K");
    REQUIRE(two.find("a")->interval == 2.5);
    REQUIRE_FALSE(two.find("b")->description);
    REQUIRE_FALSE(two.reduces);
    // apex-weather writes a bare string where others write a list
    REQUIRE(fields(R"([{"h": {"timeline": "h"}}, {"h": {"interval": null, "field": "h"}}])").find("h") !=
            nullptr);
    for (auto const* bad : {"[]", "{}", "[1, 2]", "null", "[{}]"}) {
        REQUIRE(parse_fields(json(bad)).has_error());
    }
}

TEST_CASE("get_data: unequal lengths are cut, the rest is not shifted")
{
    auto const d = parse_data(json(R"({"data": {"a": [1, 2, 3], "b": [4, 5]},
        "timeline": {"t": {"t": [10, 20], "finalized_until": null}}})"),
                              two);
    REQUIRE(d->at("a").t == std::vector<double>{10, 20});
    REQUIRE(d->at("a").v.size() == 2);
    REQUIRE(d->at("b").v.size() == 2);
}

TEST_CASE("get_data: a housekeeping archive names its fields in each group")
{
    auto const d = parse_data(json(R"({"data": {"x": [1], "y": [2, 3]}, "timeline": {
        "group0": {"t": [10], "fields": ["x"]}, "group1": {"t": [20, 30], "fields": ["y"]}}})"),
                              two);
    REQUIRE(d->at("x").t == std::vector<double>{10});
    REQUIRE(d->at("y").t == std::vector<double>{20, 30});
}

TEST_CASE("get_data: null is NaN, times that go back are sorted, samples without time are left out")
{
    auto const d = parse_data(
        json(R"({"data": {"a": [3, null, 1, 9]}, "timeline": {"t": {"t": [30, 20, 10, null]}}})"), two);
    auto const& s = d->at("a");
    REQUIRE(s.t == std::vector<double>{10, 20, 30});
    REQUIRE(std::isnan((*s.v.numbers())[1]));
}

TEST_CASE("get_data: strings and bools keep their type")
{
    auto const d = parse_data(json(R"({"data": {"a": ["on", null, 3], "b": [true, false]},
        "timeline": {"t": {"t": [1, 2, 3]}}})"),
                              two);
    REQUIRE(d->at("a").v.at(1) == value("3"));
    REQUIRE(d->at("a").t == std::vector<double>{1, 3});
    REQUIRE(d->at("b").v.at(0) == value(true));
}

TEST_CASE("get_data: false is too much; nonsense is malformed; neither throws")
{
    REQUIRE(parse_data(false, two).error().code == errc::limit_exceeded);
    for (auto const* bad :
         {"null", "[]", "{}", R"({"data": 1, "timeline": {}})", R"({"data": {}, "timeline": []})"}) {
        REQUIRE(parse_data(json(bad), two).error().code == errc::malformed);
    }
    auto const odd = parse_data(json(R"({"data": {"a": 3, "b": [1]}, "timeline": {"t": {"t": 5}}})"), two);
    REQUIRE(odd->empty());
}

TEST_CASE("answers: integer milliseconds, null for NaN and infinities")
{
    double const inf = std::numeric_limits<double>::infinity();
    auto const s = numbers({1499990400, 1795232883.6617507, 1, 2}, {33.34, std::nan(""), inf, -2});
    REQUIRE(
        write_series({{"n::a", s}}) ==
        R"([{"target":"n::a","datapoints":[[33.34,1499990400000],[null,1795232883662],[null,1000],[-2,2000]]}])");
}

TEST_CASE("answers: names are escaped; no target gives an empty list")
{
    REQUIRE(write_series({}) == "[]");
    REQUIRE(json(write_series({{"a\"\n::b", {}}})).at(0)->find("target")->as_text()->size() == 6);
}

TEST_CASE("answers: tables have typed columns")
{
    REQUIRE(
        json(write_series({{"n::a", numbers({1}, {5}), true}})) ==
        json(
            R"([{"type": "table", "columns": [{"text": "Time", "type": "time"}, {"text": "n::a", "type": "number"}],
                "rows": [[1000, 5]]}])"));
}

TEST_CASE("answers: records for any JSON reader")
{
    auto const s = numbers({1, 2}, {5, 6});
    REQUIRE(write_records({{"n::a", s}}) == R"([{"time":1000,"value":5},{"time":2000,"value":6}])");
    REQUIRE(json(write_records({{"n::a", s}, {"n::b", {}}})).at(0)->find("target") != nullptr);
}

}  // namespace
