#include "cerro/lakeshore372/curve_file.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace cerro::lakeshore372;

std::string file_with(std::string const& header, std::string const& points)
{
    return header + "\nNo.   Units      Temperature (K)\n\n" + points;
}

std::string const header =
    "Sensor Model:   A VERY LONG SENSOR NAME\n"
    "Serial Number:  X0000123456\n"
    "Data Format:    4      (Log Ohms/Kelvin)\n"
    "SetPoint Limit: 325.0      (Kelvin)\n"
    "Temperature coefficient:  1 (Negative)\n"
    "Number of Breakpoints:   2\n";

}  // namespace

TEST_CASE("curve files: both line ends, tabs and blanks, numbers kept as written")
{
    auto const c = load_curve(CERRO_TEST_DATA "/lakeshore/example_372.cal");
    REQUIRE(c.has_value());
    REQUIRE(c->sensor_model == "CERRO TEST");
    REQUIRE(c->serial_number == "00000042");
    REQUIRE(c->format == "4");
    REQUIRE(c->limit == "40.0000");
    REQUIRE(c->coefficient == "1");
    REQUIRE(c->points.size() == 5);
    REQUIRE(c->points[4].units == "4.8000");
    REQUIRE(c->points[4].kelvin == "0.1000");
    auto const long_one = load_curve(CERRO_TEST_DATA "/lakeshore/generated_rox_200pt.340");
    REQUIRE(long_one.has_value());
    REQUIRE(long_one->points.size() == 200);
}

TEST_CASE("curve files: names are cut as the instrument has room")
{
    auto const c = parse_curve(file_with(header, "1 1.6 325\n2 1.7 300\n"), "x.cal");
    REQUIRE(c.has_value());
    REQUIRE(c->sensor_model == "A VERY LONG SEN");
    REQUIRE(c->serial_number == "0000123456");
}

TEST_CASE("curve files: what is wrong is said with its place")
{
    auto const message = [](std::string const& text) { return parse_curve(text, "x.cal").error().what; };
    REQUIRE(message("").find("too short") != std::string::npos);
    REQUIRE(message(file_with(header, "1 1.6 325\n2 1.7\n")).find("x.cal:11: expected 'number") == 0);
    REQUIRE(message(file_with(header, "1 1.6 325\n")).find("x.cal:6: Number of Breakpoints is '2'") == 0);
    auto quoted = header;
    quoted.replace(quoted.find("A VERY"), 6, "A\";RST");
    REQUIRE(message(file_with(quoted, "1 1.6 325\n2 1.7 300\n")).find("x.cal:1:") == 0);
    auto format = header;
    format.replace(format.find("4      ("), 1, "2");
    REQUIRE(message(file_with(format, "1 1.6 325\n2 1.7 300\n")).find("the 372 takes 3, 4 and 7") !=
            std::string::npos);
    std::string many;
    for (int i = 1; i <= 201; ++i) {
        many += std::to_string(i) + " 1.5 2\n";
    }
    REQUIRE(parse_curve(file_with(header, many), "x.cal").error().code == cerro::errc::limit_exceeded);
    REQUIRE(parse_curve(std::string(70'000, 'x'), "x.cal").error().code == cerro::errc::limit_exceeded);
}
