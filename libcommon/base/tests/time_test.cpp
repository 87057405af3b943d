#include "cerro/base/time.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace cerro;
using namespace std::chrono_literals;

TEST_CASE("time: seconds become nanoseconds, towards zero")
{
    CHECK(seconds_to_duration(0.0) == 0ns);
    CHECK(seconds_to_duration(1.5) == 1500ms);
    CHECK(seconds_to_duration(-0.25) == -250ms);
    CHECK(seconds_to_duration(1e-10) == 0ns);
}

TEST_CASE("time: seconds that do not fit are the longest duration, and NaN is none")
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (double const s : {9.3e9, 1e300, infinity}) {
        CHECK(seconds_to_duration(s) == 9'000'000'000s);
        CHECK(seconds_to_duration(-s) == -9'000'000'000s);
    }
    CHECK(seconds_to_duration(std::nan("")) == 0ns);
}
