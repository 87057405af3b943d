#include <cerro/g3/samples.hpp>

#include <catch2/catch.hpp>

#include <cmath>

using namespace cerro;
using namespace cerro::g3;

namespace {

result<sample_type> type_for(std::vector<cell> const& cells, std::optional<sample_type> so_far = {})
{
    return common_type(cells, so_far);
}

}  // namespace

TEST_CASE("times are truncated to ticks, and refused when they do not fit", "[g3]")
{
    CHECK(to_ticks(1700000002.0) == 170000000200000000);
    CHECK(to_ticks(0.999999999) == 99999999);
    CHECK(to_ticks(-0.999999999) == -99999999);
    CHECK_FALSE(to_ticks(std::nan("")));
    CHECK_FALSE(to_ticks(HUGE_VAL));
    CHECK_FALSE(to_ticks(1e12));
    CHECK(to_seconds(170000000200000000) == 1700000002.0);
}

TEST_CASE("bool widens to int and int to float, in any order", "[g3]")
{
    CHECK(*type_for({true, false}) == sample_type::boolean);
    CHECK(*type_for({std::int64_t{1}, true}) == sample_type::integer);
    CHECK(*type_for({true, std::int64_t{7}}) == sample_type::integer);
    CHECK(*type_for({std::int64_t{1}, 0.5}) == sample_type::real);
    CHECK(*type_for({true, 0.5}) == sample_type::real);
    CHECK(*type_for({std::int64_t{1}}, sample_type::real) == sample_type::real);
    CHECK(*type_for({std::string("a")}) == sample_type::text);
}

TEST_CASE("text does not mix with numbers", "[g3]")
{
    CHECK(type_for({std::string("a"), std::int64_t{1}}).error().what == "values of str and int in one field");
    CHECK(type_for({0.5}, sample_type::text).error().what == "values of str and float in one field");
    CHECK(type_for({std::string("a")}, sample_type::real).error().what ==
          "values of float and str in one field");
}

TEST_CASE("null is NaN in float fields and refused in others", "[g3]")
{
    CHECK(*type_for({std::monostate{}}) == sample_type::real);
    CHECK(*type_for({std::monostate{}, 0.5}) == sample_type::real);
    CHECK(*type_for({std::monostate{}}, sample_type::real) == sample_type::real);
    CHECK(type_for({std::int64_t{1}, std::monostate{}}).error().what == "null in a field of int");
    CHECK(type_for({std::monostate{}}, sample_type::text).error().what == "null in a field of str");
}

TEST_CASE("columns keep their values when they widen", "[g3]")
{
    auto c = make_column(sample_type::boolean);
    append(c, std::vector<cell>{true, false});
    widen(c, sample_type::integer);
    append(c, std::vector<cell>{std::int64_t{5}, true});
    CHECK(std::get<std::vector<std::int64_t>>(c) == std::vector<std::int64_t>{1, 0, 5, 1});
    widen(c, sample_type::real);
    append(c, std::vector<cell>{0.5, std::int64_t{2}, std::monostate{}});
    auto const& values = std::get<std::vector<double>>(c);
    REQUIRE(values.size() == 7);
    CHECK(std::vector<double>(values.begin(), values.begin() + 6) == std::vector<double>{1, 0, 5, 1, 0.5, 2});
    CHECK(std::isnan(values[6]));
    CHECK(type_of(c) == sample_type::real);
    CHECK(size(c) == 7);
}
