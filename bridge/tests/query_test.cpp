#include <cerro/bridge/query.hpp>
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

namespace {

using namespace cerro;
using namespace cerro::bridge;

constexpr double now = 1.7e9;

value json(std::string_view text)
{
    return codec::from_json(text).value();
}

TEST_CASE("times: ISO 8601 with offsets and fractions, unix milliseconds and seconds, also as text")
{
    REQUIRE(parse_time("2017-07-14T00:00:00.000Z", now) == 1499990400.0);
    REQUIRE(parse_time("2017-07-14T02:00:00+02:00", now) == 1499990400.0);
    REQUIRE(parse_time("2017-07-13T20:30:00-0330", now) == 1499990400.0);
    REQUIRE(parse_time("2017-07-14", now) == 1499990400.0);
    REQUIRE(*parse_time("2017-07-14T00:00:00.250Z", now) == Approx(1499990400.25).margin(1e-6));
    REQUIRE(parse_time(1499990400000, now) == 1499990400.0);
    REQUIRE(parse_time("1499990400000", now) == 1499990400.0);
    REQUIRE(parse_time(1499990400, now) == 1499990400.0);
    REQUIRE(parse_time("now", now) == now);
    REQUIRE(parse_time("now-6h", now) == now - 21600);
}

TEST_CASE("times: what is none is refused")
{
    for (auto const* bad : {"",
                            "x",
                            "2017-13-01T00:00:00Z",
                            "2017-02-30",
                            "2017-07-14T25:00",
                            "2017-07-14T00:00:00+",
                            "2017-07-14T00:00:00Zx",
                            "now-",
                            "now-5x",
                            "nan",
                            "inf",
                            "-5",
                            "1e300"}) {
        INFO(bad);
        REQUIRE_FALSE(parse_time(bad, now));
    }
    REQUIRE_FALSE(parse_time(nullptr, now));
    REQUIRE_FALSE(parse_time(list{}, now));
}

TEST_CASE("intervals: all units that Grafana writes")
{
    REQUIRE(*parse_interval("500ms") == Approx(0.5));
    REQUIRE(parse_interval("30s") == 30);
    REQUIRE(parse_interval("1m") == 60);
    REQUIRE(parse_interval("2h") == 7200);
    REQUIRE(parse_interval("1d") == 86400);
    REQUIRE(parse_interval("1w") == 604800);
    REQUIRE(parse_interval("1M") == 30 * 86400);
    REQUIRE(parse_interval("1y") == 365 * 86400);
    for (auto const* bad : {"", "s", "1", "1x", "1 s", "-1s", "1.2.3s"}) {
        REQUIRE_FALSE(parse_interval(bad));
    }
}

TEST_CASE("query: the numeric interval wins over its text, bad ones count as missing")
{
    auto const q = parse_query(json(R"({"interval": "1w", "intervalMs": 1000, "targets": []})"), now);
    REQUIRE(q->bucket_s == 1);
    REQUIRE(parse_query(json(R"({"interval": "1w", "targets": []})"), now)->bucket_s == 604800);
    REQUIRE(parse_query(json(R"({"interval": "", "targets": []})"), now)->bucket_s == 0);
}

TEST_CASE("query: without a range it is the last hour")
{
    auto const q = parse_query(json(R"({"targets": [{"target": "a::b"}]})"), now);
    REQUIRE(q->range.start == now - 3600);
    REQUIRE(q->range.end == now);
    REQUIRE(q->targets[0].text == "a::b");
}

TEST_CASE("query: maxDataPoints may be a text; nonsense means the default; all of it is bounded")
{
    auto const points = [](std::string_view text) {
        return parse_query(json(R"({"targets": [], "maxDataPoints": )" + std::string(text) + "}"), now)
            ->max_points;
    };
    REQUIRE(points("100") == 100);
    REQUIRE(points("\"100\"") == 100);
    REQUIRE(points("0") == 10'000);
    REQUIRE(points("null") == 10'000);
    REQUIRE(points("1e9") == 100'000);
    REQUIRE(points("0.5") == 1);
}

TEST_CASE(
    "query: a table is asked for by type, or by the payload of simPod's plugin; null targets are kept empty")
{
    auto const q = parse_query(json(R"({"targets": [{"target": "a::b", "type": "table"},
        {"target": "a::c", "payload": {"format": "table"}}, {"target": "a::d", "type": "timeserie"},
        {"target": null}, null, "a::e"]})"),
                               now);
    REQUIRE(q->targets.size() == 6);
    REQUIRE(q->targets[0].table);
    REQUIRE(q->targets[1].table);
    REQUIRE_FALSE(q->targets[2].table);
    REQUIRE(q->targets[3].text.empty());
    REQUIRE(q->targets[5].text == "a::e");
}

TEST_CASE("query: bodies that cannot be understood are refused with a reason")
{
    for (auto const* bad : {"[]",
                            "3",
                            "null",
                            "{}",
                            R"({"targets": 3})",
                            R"({"targets": [], "range": {"from": "x", "to": 1}})",
                            R"({"targets": [], "range": {}})",
                            R"({"targets": [], "range": 7})"}) {
        INFO(bad);
        auto const q = parse_query(json(bad), now);
        REQUIRE(q.has_error());
        REQUIRE_FALSE(q.error().what.empty());
    }
}

TEST_CASE("targets: split at the first double colon")
{
    REQUIRE(split("a::b")->node == "a");
    REQUIRE(split("a::b::c")->field == "b::c");
    for (auto const* bad : {"", "a", "a:b", "::b", "a::"}) {
        REQUIRE_FALSE(split(bad));
    }
}

TEST_CASE("targets: Grafana's multi-value form stands for each of its values")
{
    using texts = std::vector<std::string>;
    REQUIRE(alternatives("n::(a|b)") == texts{"n::a", "n::b"});
    REQUIRE(alternatives("(n|m)::(a|b)") == texts{"n::a", "n::b", "m::a", "m::b"});
    REQUIRE(alternatives("(n::a|m::b)") == texts{"n::a", "m::b"});
    REQUIRE(alternatives("n::a\\.b") == texts{"n::a.b"});
    REQUIRE(alternatives("n::(a\\|b|c)") == texts{"n::a|b", "n::c"});
    REQUIRE(alternatives("n::plain") == texts{"n::plain"});
    REQUIRE(alternatives("n::(open") == texts{"n::(open"});
    REQUIRE(alternatives("n::\\") == texts{"n::\\"});
}

TEST_CASE("targets: an expansion is bounded in breadth and depth")
{
    std::string wide;
    for (int i = 0; i < 30; ++i) {
        wide += "(a|b)";
    }
    REQUIRE(alternatives(wide, 100).size() == 100);
    REQUIRE(!alternatives(std::string(10'000, '(') + std::string(10'000, ')')).empty());
}

TEST_CASE("targets: a text of hostile length is refused, and harmless where it is expanded")
{
    constexpr std::size_t mib = 1U << 20U;
    std::string choice = "(a";
    while (choice.size() < mib) {
        choice += "|a";
    }
    choice += ")";
    for (auto const& text : {std::string(mib, '('), std::string(mib, 'x'), choice, choice + choice}) {
        for (auto const& one : {value(text), value(dict{{"target", text}})}) {
            auto const q = parse_query(dict{{"targets", list{one}}}, now);
            REQUIRE(q.has_error());
            REQUIRE_THAT(q.error().what, Catch::Contains("1024"));
        }
        std::size_t bytes = 0;
        for (auto const& a : alternatives(text)) {
            bytes += a.size();
        }
        REQUIRE(bytes <= text.size());
    }
    REQUIRE(alternatives(std::string(mib, '(')).front().size() == mib);
    REQUIRE(parse_query(dict{{"targets", list{std::string(1'024, 'x')}}}, now).has_value());
}

TEST_CASE("targets: an expansion is bounded in bytes")
{
    std::string const text = "(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)" + std::string(900, 'x');
    std::size_t bytes = 0;
    for (auto const& a : alternatives(text)) {
        REQUIRE(a.size() == 910);
        bytes += a.size();
    }
    REQUIRE(bytes > 32U << 10U);
    REQUIRE(bytes <= 64U << 10U);
}

TEST_CASE("targets: wildcards")
{
    REQUIRE(has_wildcard("n::chan*"));
    REQUIRE(fits("channel_.*_t", "channel_01_t"));
    REQUIRE(fits("*", "x"));
    REQUIRE_FALSE(fits("a.b*", "acb"));
}

}  // namespace
