#include <cerro/config/node.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace cerro;
using config::node;

namespace {

node one(std::string_view yaml)
{
    return config::parse_yaml(yaml, "s.yaml").value();
}

}  // namespace

TEST_CASE("config: bare words are booleans as Python's loader takes them, quoted ones are not")
{
    for (auto const* const yes : {"yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"}) {
        CHECK(one(yes).as_bool().value());
    }
    for (auto const* const no : {"no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"}) {
        CHECK_FALSE(one(no).as_bool().value());
    }
    for (auto const* const other : {"y", "n", "yEs", "1", "'yes'", "\"true\"", "[]", "~"}) {
        CHECK_FALSE(one(other).as_bool().has_value());
    }
}

TEST_CASE("config: whole numbers")
{
    CHECK(one("17").as_int().value() == 17);
    CHECK(one("-3").as_int().value() == -3);
    CHECK(one("+3").as_int().value() == 3);
    CHECK(one("0").as_int().value() == 0);
    CHECK(one("0x1F").as_int().value() == 31);
    CHECK(one("0b101").as_int().value() == 5);
    CHECK(one("0755").as_int().value() == 493);
    CHECK(one("1_000").as_int().value() == 1000);
    CHECK(one("9223372036854775807").as_int().value() == std::numeric_limits<std::int64_t>::max());
    CHECK(one("-9223372036854775808").as_int().value() == std::numeric_limits<std::int64_t>::min());
    CHECK(one("9223372036854775808").as_int().error().what ==
          "s.yaml:1:1: the number 9223372036854775808 does not fit into 64 bits");
    for (auto const* const other :
         {"1.0", "1e3", "'1'", "x1", "1x", "-", "_1", "0x", "09", "true", "--1", "-+1"}) {
        CHECK_FALSE(one(other).as_int().has_value());
    }
}

TEST_CASE("config: numbers")
{
    CHECK(one("1.5").as_double().value() == 1.5);
    CHECK(one("-2").as_double().value() == -2.0);
    CHECK(one("1e3").as_double().value() == 1000.0);
    CHECK(one(".5").as_double().value() == 0.5);
    CHECK(std::isinf(one("-.inf").as_double().value()));
    CHECK(std::isnan(one(".nan").as_double().value()));
    for (auto const* const other : {"'1.5'", "inf", "nan", "1.5x", "-", ".", "1.2.3", "0x1p3", "yes", "{}"}) {
        CHECK_FALSE(one(other).as_double().has_value());
    }
}

TEST_CASE("config: text is what is no number and no boolean")
{
    CHECK(one("test_realm").as_string().value() == "test_realm");
    CHECK(one("'17'").as_string().value() == "17");
    CHECK(one("!!str 17").as_string().value() == "17");
    CHECK(one("127.0.0.1").as_string().value() == "127.0.0.1");
    CHECK(one("2026-11-21").as_string().value() == "2026-11-21");
    CHECK(one("17").as_string().error().what ==
          "s.yaml:1:1: expected text, found the number '17'; put it in quotes");
    CHECK(one("off").as_string().error().what ==
          "s.yaml:1:1: expected text, found the boolean 'off'; put it in quotes");
    CHECK(one("~").as_string().error().what == "s.yaml:1:1: expected text, found nothing (null)");
    CHECK(one("a: [1]").find("a")->as_string().error().what == "s.yaml:1:1: a: expected text, found a list");
}

TEST_CASE("config: messages show the value found, shortened")
{
    CHECK(one("a: 'x'").find("a")->as_int().error().what ==
          "s.yaml:1:1: a: expected a whole number, found the text 'x'");
    std::string const shown = one(std::string(500, 'x')).as_int().error().what;
    CHECK(shown.size() < 120);
}

TEST_CASE("config: unknown keys come with their place and a suggestion")
{
    node const n = one("realm: a\nroles:\n- permision: x\n  qqq: y\n");
    auto const wrong = n.find("roles")->items().at(0).unknown_keys({"name", "permissions", "p"});
    REQUIRE(wrong.size() == 2);
    CHECK(wrong[0].what == "s.yaml:3:3: roles[0].permision: unknown key; did you mean 'permissions'?");
    CHECK(wrong[1].what == "s.yaml:4:3: roles[0].qqq: unknown key");
    CHECK(n.unknown_keys({"realm", "roles"}).empty());
}

TEST_CASE("config: the nearest word, if it is near enough")
{
    CHECK(config::nearest("prot", {"path", "port", "host"}) == "port");
    CHECK(config::nearest("permision", {"permissions", "persons"}) == "permissions");
    CHECK(config::nearest("wampserver", {"wamp_server", "wamp_http"}) == "wamp_server");
    CHECK(config::nearest("zebra", {"port", "host"}).empty());
    CHECK(config::nearest("x", {"y"}).empty());
    CHECK(config::nearest("", {"a"}).empty());
    CHECK(config::nearest(std::string(100'000, 'a'), {"a"}).empty());
}
