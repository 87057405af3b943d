#include "words.hpp"

#include "progress.hpp"

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::ocs_client_cli;

TEST_CASE("parameters: words are JSON where they read as such, texts elsewhere")
{
    auto const p = read_params(
        "", {"delay=3", "name=LSA22YE", "on=true", "off=False", "x=None", "l=[1, 2]", "eq=a=b", "e="});
    REQUIRE(p.has_value());
    CHECK(*p == dict{{"delay", 3},
                     {"name", "LSA22YE"},
                     {"on", true},
                     {"off", false},
                     {"x", nullptr},
                     {"l", list{1, 2}},
                     {"eq", "a=b"},
                     {"e", ""}});
}

TEST_CASE("parameters: words win over --params, and nonsense is refused")
{
    auto const p = read_params(R"({"a": 1, "b": 2.5})", {"a=7"});
    REQUIRE(p.has_value());
    CHECK(*p == dict{{"a", 7}, {"b", 2.5}});
    CHECK_FALSE(read_params("[1]", {}).has_value());
    CHECK_FALSE(read_params("{", {}).has_value());
    CHECK_FALSE(read_params("", {"delay"}).has_value());
    CHECK_FALSE(read_params("", {"=3"}).has_value());
}

TEST_CASE("selector: empty components make a wildcard pattern")
{
    CHECK(selector_policy("observatory.fake1.feeds.temps") == wamp::match_policy::exact);
    CHECK(selector_policy("observatory..feeds.heartbeat") == wamp::match_policy::wildcard);
    CHECK(selector_policy("observatory..feeds.") == wamp::match_policy::wildcard);
    CHECK(selector_policy("observatory.fake1.feeds.") == wamp::match_policy::wildcard);
}

TEST_CASE("listen: events print as Python or as JSON")
{
    client::event e;
    e.topic = "observatory.a.feeds.heartbeat";
    e.payload.args = {list{dict{{"acq", 1}}, dict{{"record", false}}}};
    CHECK(format_event(e, false) == "[observatory.a.feeds.heartbeat] [{'acq': 1}, {'record': False}]");
    CHECK(format_event(e, true) ==
          R"({"topic":"observatory.a.feeds.heartbeat","message":[{"acq":1},{"record":false}]})");
    e.payload.args = {1, 2};
    CHECK(format_event(e, false) == "[observatory.a.feeds.heartbeat] [1, 2]");
}

TEST_CASE("scan: op codes print in a column")
{
    CHECK(format_op_codes({{"acq", 3}, {"a_very_long_operation_name", 5}, {"odd", "x"}}) ==
          "    acq                 : RUNNING\n"
          "    a_very_long_operation_name: SUCCEEDED\n"
          "    odd                 : ???\n");
}

TEST_CASE("progress: one line, cut to the terminal, without control characters")
{
    ocs::reply r;
    r.session = {{"op_name", "acq"},
                 {"status", "running"},
                 {"start_time", 100.0},
                 {"messages", list{list{100.0, "first"}, list{101.0, "a\nb\x1b[2J"}}}};
    CHECK(progress_line(r, 103.2, 80) == "acq  running  3.2 s  a b [2J");
    CHECK(progress_line(r, 103.2, 8) == "acq  run");
    CHECK(progress_line(ocs::reply(), 0, 80).empty());
}
