#include <cerro/dans/reduce.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

namespace {

using namespace cerro;
using namespace cerro::dans;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

series sine(std::size_t n, double step = 1.0)
{
    series s;
    for (std::size_t i = 0; i < n; ++i) {
        s.t.push_back(1.7e9 + static_cast<double>(i) * step);
        s.v.push_number(std::sin(static_cast<double>(i) * 0.01));
    }
    return s;
}

double largest(series const& s)
{
    double m = -1e300;
    for (double const v : *s.v.numbers()) {
        m = std::isnan(v) ? m : std::max(m, v);
    }
    return m;
}

TEST_CASE("reduce: the number of points is a hard bound for every bound and length")
{
    for (std::size_t const n : {1U, 2U, 3U, 10U, 99U, 1000U, 20167U}) {
        for (std::size_t const bound : {1U, 2U, 3U, 4U, 5U, 7U, 100U, 999U}) {
            auto const out = reduce(sine(n), {.bucket_s = 0, .max_points = bound});
            INFO(n << " samples, at most " << bound);
            REQUIRE(out.t.size() <= bound);
            REQUIRE(out.t.size() == out.v.size());
            REQUIRE(!out.t.empty());
            REQUIRE(std::is_sorted(out.t.begin(), out.t.end()));
        }
    }
}

TEST_CASE("reduce: what fits is untouched")
{
    auto const out = reduce(sine(100), {.bucket_s = 1, .max_points = 100});
    REQUIRE(out.t == sine(100).t);
}

TEST_CASE("reduce: a single bad reading among 86400 stays visible")
{
    auto s = sine(86'400);
    s.v.set(54'321, 1000.0);
    s.v.set(12'345, -1000.0);
    auto const out = reduce(s, {.bucket_s = 0, .max_points = 100});
    REQUIRE(largest(out) == 1000.0);
    REQUIRE(*std::min_element(out.v.numbers()->begin(), out.v.numbers()->end()) == -1000.0);
}

TEST_CASE("reduce: uses most of what it may")
{
    REQUIRE(reduce(sine(86'400), {.bucket_s = 0, .max_points = 1000}).t.size() > 600);
}

TEST_CASE("reduce: buckets keep their places while the window moves by one sample")
{
    auto const s = sine(5000);
    auto const a = reduce(slice(s, {s.t[0], s.t[4000]}), {.bucket_s = 0, .max_points = 200});
    auto const b = reduce(slice(s, {s.t[1], s.t[4001]}), {.bucket_s = 0, .max_points = 200});
    std::vector<double> common;
    std::set_intersection(a.t.begin(), a.t.end(), b.t.begin(), b.t.end(), std::back_inserter(common));
    REQUIRE(common.size() + 4 >= a.t.size());
}

TEST_CASE("reduce: an interval asks for two points in each bucket at most")
{
    auto const out = reduce(sine(3600), {.bucket_s = 60, .max_points = 10'000});
    REQUIRE(out.t.size() <= 124);
    REQUIRE(out.t.size() >= 60);
}

TEST_CASE("reduce: strings keep the last of each bucket, one point gives the last")
{
    series s{{}, column(sample_type::text)};
    for (int i = 0; i < 1000; ++i) {
        s.t.push_back(i);
        s.v.push(value(std::to_string(i)));
    }
    auto const out = reduce(s, {.bucket_s = 0, .max_points = 11});
    REQUIRE(out.t.size() <= 11);
    REQUIRE(out.v.at(out.v.size() - 1) == value("999"));
    auto const last = reduce(s, {.bucket_s = 0, .max_points = 1});
    REQUIRE(last.t == std::vector<double>{999});
}

TEST_CASE("reduce: NaN does not hide values, and stands where there is nothing else")
{
    series s;
    for (int i = 0; i < 1000; ++i) {
        s.t.push_back(i);
        s.v.push_number(i >= 500 ? nan : i == 123 ? 7.0 : nan);
    }
    auto const out = reduce(s, {.bucket_s = 0, .max_points = 20});
    REQUIRE(largest(out) == 7.0);
    REQUIRE(std::isnan(out.v.numbers()->back()));
}

TEST_CASE("reduce: samples of one time only are bounded too")
{
    series s;
    for (int i = 0; i < 50; ++i) {
        s.t.push_back(5.0);
        s.v.push_number(i);
    }
    REQUIRE(reduce(s, {.bucket_s = 0, .max_points = 10}).t.size() <= 10);
}

TEST_CASE("stride: neighbours are at least that far apart, the first is kept")
{
    REQUIRE(stride_indices({0, 1, 2, 3, 3.5, 9}, 2) == std::vector<std::size_t>{0, 2, 5});
    REQUIRE(stride_indices({0, 0, 1}, 0) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("slice: ranges are half-open, reversed ones are empty")
{
    series const s{{1, 2, 3}, column()};
    REQUIRE(find_range(s.t, {1, 3}) == std::pair<std::size_t, std::size_t>{0, 2});
    REQUIRE(find_range(s.t, {3, 1}).first == find_range(s.t, {3, 1}).second);
}

TEST_CASE("sisock times: above zero absolute, else relative to now")
{
    REQUIRE(resolve_time(0, 100) == 100);
    REQUIRE(resolve_time(-60, 100) == 40);
    REQUIRE(resolve_time(7, 100) == 7);
}

}  // namespace
