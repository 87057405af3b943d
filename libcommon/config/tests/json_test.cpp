#include <cerro/config/node.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using config::parse_json;

namespace {

std::string error(std::string_view text)
{
    auto const r = parse_json(text, "c.json");
    return r ? "accepted" : r.error().what;
}

}  // namespace

TEST_CASE("config json: a tree with types and places")
{
    auto const r = parse_json(
        "{\n\t\"version\": 2,\n\t\"workers\": [\n\t\t{\"type\": \"router\", \"on\": true}\n\t]\n}", "c.json");
    REQUIRE(r.has_value());
    CHECK(r->find("version")->as_int().value() == 2);
    auto const& worker = r->find("workers")->items().at(0);
    CHECK(worker.find("type")->as_string().value() == "router");
    CHECK(worker.find("on")->as_bool().value());
    CHECK(worker.find("type")->where() == "c.json:4:4: workers[0].type");
    CHECK(worker.where() == "c.json:4:3: workers[0]");
}

TEST_CASE("config json: escapes and surrogate pairs become UTF-8")
{
    auto const r = parse_json(R"(["a\"\\\/\b\f\n\r\t", "\u00e9\u20ac\ud83d\ude00"])", "c.json");
    REQUIRE(r.has_value());
    CHECK(r->items().at(0).text() == "a\"\\/\b\f\n\r\t");
    CHECK(r->items().at(1).text() == "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST_CASE("config json: what is not JSON is refused with line and column")
{
    CHECK(error("") == "c.json:1:1: expected a value, found the end of the text");
    CHECK(error("{a: 1}") == "c.json:1:2: expected a key in double quotes, found 'a'");
    CHECK(error("{\"a\": yes}") == "c.json:1:7: expected a value, found 'y'");
    CHECK(error("{\"a\": 1,}") == "c.json:1:9: expected a key in double quotes, found '}'");
    CHECK(error("[1,]") == "c.json:1:4: expected a value, found ']'");
    CHECK(error("{\n  \"a\": 1\n  \"b\": 2\n}") == "c.json:3:3: expected ',' or '}', found '\"'");
    CHECK(error("// x\n{}") == "c.json:1:1: expected a value, found '/'");
    CHECK(error("{} {}") == "c.json:1:4: text behind the end of the document");
    CHECK(error("[01]") == "c.json:1:2: a number with a leading zero");
    CHECK(error("[.5]") == "c.json:1:2: expected a value, found '.'");
    CHECK(error("[1.]") == "c.json:1:4: expected a digit, found ']'");
    CHECK(error("[+1]") == "c.json:1:2: expected a value, found '+'");
    CHECK(error("[nul]") == "c.json:1:2: expected a value, found 'n'");
    CHECK(error("[\"a\nb\"]") == "c.json:1:4: a control character in a string; write \\n, \\t or \\u00XX");
    CHECK(error("[\"\\x41\"]") == "c.json:1:4: expected an escape (one of \" \\ / b f n r t u), found 'x'");
    CHECK(error("[\"\\ud83d\"]") == "c.json:1:9: half a surrogate pair");
    CHECK(error("[\"\\u12\"]") == "c.json:1:5: \\u takes four hexadecimal digits");
    CHECK(error("[\"open") == "c.json:1:7: expected '\"', found the end of the text");
    CHECK(error("\xff") == "c.json:1:1: expected a value, found the byte 255");
}

TEST_CASE("config json: a repeated key is an error at the second one")
{
    CHECK(error("{\"a\": 1,\n \"a\": 2}") == "c.json:2:2: the key 'a' is repeated");
}

TEST_CASE("config json: limits of length, depth and number")
{
    CHECK(error(std::string((4U << 20U) + 1, ' ')) == "c.json:1:1: longer than 4 MiB");
    CHECK(parse_json(std::string(64, '[') + std::string(64, ']'), "c.json").has_value());
    auto const deep = parse_json(std::string(1'000'000, '['), "c.json");
    REQUIRE_FALSE(deep.has_value());
    CHECK(deep.error().code == errc::limit_exceeded);
    CHECK(deep.error().what == "c.json:1:65: more than 64 levels");
    std::string many = "[1";
    for (int i = 0; i < 100'000; ++i) {
        many += ",1";
    }
    auto const r = parse_json(many + "]", "c.json");
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().code == errc::limit_exceeded);
}
