#include <cerro/weather/archive.hpp>

#include <charconv>
#include <cmath>
#include <map>

namespace cerro::weather {

namespace {

std::string_view trim(std::string_view s)
{
    auto const blank = " \t\r";
    auto const first = s.find_first_not_of(blank);
    return first == std::string_view::npos ? std::string_view()
                                           : s.substr(first, s.find_last_not_of(blank) - first + 1);
}

std::optional<double> number(std::string_view s)
{
    double d = 0;
    auto const [end, ec] = std::from_chars(s.data(), s.data() + s.size(), d);
    if (ec != std::errc() || end != s.data() + s.size()) {
        return std::nullopt;
    }
    return d;
}

/// `<unix time> <value>`; the value may be NaN, the time not.
std::optional<std::pair<double, double>> sample(std::string_view line)
{
    auto const gap = line.find_first_of(" \t");
    if (gap == std::string_view::npos) {
        return std::nullopt;
    }
    auto const t = number(line.substr(0, gap));
    auto const v = number(trim(line.substr(gap)));
    if (!t || !v || !std::isfinite(*t)) {
        return std::nullopt;
    }
    return std::pair{*t, *v};
}

std::optional<double> usual_interval(std::vector<double> const& t)
{
    std::map<double, std::size_t> counts;
    constexpr std::size_t enough = 1000;
    for (std::size_t i = 1; i < t.size() && i <= enough; ++i) {
        if (t[i] > t[i - 1]) {
            ++counts[t[i] - t[i - 1]];
        }
    }
    std::optional<double> best;
    std::size_t most = 0;
    for (auto const& [distance, n] : counts) {
        if (n > most) {
            most = n;
            best = distance;
        }
    }
    return best;
}

}  // namespace

result<weather_file> parse_weather_file(std::string_view text)
{
    weather_file f;
    std::string* const header[] = {&f.description, &f.timeline, &f.units};
    std::size_t headers = 0;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        auto const line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (headers < 3) {
            if (!line.starts_with('#')) {
                return fail(errc::malformed,
                            "line " + std::to_string(headers + 1) +
                                " must begin with '#': description, timeline and units come first");
            }
            *header[headers++] = trim(line.substr(1));
            continue;
        }
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        auto const s = sample(line);
        if (!s || (!f.samples.t.empty() && s->first < f.samples.t.back())) {
            ++f.bad_lines;
            continue;
        }
        f.samples.t.push_back(s->first);
        f.samples.v.push_number(s->second);
    }
    if (headers < 3) {
        return fail(errc::malformed, "it ends before its three header lines: description, timeline, units");
    }
    f.interval = usual_interval(f.samples.t);
    return f;
}

}  // namespace cerro::weather
