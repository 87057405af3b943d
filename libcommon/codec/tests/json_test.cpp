#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace cerro;
namespace codec = cerro::codec;
using namespace std::string_literals;

namespace {

value read(std::string_view text)
{
    auto v = codec::from_json(text);
    INFO(text << ": " << (v ? "" : v.error().what));
    REQUIRE(v.has_value());
    return *v;
}

bool refused(std::string_view text, errc why = errc::malformed)
{
    auto const v = codec::from_json(text);
    auto const end = codec::skip(codec::serializer::json, text, 0);
    bool const skip_refuses = end.has_error() ||
                              codec::skip(codec::serializer::json, std::string(text) + " ", 0).has_error() ||
                              *end != text.size();
    return v.has_error() && v.error().code == why && skip_refuses;
}

}  // namespace

TEST_CASE("json: scalars are read with the narrowest type that holds them")
{
    CHECK(read("null") == value());
    CHECK(read(" true\n") == value(true));
    CHECK(read("false") == value(false));
    CHECK(read("0") == value(0));
    CHECK(read("-0") == value(0));
    CHECK(read("-9223372036854775808") == value(std::numeric_limits<std::int64_t>::min()));
    CHECK(read("9223372036854775807") == value(std::numeric_limits<std::int64_t>::max()));
    CHECK(read("18446744073709551615") == value(std::numeric_limits<std::uint64_t>::max()));
    CHECK(read("18446744073709551616") == value(18446744073709551616.0));
    CHECK(read("-9223372036854775809") == value(-9223372036854775808.0));
    CHECK(read("1.0") == value(1.0));
    CHECK(read("1e3") == value(1000.0));
    CHECK(read("-2.5E-1") == value(-0.25));
    CHECK(read("1e400") == value(std::numeric_limits<double>::infinity()));
    CHECK(read("-1e400") == value(-std::numeric_limits<double>::infinity()));
    CHECK(read("1e-400") == value(0.0));
}

TEST_CASE("json: what Python's json writes for not-a-number and infinities is read")
{
    CHECK(std::isnan(*read("NaN").as_double()));
    CHECK(read("[Infinity,-Infinity]") ==
          value(list{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}));
}

TEST_CASE("json: strings with escapes, surrogate pairs and lone surrogates")
{
    CHECK(read(R"("a\"\\\/\b\f\n\r\t")") == value("a\"\\/\b\f\n\r\t"));
    CHECK(read(R"("\u0041\u00e9\u20ac")") == value("A\u00e9\u20ac"));
    CHECK(read(R"("\ud83d\ude00!")") == value("\U0001f600!"));
    CHECK(read(R"("\ud83d")") == value("\ufffd"));
    CHECK(read(R"("\ude00x")") == value("\ufffdx"));
    CHECK(read(R"("\ud83d\u0041")") == value("\ufffdA"));
    CHECK(read(R"("\ud83d\ud83d\ude00")") == value("\ufffd\U0001f600"));
    CHECK(read("\"" + std::string(100, 'x') + "\\n" + std::string(100, 'y') + "\"") ==
          value(std::string(100, 'x') + "\n" + std::string(100, 'y')));
}

TEST_CASE("json: U+0000 and base64 is binary, and is written so")
{
    auto const v = read(R"("\u0000EOP/kFMHXFJvX8BtT+N82w==")");
    REQUIRE(v.is_binary());
    CHECK(v.as_binary()->octets.size() == 16);
    CHECK(codec::to_json(v) == R"("\u0000EOP/kFMHXFJvX8BtT+N82w==")");
    CHECK(read(R"("\u0000not base64")") == value("\0not base64"s));
    CHECK(read(R"("\u0000")") == value(binary{}));
}

TEST_CASE("json: lists and dicts keep their order; the last of equal keys counts, in the first one's place")
{
    CHECK(read("[]") == value(list{}));
    CHECK(read("[1,[2 , {}]]") == value(list{1, list{2, dict{}}}));
    auto const v = read(R"({"b":1,"a":2,"b":3})");
    REQUIRE(v.as_dict()->size() == 2);
    CHECK(v.as_dict()->begin()->first == "b");
    CHECK(*v.find("b") == value(3));
}

TEST_CASE("json: malformed text is refused by reader and skipper alike")
{
    for (std::string_view const text : {"",          " ",           "nul",
                                        "nullx",     "tru",         "01",
                                        "-",         "1.",          ".5",
                                        "1e",        "1e+",         "+1",
                                        "--1",       "-Inf",        "[",
                                        "[1",        "[1,",         "[1,]",
                                        "[,1]",      "[1 2]",       "{",
                                        "{\"a\"",    "{\"a\":",     "{\"a\":1",
                                        "{\"a\":1,", "{\"a\":1,}",  "{a:1}",
                                        "{1:1}",     "{\"a\" 1}",   "]",
                                        "}",         "[}",          "{]",
                                        "\"",        "\"\\",        "\"\\x\"",
                                        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\\u12\"",
                                        "\"\n\"",    "\"\x01\"",    "1 2",
                                        "[] []",     "'a'",         "// x\n1"}) {
        INFO(text);
        CHECK(refused(text));
    }
    auto const broken = codec::from_json("[1,2,x]");
    CHECK(broken.error().what == "json: not a JSON value at byte 5");
}

TEST_CASE("json: text that is not UTF-8 is refused on reading, repaired on writing and on transcoding")
{
    CHECK(codec::from_json("\"\xff\"").has_error());
    CHECK(codec::from_json("\"\xc0\xaf\"").has_error());
    CHECK(codec::from_json("\"\xed\xa0\x80\"").has_error());
    CHECK(codec::to_json(value("a\xff\xe2\x82z")) == "\"a\ufffd\ufffd\ufffdz\"");
    bytes out;
    REQUIRE(
        codec::transcode(codec::serializer::json, "\"\xff\"", codec::serializer::msgpack, out).has_value());
    CHECK(out == "\xa3\xef\xbf\xbd");
}

TEST_CASE("json: limits bound depth and number of elements")
{
    codec::limits const tight{3, 4};
    CHECK(codec::from_json("[[[]]]", tight).has_value());
    CHECK(codec::from_json("[[[[]]]]", tight).error().code == errc::limit_exceeded);
    CHECK(codec::from_json("[1,2,3,4]", tight).has_value());
    CHECK(codec::from_json("[1,2,3,{\"a\":1}]", tight).error().code == errc::limit_exceeded);
    CHECK(codec::skip(codec::serializer::json, "[[[[]]]]", 0, tight).error().code == errc::limit_exceeded);
    CHECK(codec::skip(codec::serializer::json, "[1,2,3,4,5]", 0, tight).error().code == errc::limit_exceeded);
    std::string const deep(1'000'000, '[');
    CHECK(codec::from_json(deep).error().code == errc::limit_exceeded);
    CHECK(codec::from_json(deep, {10'000'000, 10'000'000}).error().code == errc::limit_exceeded);
}

TEST_CASE("json: numbers are written as people expect them, and round-trip")
{
    struct row {
        double number;
        std::string text;
    };
    for (auto const& [number, text] : {row{1.0, "1.0"},
                                       row{-0.0, "-0.0"},
                                       row{0.1, "0.1"},
                                       row{100000.0, "100000.0"},
                                       row{1e15, "1000000000000000.0"},
                                       row{1e16, "1e+16"},
                                       row{1e22, "1e+22"},
                                       row{1.5e-7, "1.5e-07"},
                                       row{0.0001, "0.0001"},
                                       row{1795233451.25, "1795233451.25"},
                                       row{5e-324, "5e-324"},
                                       row{1.7976931348623157e308, "1.7976931348623157e+308"}}) {
        CHECK(codec::to_json(number) == text);
        CHECK(*read(text).as_double() == number);
    }
    CHECK(codec::to_json(list{std::nan(""), HUGE_VAL, -HUGE_VAL}) == "[null,null,null]");
    CHECK(codec::to_json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

TEST_CASE("json: text for people is indented")
{
    CHECK(codec::to_json(dict{{"a", list{1, 2}}, {"b", dict{}}, {"c", "x"}}, 2) ==
          "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": \"x\"\n}");
}

TEST_CASE("json: skipping finds the end of a value within other text")
{
    auto const end = codec::skip(codec::serializer::json, "xx  {\"a\\\"}\":[1,{}]} ,3", 2);
    REQUIRE(end.has_value());
    CHECK(*end == 19);
    CHECK(*codec::skip(codec::serializer::json, "12,", 0) == 2);
}
