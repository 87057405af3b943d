#include "cerro/sim372/instrument.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace cerro::sim372 {

namespace {

std::string_view trimmed(std::string_view s)
{
    constexpr std::string_view blanks = " \t\r\n";
    auto const first = s.find_first_not_of(blanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

/// Parts between separators that are not inside double quotes.
std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    bool quoted = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == separator && !quoted) {
            parts.push_back(text.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    parts.push_back(text.substr(begin));
    return parts;
}

std::string unquoted(std::string_view s)
{
    s = trimmed(s);
    if (s.size() >= 2 && s.front() == '"' && s.back() == '"') {
        s = s.substr(1, s.size() - 2);
    }
    return std::string(s);
}

std::vector<std::string> split_arguments(std::string_view text)
{
    std::vector<std::string> out;
    if (trimmed(text).empty()) {
        return out;
    }
    for (auto const part : split(text, ',')) {
        out.push_back(unquoted(part));
    }
    // "RANGE 0 4": a blank in place of the first comma.
    auto const first = trimmed(split(text, ',').front());
    auto const blank = first.find(' ');
    if (blank != std::string_view::npos && first.front() != '"') {
        out.front() = std::string(first.substr(0, blank));
        out.insert(out.begin() + 1, unquoted(first.substr(blank)));
    }
    return out;
}

}  // namespace

std::vector<message> split_messages(std::string_view line)
{
    std::vector<message> out;
    for (auto part : split(line, ';')) {
        part = trimmed(part);
        if (!part.empty() && part.front() == ':') {
            part.remove_prefix(1);
        }
        if (part.empty()) {
            continue;
        }
        auto const blank = part.find_first_of(" \t");
        message m;
        m.verb = std::string(part.substr(0, blank));
        std::transform(m.verb.begin(), m.verb.end(), m.verb.begin(), [](unsigned char c) {
            return static_cast<char>(std::toupper(c));
        });
        if (blank != std::string_view::npos) {
            m.arguments = split_arguments(part.substr(blank));
        }
        out.push_back(std::move(m));
    }
    return out;
}

std::string engineering(double v)
{
    int exponent = 0;
    int decimals = 5;  // of six digits
    if (v != 0.0) {
        // 9.999996 is shown as 10.0000, hence the little more.
        auto const magnitude = static_cast<int>(std::floor(std::log10(std::abs(v)) + 2.2e-7));
        exponent = static_cast<int>(std::floor(magnitude / 3.0)) * 3;
        decimals -= magnitude - exponent;
    }
    char text[64];
    std::snprintf(text,
                  sizeof text,
                  "%+.*fE%c%02d",
                  decimals,
                  v / std::pow(10.0, exponent),
                  exponent < 0 ? '-' : '+',
                  std::abs(exponent));
    return text;
}

}  // namespace cerro::sim372
