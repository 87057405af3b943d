#include <cerro/codec/codec.hpp>
#include <cerro/g3_tool/tool.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <sstream>

using namespace cerro;

namespace {

std::string fixture(std::string const& name)
{
    return std::string(CERRO_TEST_DATA) + "/g3/" + name;
}

/// Runs a command with JSON output. @return its exit code and what it wrote
template <class Command, class Argument>
std::pair<int, value> json_of(Command command, Argument const& argument)
{
    std::ostringstream out;
    int const code = command(argument, true, out);
    auto parsed = codec::from_json(out.str());
    REQUIRE(parsed.has_value());
    return {code, std::move(*parsed)};
}

using paths = std::vector<std::string>;

}  // namespace

TEST_CASE("info tells sessions, providers, blocks and the time range", "[g3_tool]")
{
    auto const [code, info] = json_of(g3_tool::info, paths{fixture("v2_two_sessions.g3")});
    CHECK(code == 0);
    CHECK(*info.find("frames") == value(18));
    auto const& sessions = *info.find("sessions")->as_list();
    REQUIRE(sessions.size() == 2);
    CHECK(sessions[0].find("providers")->as_list()->size() > 1);
    CHECK(info.find("errors")->as_list()->empty());
}

TEST_CASE("info of a damaged file shows the good part, the offset, and ends with 1", "[g3_tool]")
{
    auto const [code, info] = json_of(g3_tool::info, paths{fixture("trunc_mid_frame.g3")});
    CHECK(code == 1);
    CHECK(*info.find("frames") == value(17));
    auto const& errors = *info.find("errors")->as_list();
    REQUIRE(errors.size() == 1);
    CHECK(*errors[0].find("offset") == value(12010));
    CHECK_THAT(*errors[0].find("text")->as_text(), Catch::Contains("trunc_mid_frame.g3: offset 12010"));

    auto const [crc_code, behind] = json_of(g3_tool::info, paths{fixture("bad_payload_frame4.g3")});
    CHECK(crc_code == 1);
    CHECK(*behind.find("frames") == value(17));
}

TEST_CASE("info as text names every error", "[g3_tool]")
{
    std::ostringstream out;
    CHECK(g3_tool::info({fixture("v2_minimal.g3"), "/nonexistent.g3"}, false, out) == 1);
    CHECK_THAT(out.str(), Catch::Contains("block main: 2 samples of 4 fields, 2023-11-14T22:13:22.000Z"));
    CHECK_THAT(out.str(), Catch::Contains("ERROR /nonexistent.g3: cannot open: No such file or directory"));
}

TEST_CASE("fields are summed up over a folder", "[g3_tool]")
{
    auto const [code, all] = json_of(g3_tool::fields, paths{fixture("agg_run")});
    CHECK(code == 0);
    CHECK(*all.find("files") == value(5));
    bool found = false;
    for (auto const& field : *all.find("fields")->as_list()) {
        if (*field.find("name") == value("observatory.LSA22YE.feeds.temperatures.Channel_1_T")) {
            found = true;
            CHECK(*field.find("samples") == value(440));
            CHECK(*field.find("type") == value("float"));
            CHECK(*field.find("last_time") == value(1700000540.0));
            CHECK(*field.find("last_value") == value(297.53999999999996));
        }
    }
    CHECK(found);
}

TEST_CASE("dump has the form of the sample files' JSON", "[g3_tool]")
{
    auto const [code, got] = json_of(g3_tool::dump, fixture("v2_minimal.g3"));
    CHECK(code == 0);
    auto const want = codec::from_json(testing::read_file(fixture("v2_minimal.g3.json")));
    CHECK(*got.find("frames") == *want->find("frames"));
    CHECK(got.find("error")->is_null());

    auto const [bad, damaged] = json_of(g3_tool::dump, fixture("bad_crc_frame4.g3"));
    CHECK(bad == 1);
    CHECK(damaged.find("frames")->as_list()->size() == 4);
    CHECK_THAT(*damaged.find("error")->as_text(), Catch::Contains("offset 2695"));
}

TEST_CASE("dump as text shortens vectors", "[g3_tool]")
{
    std::ostringstream out;
    CHECK(g3_tool::dump(fixture("v2_large.g3"), false, out) == 0);
    CHECK_THAT(out.str(), Catch::Contains("... 300 in all"));
    CHECK(out.str().size() < 1'000'000);
}
