#include "heavy_hitters.hpp"

#include <algorithm>
#include <utility>

namespace cerro::router {

void heavy_hitters::turn(steady_time now)
{
    if (begun_ == steady_time{}) {
        begun_ = first_ = now;
    } else if (now - begun_ >= 2 * window) {
        current_.clear();
        previous_.clear();
        begun_ = first_ = now;
    } else if (now - begun_ >= window) {
        previous_ = std::exchange(current_, {});
        first_ = begun_;
        begun_ += window;
    }
}

void heavy_hitters::add(std::string_view key, std::uint64_t weight, steady_time now)
{
    turn(now);
    if (auto const at = current_.find(key); at != current_.end()) {
        at->second += weight;
        return;
    }
    std::uint64_t inherited = 0;
    if (current_.size() >= most_) {
        auto const least = std::min_element(current_.begin(),
                                            current_.end(),
                                            [](auto const& a, auto const& b) { return a.second < b.second; });
        inherited = least->second;
        current_.erase(least);
    }
    current_.emplace(std::string(key), inherited + weight);
}

std::vector<heavy_hitters::entry> heavy_hitters::top(std::size_t n, steady_time now) const
{
    if (now - begun_ >= 2 * window) {
        return {};  // nothing was mentioned for so long
    }
    string_map<std::uint64_t> sums = current_;
    for (auto const& [key, count] : previous_) {
        sums[key] += count;
    }
    double const seconds = std::max(std::chrono::duration<double>(now - first_).count(), 1.0);
    std::vector<entry> all;
    all.reserve(sums.size());
    for (auto const& [key, count] : sums) {
        all.push_back({key, static_cast<double>(count) / seconds});
    }
    auto const greater = [](entry const& a, entry const& b) {
        return a.rate != b.rate ? a.rate > b.rate : a.key < b.key;
    };
    auto const wanted = all.begin() + static_cast<std::ptrdiff_t>(std::min(n, all.size()));
    std::partial_sort(all.begin(), wanted, all.end(), greater);
    all.erase(wanted, all.end());
    return all;
}

}  // namespace cerro::router
