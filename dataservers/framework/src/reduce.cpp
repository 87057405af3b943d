#include <cerro/dans/reduce.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace cerro::dans {

std::vector<std::size_t> stride_indices(std::vector<double> const& t, double min_stride)
{
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < t.size(); ++i) {
        if (kept.empty() || t[i] - t[kept.back()] >= min_stride) {
            kept.push_back(i);
        }
    }
    return kept;
}

namespace {

/// The next width of a fixed list, so that buckets keep their places while the window moves.
double round_width(double w)
{
    static constexpr std::array<double, 11> steps{1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    double const decade = std::pow(10.0, std::floor(std::log10(w)));
    for (double const s : steps) {
        if (s * decade >= w) {
            return s * decade;
        }
    }
    return 10 * decade;
}

/// Smallest and largest finite value of [first, last), in order of time.
void pick_extremes(std::vector<double> const& v,
                   std::size_t first,
                   std::size_t last,
                   std::vector<std::size_t>& out)
{
    std::size_t low = last;
    std::size_t high = last;
    for (std::size_t i = first; i < last; ++i) {
        if (std::isnan(v[i])) {
            continue;
        }
        if (low == last || v[i] < v[low]) {
            low = i;
        }
        if (high == last || v[i] > v[high]) {
            high = i;
        }
    }
    if (low == last) {
        out.push_back(first);
        return;
    }
    out.push_back(std::min(low, high));
    if (low != high) {
        out.push_back(std::max(low, high));
    }
}

std::vector<std::size_t> pick_buckets(series const& s, double width)
{
    std::vector<std::size_t> out;
    auto const* numbers = s.v.numbers();
    std::size_t first = 0;
    while (first < s.t.size()) {
        double const bucket = std::floor(s.t[first] / width);
        std::size_t last = first + 1;
        while (last < s.t.size() && std::floor(s.t[last] / width) == bucket) {
            ++last;
        }
        if (numbers != nullptr) {
            pick_extremes(*numbers, first, last, out);
        } else {
            out.push_back(last - 1);
        }
        first = last;
    }
    return out;
}

series pick(series const& s, std::vector<std::size_t> const& indices)
{
    series out{{}, column(s.v.type())};
    out.t.reserve(indices.size());
    out.v.reserve(indices.size());
    for (std::size_t const i : indices) {
        out.t.push_back(s.t[i]);
        out.v.push_from(s.v, i);
    }
    return out;
}

}  // namespace

series reduce(series s, reduction r)
{
    std::size_t const n = s.t.size();
    bool const numeric = s.v.numbers() != nullptr;
    std::size_t const per_bucket = numeric ? 2 : 1;
    double const span = n == 0 ? 0 : s.t.back() - s.t.front();
    std::size_t allowed = r.max_points == 0 ? n : r.max_points;
    if (r.bucket_s > 0 && span / r.bucket_s < static_cast<double>(n)) {
        auto const buckets = static_cast<std::size_t>(span / r.bucket_s) + 1;
        allowed = std::min(allowed, std::max<std::size_t>(per_bucket * (buckets + 1), 4));
    }
    if (n <= allowed) {
        return s;
    }
    if (allowed < 2 * per_bucket || span <= 0) {
        if (!numeric || allowed == 1) {
            return pick(s, {n - 1});
        }
        std::vector<std::size_t> extremes;
        pick_extremes(*s.v.numbers(), 0, n, extremes);
        return pick(s, extremes);
    }
    // A span of k widths touches at most k + 1 buckets.
    double width = round_width(span / static_cast<double>(allowed / per_bucket - 1));
    auto kept = pick_buckets(s, width);
    while (kept.size() > allowed) {
        width *= 2;
        kept = pick_buckets(s, width);
    }
    return pick(s, kept);
}

}  // namespace cerro::dans
