#include "cerro/lakeshore372/curve_file.hpp"

#include "cerro/lakeshore372/codes.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

namespace cerro::lakeshore372 {

namespace {

constexpr std::size_t longest_file = 64U << 10U;
constexpr std::size_t header_lines = 6;
constexpr std::size_t title_line = 7;  // from 0; the lines around it are empty
constexpr std::size_t longest_model = 15;
constexpr std::size_t longest_serial = 10;

std::string_view trimmed(std::string_view s)
{
    constexpr std::string_view blanks = " \t\r";
    auto const first = s.find_first_not_of(blanks);
    return first == std::string_view::npos ? std::string_view()
                                           : s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::vector<std::string_view> split_lines(std::string_view text)
{
    std::vector<std::string_view> out;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::vector<std::string> words_of(std::string_view line)
{
    std::vector<std::string> out;
    for (line = trimmed(line); !line.empty(); line = trimmed(line)) {
        auto const end = std::min(line.find_first_of(" \t"), line.size());
        out.emplace_back(line.substr(0, end));
        line.remove_prefix(end);
    }
    return out;
}

/// Goes into a quoted argument of a message, and from there into the instrument's list of arguments.
bool is_plain(std::string_view s)
{
    return std::all_of(
        s.begin(), s.end(), [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != ',' && c != ';'; });
}

}  // namespace

result<curve_file> parse_curve(std::string_view text, std::string const& name)
{
    auto const wrong = [&name](std::size_t line, std::string const& what) {
        return fail(errc::malformed, name + ":" + std::to_string(line + 1) + ": " + what);
    };
    if (text.size() > longest_file) {
        return fail(errc::limit_exceeded, name + ": longer than 64 KiB, this is no curve file");
    }
    auto const lines = split_lines(text);
    if (lines.size() <= title_line) {
        return fail(errc::malformed,
                    name + ": too short; a curve file has six header lines, titles, and points");
    }
    curve_file curve;
    std::string announced;
    std::array<std::pair<std::string_view, std::string*>, header_lines> const header{{
        {"Sensor Model", &curve.sensor_model},
        {"Serial Number", &curve.serial_number},
        {"Data Format", &curve.format},
        {"SetPoint Limit", &curve.limit},
        {"Temperature coefficient", &curve.coefficient},
        {"Number of Breakpoints", &announced},
    }};
    for (std::size_t i = 0; i < header_lines; ++i) {
        auto const colon = lines[i].find(':');
        if (colon == std::string_view::npos) {
            return wrong(i, "expected '" + std::string(header[i].first) + ": value'");
        }
        auto const rest = lines[i].substr(colon + 1);
        auto const content = trimmed(rest.substr(0, rest.find('(')));
        if (!is_plain(content)) {
            return wrong(
                i, std::string(header[i].first) + " holds a character that the instrument does not take");
        }
        *header[i].second = std::string(content);
    }
    if (curve.format != "3" && curve.format != "4" && curve.format != "7") {
        return wrong(2, "Data Format is '" + curve.format + "'; the 372 takes 3, 4 and 7");
    }
    if (!parse_number(curve.limit)) {
        return wrong(3, "SetPoint Limit is '" + curve.limit + "', expected a number");
    }
    if (curve.coefficient != "1" && curve.coefficient != "2") {
        return wrong(4, "Temperature coefficient is '" + curve.coefficient + "', expected 1 or 2");
    }
    curve.sensor_model.resize(std::min(curve.sensor_model.size(), longest_model));
    curve.serial_number.erase(
        0, curve.serial_number.size() - std::min(curve.serial_number.size(), longest_serial));

    for (std::size_t i = title_line + 1; i < lines.size(); ++i) {
        auto words = words_of(lines[i]);
        if (words.empty()) {
            continue;
        }
        if (words.size() != 3 || !parse_number(words[0]) || !parse_number(words[1]) ||
            !parse_number(words[2])) {
            return wrong(i, "expected 'number units kelvin'");
        }
        if (curve.points.size() == max_curve_points) {
            return fail(errc::limit_exceeded, name + ": more than 200 points");
        }
        curve.points.emplace_back(std::move(words[1]), std::move(words[2]));
    }
    if (curve.points.empty()) {
        return fail(errc::malformed, name + ": no points");
    }
    if (parse_number(announced) != static_cast<double>(curve.points.size())) {
        return wrong(5,
                     "Number of Breakpoints is '" + announced + "', but there are " +
                         std::to_string(curve.points.size()));
    }
    return curve;
}

result<curve_file> load_curve(std::string const& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(errc::not_found, path + ": cannot open; the path is one on the agent's machine");
    }
    std::string text(longest_file + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return parse_curve(text, path);
}

}  // namespace cerro::lakeshore372
