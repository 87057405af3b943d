#include <cerro/fakedata/signal.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::fakedata;

TEST_CASE("fake signal: samples stand at equal distances and none is left out")
{
    fakedata::signal s(3, 4.0, 1000.0, 1);
    CHECK(s.advance(1000.0).empty());
    CHECK(s.advance(1000.2).empty());
    auto const first = s.advance(1001.1);
    CHECK(first.timestamps == std::vector<double>{1000.0, 1000.25, 1000.5, 1000.75});
    auto const second = s.advance(1001.6);
    CHECK(second.timestamps == std::vector<double>{1001.0, 1001.25});
    REQUIRE(second.fields.size() == 3);
    CHECK(second.fields.find("channel_02")->as_list()->size() == 2);
    auto const latest = s.latest();
    CHECK(latest.find("timestamp")->as_double() == 1001.25);
    CHECK(*latest.find("fields")->find("channel_00") == second.fields.find("channel_00")->as_list()->back());
}

TEST_CASE("fake signal: values stay near 0.1, and differ")
{
    fakedata::signal s(1, 1000.0, 0.0, 7);
    auto const b = s.advance(1.0);
    double low = 1.0;
    double high = 0.0;
    for (auto const& v : *b.fields.find("channel_00")->as_list()) {
        low = std::min(low, *v.as_double());
        high = std::max(high, *v.as_double());
    }
    CHECK(low > 0.1 - 0.0051);
    CHECK(high < 0.1 + 0.0051);
    CHECK(high - low > 0.002);
}

TEST_CASE("fake signal: a suspended machine does not make a flood of samples")
{
    fakedata::signal s(1, 10.0, 0.0, 7);
    CHECK(s.advance(100'000.0).timestamps.size() <= 10);
    CHECK(s.advance(99'000.0).empty());
}
