#include <cerro/ocs/reply.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::ocs;

namespace {

dict session(std::string status)
{
    return {{"session_id", 1},
            {"op_name", "delay_task"},
            {"op_code", 5},
            {"cred_level", 1},
            {"status", std::move(status)},
            {"degraded", false},
            {"success", true},
            {"start_time", 1000.0},
            {"end_time", 1001.0},
            {"data", dict{}},
            {"messages", list{list{1000.0, "Status is now \"starting\"."}}}};
}

}  // namespace

TEST_CASE("reply: a finished operation prints as in OCS")
{
    reply r{0, "Operation \"delay_task\" is currently not running (SUCCEEDED).", session("done")};
    CHECK(format_reply(r, 1001.25) ==
          "OCSReply: OK : Operation \"delay_task\" is currently not running (SUCCEEDED).\n"
          "  delay_task[session=1]; status=done without error 0.250000 s ago, took 1.0 s\n"
          "  messages (1 of 1):\n"
          "    1000.000 Status is now \"starting\".\n"
          "  other keys in .session: op_code, cred_level, degraded, data\n");
    r.session.set("success", false);
    CHECK_THAT(format_reply(r, 1001.25), Catch::Contains("status=done with ERROR 0.25"));
    CHECK_FALSE(r.succeeded());
}

TEST_CASE("reply: running, stopping, never run, unknown status")
{
    CHECK_THAT(format_reply({1, "m", session("running")}, 1003.2),
               Catch::Contains("OCSReply: TIMEOUT : m") && Catch::Contains("; status=running for 3.2 s\n"));
    CHECK_THAT(format_reply({0, "m", session("stopping")}, 1003.2), Catch::Contains("; status=stopping\n"));
    CHECK(format_reply({-1, "no", {}}, 0) == "OCSReply: ERROR : no\n  (no session -- op has never run)\n");
    CHECK_THAT(format_reply({9, "m", {}}, 0), Catch::StartsWith("OCSReply: ??? : m"));
}

TEST_CASE("reply: durations choose their unit")
{
    CHECK(format_duration(0.002136) == "0.002136 s");
    CHECK(format_duration(119.0) == "119.0 s");
    CHECK(format_duration(120.0) == "2.0 mins");
    CHECK(format_duration(7200.0) == "2.0 hrs");
    CHECK(format_duration(172800.0) == "2.0 days");
}

TEST_CASE("reply: anything but [status, message, session] is refused")
{
    CHECK(parse_reply(list{0, "m", dict{}}).has_value());
    CHECK(parse_reply(list{0, "m", nullptr}).has_value());
    CHECK_FALSE(parse_reply(nullptr).has_value());
    CHECK_FALSE(parse_reply(list{0, "m"}).has_value());
    CHECK_FALSE(parse_reply(list{"0", "m", dict{}}).has_value());
    CHECK_FALSE(parse_reply(dict{{"a", 1}}).has_value());
}
