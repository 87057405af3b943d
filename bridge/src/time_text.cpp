#include <cerro/bridge/query.hpp>

#include <charconv>
#include <chrono>
#include <cmath>

namespace cerro::bridge {

namespace {

/// Reads a text from its front.
class reader {
public:
    explicit reader(std::string_view s) : s_(s) {}

    std::optional<int> digits(std::size_t n)
    {
        int v = 0;
        if (s_.size() < n) {
            return std::nullopt;
        }
        for (char const c : s_.substr(0, n)) {
            if (c < '0' || c > '9') {
                return std::nullopt;
            }
            v = v * 10 + (c - '0');
        }
        s_.remove_prefix(n);
        return v;
    }
    bool take(char c)
    {
        bool const there = !s_.empty() && s_.front() == c;
        s_.remove_prefix(there ? 1 : 0);
        return there;
    }
    /// What follows a decimal point: 0 <= f < 1.
    double fraction()
    {
        double f = 0;
        double scale = 0.1;
        while (!s_.empty() && s_.front() >= '0' && s_.front() <= '9') {
            f += (s_.front() - '0') * scale;
            scale /= 10;
            s_.remove_prefix(1);
        }
        return f;
    }
    [[nodiscard]] bool at_end() const { return s_.empty(); }

private:
    std::string_view s_;
};

/// Minutes east of UTC: "", "Z", "+02:00", "-0330".
std::optional<int> offset_minutes(reader& r)
{
    if (r.at_end() || r.take('Z') || r.take('z')) {
        return 0;
    }
    int const sign = r.take('-') ? -1 : r.take('+') ? 1 : 0;
    auto const h = r.digits(2);
    r.take(':');
    auto const m = r.at_end() ? std::optional(0) : r.digits(2);
    if (sign == 0 || !h || !m || *h > 23 || *m > 59) {
        return std::nullopt;
    }
    return sign * (*h * 60 + *m);
}

std::optional<double> parse_iso(std::string_view text)
{
    reader r(text);
    auto const year = r.digits(4);
    bool ok = year && r.take('-');
    auto const month = ok ? r.digits(2) : std::nullopt;
    ok = month && r.take('-');
    auto const day = ok ? r.digits(2) : std::nullopt;
    if (!day) {
        return std::nullopt;
    }
    std::chrono::year_month_day const date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    double seconds = static_cast<double>(std::chrono::sys_days(date).time_since_epoch().count()) * 86400.0;
    if (r.at_end()) {
        return seconds;
    }
    if (!r.take('T') && !r.take(' ')) {
        return std::nullopt;
    }
    auto const hour = r.digits(2);
    ok = hour && r.take(':');
    auto const minute = ok ? r.digits(2) : std::nullopt;
    if (!minute || *hour > 24 || *minute > 59) {
        return std::nullopt;
    }
    seconds += *hour * 3600 + *minute * 60;
    if (r.take(':')) {
        auto const second = r.digits(2);
        if (!second || *second > 60) {
            return std::nullopt;
        }
        seconds += *second;
        if (r.take('.') || r.take(',')) {
            seconds += r.fraction();
        }
    }
    auto const offset = offset_minutes(r);
    if (!offset || !r.at_end()) {
        return std::nullopt;
    }
    return seconds - *offset * 60;
}

std::optional<double> parse_number(std::string_view text)
{
    double d = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), d);
    if (text.empty() || ec != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return d;
}

std::optional<double> number_to_seconds(double d)
{
    constexpr double latest = 4e12;  // the year 2096 in milliseconds
    if (!std::isfinite(d) || d < 0 || d > latest) {
        return std::nullopt;
    }
    constexpr double least_milliseconds = 1e11;  // 1973; as seconds it would be the year 5138
    return d < least_milliseconds ? d : d / 1000;
}

}  // namespace

std::optional<double> parse_interval(std::string_view text)
{
    auto const unit_at = text.find_first_not_of("0123456789.");
    if (unit_at == std::string_view::npos || unit_at == 0) {
        return std::nullopt;
    }
    auto const n = parse_number(text.substr(0, unit_at));
    auto const unit = text.substr(unit_at);
    constexpr std::pair<std::string_view, double> units[] = {{"ms", 1e-3},
                                                             {"s", 1},
                                                             {"m", 60},
                                                             {"h", 3600},
                                                             {"d", 86400},
                                                             {"w", 7 * 86400.0},
                                                             {"M", 30 * 86400.0},
                                                             {"y", 365 * 86400.0}};
    for (auto const& [name, seconds] : units) {
        if (n && unit == name) {
            return *n * seconds;
        }
    }
    return std::nullopt;
}

std::optional<double> parse_time(value const& v, double now)
{
    if (auto const d = v.as_double()) {
        return number_to_seconds(*d);
    }
    auto const* text = v.as_text();
    if (text == nullptr) {
        return std::nullopt;
    }
    if (*text == "now") {
        return now;
    }
    if (text->starts_with("now-")) {
        auto const back = parse_interval(std::string_view(*text).substr(4));
        return back ? std::optional(now - *back) : std::nullopt;
    }
    if (auto const d = parse_number(*text)) {
        return number_to_seconds(*d);
    }
    return parse_iso(*text);
}

}  // namespace cerro::bridge
