#include <cerro/ocs/python_text.hpp>

#include <catch2/catch.hpp>

#include <limits>

using namespace cerro;
using namespace cerro::ocs;

TEST_CASE("python text: numbers print as Python prints them")
{
    CHECK(python_float(1.0) == "1.0");
    CHECK(python_float(-0.0) == "-0.0");
    CHECK(python_float(0.1) == "0.1");
    CHECK(python_float(1e15) == "1000000000000000.0");
    CHECK(python_float(1e16) == "1e+16");
    CHECK(python_float(1.5e-5) == "1.5e-05");
    CHECK(python_float(0.0001) == "0.0001");
    CHECK(python_float(1.7976931348623157e308) == "1.7976931348623157e+308");
    CHECK(python_float(std::numeric_limits<double>::infinity()) == "inf");
    CHECK(python_float(std::numeric_limits<double>::quiet_NaN()) == "nan");
    CHECK(python_repr(-3) == "-3");
    CHECK(python_repr(18446744073709551615ULL) == "18446744073709551615");
}

TEST_CASE("python text: texts are quoted inside, plain alone")
{
    CHECK(python_str("x") == "x");
    CHECK(python_repr("x") == "'x'");
    CHECK(python_repr("it's") == "\"it's\"");
    CHECK(python_repr("it's \"it\"") == R"('it\'s "it"')");
    CHECK(python_repr("a\nb\\\x01") == R"('a\nb\\\x01')");
    CHECK(python_repr(binary{"\xff\x00z"}) == R"(b'\xff')");
    CHECK(python_repr(list{true, nullptr, dict{{"k", 1.5}}}) == "[True, None, {'k': 1.5}]");
}
