#include <cerro/agent/parameters.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace cerro;
using cerro::agent::param;
using cerro::agent::param_type;
using cerro::agent::parameters;

namespace {

parameters const example{
    param("need", param_type::integer),
    param("opt", param_type::text).with_default("a").one_of({"a", "b"}),
    param("castme", param_type::integer).with_default(nullptr).casting(),
    param("fl", param_type::real).with_default(nullptr),
    param("volt", param_type::real).with_default(1.0).between(0.0, 5.0),
};

std::string refusal(parameters const& p, value const& given)
{
    auto const checked = p.check(given);
    REQUIRE_FALSE(checked.has_value());
    return checked.error().what;
}

dict granted(parameters const& p, value const& given)
{
    auto const checked = p.check(given);
    INFO((checked.has_value() ? std::string() : checked.error().what));
    REQUIRE(checked.has_value());
    return *checked;
}

}  // namespace

TEST_CASE("parameters: the refusals are those of OCS")
{
    CHECK(refusal(example, nullptr) == "Param 'need' is required and must not be None");
    CHECK(refusal(example, dict{{"need", nullptr}}) == "Param 'need' is required and must not be None");
    CHECK(refusal(example, dict{{"need", 1.0}}) ==
          "Param 'need'=1.0 is not of required type (<class 'int'>)");
    CHECK(refusal(example, dict{{"need", true}, {"opt", "c"}}) ==
          "Param 'opt'=c is not in allowed set (['a', 'b'])");
    CHECK(refusal(example, dict{{"need", 1}, {"opt", 5}}) ==
          "Param 'opt'=5 is not of required type (<class 'str'>)");
    CHECK(refusal(example, dict{{"need", 1}, {"castme", "z"}}) ==
          "Param 'castme'=z could not be cast to <class 'int'>.");
    CHECK(refusal(example, dict{{"need", 1}, {"volt", 5.5}}) ==
          "Param 'volt' failed validity check (see docs?).");
    CHECK(refusal(example, dict{{"need", 1}, {"fl", "x"}}) ==
          "Param 'fl'=x is not of required type (<class 'float'>)");
    CHECK(refusal(example, dict{{"need", 1}, {"x", 1}, {"y", 2}}) ==
          "params included unexpected values: ['x', 'y']");
    CHECK(refusal(example, list{1}) ==
          "CRASH: during param pre-processing: 'list' object has no attribute 'get'");
}

TEST_CASE("parameters: defaults are filled in and numbers converted")
{
    CHECK(granted(example, dict{{"need", 1}}) ==
          dict{{"need", 1}, {"opt", "a"}, {"castme", nullptr}, {"fl", nullptr}, {"volt", 1.0}});
    auto const d = granted(example, dict{{"need", true}, {"castme", "12"}, {"fl", 3}, {"volt", nullptr}});
    CHECK(*d.find("need") == value(1));
    CHECK(*d.find("castme") == value(12));
    CHECK(*d.find("fl") == value(3.0));
    CHECK(*d.find("volt") == value(1.0));
}

TEST_CASE("parameters: casts follow Python")
{
    auto const cast = [](param_type t, value v) {
        parameters const p{param("x", t).casting()};
        auto const checked = p.check(dict{{"x", std::move(v)}});
        return checked ? *checked->find("x") : value("refused");
    };
    CHECK(cast(param_type::integer, 3.9) == value(3));
    CHECK(cast(param_type::integer, " 7 ") == value(7));
    CHECK(cast(param_type::integer, 1e300) == value("refused"));
    CHECK(cast(param_type::real, "1e3") == value(1000.0));
    CHECK(cast(param_type::text, 1.5) == value("1.5"));
    CHECK(cast(param_type::boolean, 0) == value(false));
    CHECK(cast(param_type::boolean, "no") == value(true));
    CHECK(cast(param_type::list, 1) == value("refused"));
}

TEST_CASE("parameters: undeclared ones are taken as they are, or not at all")
{
    CHECK(granted(parameters::unchecked(), dict{{"any", 1}}) == dict{{"any", 1}});
    CHECK(granted(parameters::unchecked(), nullptr).empty());
    CHECK(granted(parameters::none(), nullptr).empty());
    CHECK(refusal(parameters::none(), dict{{"a", 1}}) == "params included unexpected values: ['a']");
}

TEST_CASE("parameters: a check that throws is a refusal")
{
    parameters const p{param("x", param_type::integer).where([](value const&) -> bool {
        throw std::runtime_error("boom");
    })};
    CHECK(refusal(p, dict{{"x", 1}}) == "CRASH: during param pre-processing: boom");
}

TEST_CASE("parameters: the declaration describes itself")
{
    parameters const p{
        param("delay", param_type::real).with_default(5.0).between(0, 10).describe("time to wait", "s")};
    CHECK(p.describe() == "delay (float): time to wait [s], 0.0 to 10.0; default 5.0");
}
