#include <cerro/router/origin.hpp>

#include <algorithm>
#include <cctype>
#include <optional>

namespace cerro::router {

namespace {

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blank = " \t\r";
    text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
    return text.substr(0, text.find_last_not_of(blank) + 1);
}

std::string lower(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return out;
}

/// "scheme://host:port" in lower case, the port always given; "null" for files and the null origin; nothing
/// when it is no origin.
std::optional<std::string> canonical(std::string_view text)
{
    auto out = lower(trimmed(text));
    if (out == "null" || out.starts_with("file:")) {
        return "null";
    }
    auto const scheme = out.find("://");
    if (scheme == std::string::npos || scheme == 0 || scheme + 3 == out.size() ||
        out.find_first_of("/@?# \t", scheme + 3) != std::string::npos) {
        return std::nullopt;
    }
    // After the brackets of an IPv6 address, if there is one.
    auto const bracket = out.rfind(']');
    bool const port = out.find(':', bracket == std::string::npos ? scheme + 3 : bracket) != std::string::npos;
    if (!port && out.starts_with("http://")) {
        out += ":80";
    } else if (!port && out.starts_with("https://")) {
        out += ":443";
    }
    return out;
}

/// Does all of `text` match? "*" is any text, also none. Time is bounded by the product of the lengths.
bool glob(std::string_view text, std::string_view pattern)
{
    std::size_t t = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

bool origin_rules::admits(std::string_view origin) const
{
    auto const known = canonical(origin);
    if (!known) {
        return false;
    }
    if (*known == "null") {
        return allow_null;
    }
    return std::any_of(allowed.begin(), allowed.end(), [&](std::string const& pattern) {
        // A pattern without a port is for the port of its scheme.
        auto const full = canonical(pattern);
        return glob(*known, pattern) || (full && glob(*known, *full));
    });
}

std::vector<std::string_view> header_values(std::string_view head, std::string_view name)
{
    std::vector<std::string_view> out;
    while (!head.empty()) {
        auto const end = std::min(head.find('\n'), head.size());
        auto const line = head.substr(0, end);
        head.remove_prefix(std::min(end + 1, head.size()));
        auto const colon = line.find(':');
        if (colon != std::string_view::npos && lower(trimmed(line.substr(0, colon))) == name) {
            out.push_back(trimmed(line.substr(colon + 1)));
        }
    }
    return out;
}

}  // namespace cerro::router
