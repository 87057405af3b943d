#include <cerro/router/history_answer.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>
#include <vector>

namespace cerro::router {

namespace {

using wamp::match_policy;

std::vector<std::string_view> components(std::string_view uri)
{
    std::vector<std::string_view> out;
    for (;;) {
        auto const dot = uri.find('.');
        out.push_back(uri.substr(0, dot));
        if (dot == std::string_view::npos) {
            return out;
        }
        uri.remove_prefix(dot + 1);
    }
}

bool wildcards_overlap(std::string_view a, std::string_view b)
{
    auto const left = components(a);
    auto const right = components(b);
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](auto x, auto y) {
        return x == y || x.empty() || y.empty();
    });
}

/// The last component of a prefix may go on.
bool prefix_meets_wildcard(std::string_view prefix, std::string_view wildcard)
{
    auto const left = components(prefix);
    auto const right = components(wildcard);
    if (left.size() > right.size()) {
        return false;
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
        bool const last = i + 1 == left.size();
        bool const fits = right[i].empty() || (last ? right[i].starts_with(left[i]) : right[i] == left[i]);
        if (!fits) {
            return false;
        }
    }
    return true;
}

constexpr std::int64_t second_ns = 1'000'000'000;

/// Takes exactly `digits` digits.
bool take(std::string_view& text, std::size_t digits, int& out)
{
    if (text.size() < digits) {
        return false;
    }
    auto const* const end = text.data() + digits;
    auto const read = std::from_chars(text.data(), end, out);
    if (read.ec != std::errc{} || read.ptr != end || text.front() == '-') {
        return false;
    }
    text.remove_prefix(digits);
    return true;
}

bool take(std::string_view& text, char c)
{
    if (!text.starts_with(c)) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

/// ".25" -> 250 000 000; more than nine digits are cut.
bool take_fraction(std::string_view& text, std::int64_t& ns)
{
    if (!take(text, '.')) {
        return true;
    }
    std::int64_t unit = second_ns;
    std::size_t digits = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
        unit /= 10;
        ns += (text.front() - '0') * unit;
    }
    return digits > 0;
}

}  // namespace

bool patterns_overlap(std::string_view a, match_policy match_a, std::string_view b, match_policy match_b)
{
    if (match_a == match_policy::exact) {
        return wamp::matches(a, b, match_b);
    }
    if (match_b == match_policy::exact) {
        return wamp::matches(b, a, match_a);
    }
    if (match_a == match_b) {
        return match_a == match_policy::prefix ? a.starts_with(b) || b.starts_with(a)
                                               : wildcards_overlap(a, b);
    }
    return match_a == match_policy::prefix ? prefix_meets_wildcard(a, b) : prefix_meets_wildcard(b, a);
}

std::optional<std::int64_t> parse_iso_time(std::string_view text)
{
    std::tm utc{};
    std::int64_t ns = 0;
    bool const date = take(text, 4, utc.tm_year) && take(text, '-') && take(text, 2, utc.tm_mon) &&
                      take(text, '-') && take(text, 2, utc.tm_mday) && (take(text, 'T') || take(text, ' '));
    bool const time = date && take(text, 2, utc.tm_hour) && take(text, ':') && take(text, 2, utc.tm_min) &&
                      take(text, ':') && take(text, 2, utc.tm_sec) && take_fraction(text, ns);
    if (!time || utc.tm_year < 1970 || utc.tm_year > 2200 || utc.tm_mon < 1 || utc.tm_mon > 12 ||
        utc.tm_mday < 1 || utc.tm_mday > 31 || utc.tm_hour > 23 || utc.tm_min > 59 || utc.tm_sec > 60) {
        return std::nullopt;
    }
    utc.tm_year -= 1900;
    utc.tm_mon -= 1;
    std::int64_t offset = 0;
    if (!take(text, 'Z') && !text.empty()) {
        bool const west = text.front() == '-';
        int hours = 0;
        int minutes = 0;
        if (!(take(text, '+') || take(text, '-')) || !take(text, 2, hours) || (take(text, ':'), false) ||
            !take(text, 2, minutes)) {
            return std::nullopt;
        }
        offset = (hours * 60 + minutes) * (west ? -60 : 60);
    }
    if (!text.empty()) {
        return std::nullopt;
    }
    return (static_cast<std::int64_t>(timegm(&utc)) - offset) * second_ns + ns;
}

}  // namespace cerro::router
