#include <cerro/codec/codec.hpp>
#include <cerro/dans/api.hpp>
#include <cerro/weather/archive.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace {

using namespace cerro;
namespace fs = std::filesystem;

constexpr double now = 1.8e9;

std::string stock()
{
    return std::string(CERRO_TEST_DATA) + "/sisock/example_weather";
}

value recorded(std::string_view name)
{
    std::ifstream in(std::string(CERRO_TEST_DATA) + "/sisock/wamp_calls.json");
    std::string const text((std::istreambuf_iterator<char>(in)), {});
    auto const calls = codec::from_json(text).value();
    for (auto const& call : *calls.as_list()) {
        if (*call.find("name")->as_text() == name) {
            return call;
        }
    }
    FAIL("no recorded call " << name);
    return {};
}

value ask(weather::archive& a, value const& call)
{
    dans::signature const s{"get_data", {"field", "start", "end", "min_stride", "max_points"}, 3};
    auto const bound = dans::bind(s, *call.find("args")->as_list(), *call.find("kwargs")->as_dict());
    return dans::data_reply(a, dans::parse_data_request(*bound, now).value(), 500'000);
}

/// A folder that goes with the test.
struct folder {
    fs::path path = fs::temp_directory_path() / ("cerro-weather-test-" + std::to_string(getpid()));
    folder() { fs::create_directories(path); }
    ~folder() { fs::remove_all(path); }
    void write(std::string const& name, std::string const& text) const { std::ofstream(path / name) << text; }
};

TEST_CASE("weather: recorded calls are answered as the Python server did")
{
    weather::archive a(stock());
    for (auto const* name : {"apex_archive hourly", "apex_archive unknown", "apex_archive empty range"}) {
        auto const call = recorded(name);
        INFO(name);
        REQUIRE(ask(a, call) == *call.find("result"));
    }
}

TEST_CASE("weather: the fields are those of the Python server, with the true interval")
{
    weather::archive a(stock());
    auto const mine = dans::fields_reply(a.fields({1, now}));
    auto const call = recorded("apex_archive.get_fields all");
    REQUIRE(mine[0] == *call.find("result")->at(0));
    REQUIRE(*mine[1].find("hourly")->find("interval") == value(3600.0));
    REQUIRE(*mine[1].find("minutely")->find("interval") == value(60.0));
    REQUIRE(mine[1].find("hourly")->find("field")->as_list()->size() == 3);
}

TEST_CASE("weather: fields of unequal length get equal times, and lose no sample")
{
    weather::archive a(stock());
    auto const v = ask(a, recorded("apex_archive mixed"));
    auto const n = v.find("timeline")->find("minutely")->find("t")->as_list()->size();
    REQUIRE(v.find("data")->find("apex_radiometer")->as_list()->size() == n);
    REQUIRE(v.find("data")->find("apex_windspeed")->as_list()->size() == n);
    REQUIRE(n == 20168);
    std::size_t samples = 0;
    for (auto const& x : *v.find("data")->find("apex_radiometer")->as_list()) {
        samples += x.is_null() ? 0 : 1;
    }
    REQUIRE(samples == 20167);
}

TEST_CASE("weather: a range without samples lists no field")
{
    weather::archive a(stock());
    REQUIRE(a.fields({1, 2}).fields.empty());
    REQUIRE(a.fields({1499990400.0, 1499990401.0}).fields.size() == 5);
    REQUIRE(a.fields({1499990399.0, 1499990400.0}).fields.empty());
}

/// Asks until it is so; false after 10 s.
bool becomes(std::function<bool()> const& condition)
{
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

TEST_CASE("weather: a file is parsed once, and again when it has changed")
{
    folder f;
    f.write("a.dat", "# d\n# t\n# u\n1 10\n");
    weather::archive a(f.path, std::chrono::milliseconds(0));
    REQUIRE(a.find("a"));
    REQUIRE(a.fields({1, 100}).fields.size() == 1);
    REQUIRE(a.parsed() == 1);
    f.write("b.dat", "# d\n# t\n# u\n1 10\n");
    REQUIRE(becomes([&] { return a.find("b").has_value(); }));
    REQUIRE(a.parsed() == 2);
    fs::rename(f.path / "b.dat", f.path / "new");
    f.write("new", "# d\n# t\n# u\n1 10\n2 20\n");
    fs::rename(f.path / "new", f.path / "a.dat");
    REQUIRE(becomes([&] { return a.find("a") && a.read("a", {1, 100}).t.size() == 2; }));
    REQUIRE(becomes([&] { return !a.find("b"); }));
    REQUIRE(a.parsed() == 3);
}

TEST_CASE("weather: requests do not make it look at the folder more often than said")
{
    folder f;
    f.write("a.dat", "# d\n# t\n# u\n1 10\n");
    weather::archive a(f.path, std::chrono::hours(1));
    f.write("b.dat", "# d\n# t\n# u\n1 10\n");
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(a.find("a"));
        REQUIRE_FALSE(a.find("b"));
        REQUIRE(a.fields({1, 100}).fields.size() == 1);
    }
    REQUIRE(a.parsed() == 1);
}

TEST_CASE("weather: bad lines are left out, a file without header is passed over")
{
    auto const f = weather::parse_weather_file(
        "# d\r\n#timeline\n# \xC2\xB0"
        "C\n\n1 2\nrubbish\n2\n0.5 3\n3 nan\n4\t5  \n5 1e");
    REQUIRE(f.has_value());
    REQUIRE(f->description == "d");
    REQUIRE(f->timeline == "timeline");
    REQUIRE(f->samples.t == std::vector<double>{1, 3, 4});
    REQUIRE(std::isnan((*f->samples.v.numbers())[1]));
    REQUIRE(f->bad_lines == 4);
    REQUIRE(weather::parse_weather_file("1 2\n").has_error());
    REQUIRE(weather::parse_weather_file("# only\n# two").has_error());
    REQUIRE(weather::parse_weather_file("").has_error());
    folder dir;
    dir.write("bad.dat", "1 2\n");
    REQUIRE_FALSE(weather::archive(dir.path).find("bad"));
}

TEST_CASE("weather: a missing folder is a configuration error that names it")
{
    REQUIRE_THROWS_WITH(weather::archive("/no/such/folder"), Catch::Contains("/no/such/folder"));
}

}  // namespace
