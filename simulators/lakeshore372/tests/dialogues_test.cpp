#include <cerro/sim372/instrument.hpp>

#include <catch2/catch.hpp>

#include <fstream>
#include <regex>

namespace {

using cerro::sim372::instrument;
using cerro::sim372::instrument_options;

std::vector<std::string> lines_of(std::string const& name)
{
    std::ifstream file(std::string(CERRO_TEST_DATA "/lakeshore/") + name);
    REQUIRE(file);
    std::vector<std::string> out;
    for (std::string line; std::getline(file, line);) {
        out.push_back(line);
    }
    return out;
}

std::vector<std::string> split(std::string const& text, char separator)
{
    std::vector<std::string> out{""};
    for (char c : text) {
        if (c == separator) {
            out.emplace_back();
        } else {
            out.back() += c;
        }
    }
    return out;
}

/// A transcript's line without its escapes and terminator.
std::string plain(std::string text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            ++i;
            if (text[i] != 'r' && text[i] != 'n') {
                out += text[i];
            }
        } else {
            out += text[i];
        }
    }
    return out;
}

/// "1,003,003,21,1;0" -> "n,n,n,n,n;n": what a client's parser sees of a reply.
std::string shape(std::string const& reply)
{
    static std::regex const number(R"([+-]?\d+(\.\d*)?(E[+-]?\d+)?)");
    std::string out;
    for (auto const& part : split(reply, ';')) {
        for (auto const& field : split(part, ',')) {
            out += std::regex_match(field, number) ? "n," : "t,";
        }
        out.back() = ';';
    }
    return out;
}

}  // namespace

TEST_CASE("simulator: every request of the command table has a reply of the stated pattern")
{
    auto const table = lines_of("commands.tsv");
    instrument device{instrument_options()};
    double now = 10;
    int rows = 0;
    for (auto const& line : table) {
        auto const cells = split(line, '\t');
        if (cells[0] != "372") {
            continue;
        }
        ++rows;
        auto const reply = device.handle(cells[1], now += 0.05);
        CAPTURE(cells[1], cells[2], reply.value_or("(none)"));
        bool const expected = cells.size() > 2 && !cells[2].empty();
        REQUIRE(reply.has_value() == expected);
        if (expected) {
            REQUIRE(std::regex_match(*reply, std::regex(cells[2])));
        }
        if (cells[1] == "NOSUCH 1") {
            REQUIRE(device.handle("*ESR?", now) == "32");
        } else if (cells[1].find("*ESR?") == std::string::npos) {
            REQUIRE(device.handle("*ESR?", now) == "0");
        }
    }
    REQUIRE(rows >= 45);
}

TEST_CASE("simulator: what public drivers send is answered in the form they expect")
{
    auto const* const name = GENERATE(
        "372_startup.txt", "372_acq.txt", "372_settings.txt", "372_vendor_driver.txt", "372_curve.txt");
    auto const transcript = lines_of(name);
    instrument device{instrument_options()};
    double now = 10;
    int questions = 0;
    for (std::size_t i = 0; i < transcript.size(); ++i) {
        if (transcript[i].rfind("> ", 0) != 0) {
            continue;
        }
        auto const request = plain(transcript[i].substr(2));
        bool const expected = i + 1 < transcript.size() && transcript[i + 1].rfind("< ", 0) == 0;
        auto const reply = device.handle(request, now += 0.05);
        CAPTURE(name, request, reply.value_or("(none)"));
        REQUIRE(reply.has_value() == expected);
        if (expected) {
            ++questions;
            REQUIRE(shape(*reply) == shape(plain(transcript[i + 1].substr(2))));
        }
    }
    REQUIRE(questions > 5);
}
