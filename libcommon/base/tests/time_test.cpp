#include "cerro/base/time.hpp"

#include "cerro/base/iso8601.hpp"

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

TEST_CASE("wall-clock times as ISO 8601")
{
    using namespace std::chrono;
    CHECK(cerro::iso8601(cerro::wall_time(milliseconds(0))) == "1970-01-01T00:00:00.000Z");
    CHECK(cerro::iso8601(cerro::wall_time(milliseconds(1'795'253'460'123))) == "2026-11-21T09:31:00.123Z");
    CHECK(cerro::iso8601(cerro::wall_time(milliseconds(-1))) == "1969-12-31T23:59:59.999Z");
}
