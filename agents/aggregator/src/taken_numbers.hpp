#pragma once

// Private: the numbers of the messages of a feed's process that were taken.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cerro::aggregator {

/// Remembers ranges, not only the latest number: a number far ahead, by an error or forged, must not make all
/// that follows look like repetitions.
class taken_numbers {
public:
    /// @return false: it was taken before
    bool add(std::uint64_t n)
    {
        auto const holds = [n](range const& r) { return r.first <= n && n <= r.last; };
        if (std::any_of(ranges_.begin(), ranges_.end(), holds)) {
            return false;
        }
        auto const at = std::find_if(
            ranges_.begin(), ranges_.end(), [n](range const& r) { return n > 0 && n - 1 == r.last; });
        if (at != ranges_.end()) {
            at->last = n;
            std::rotate(at, at + 1, ranges_.end());  // the one in use is the last
            return true;
        }
        if (!ranges_.empty() && n > ranges_.back().last && n - ranges_.back().last <= largest_gap) {
            missed_ += n - ranges_.back().last - 1;
        }
        if (ranges_.size() == max_ranges) {
            ranges_.erase(ranges_.begin());
        }
        ranges_.push_back({n, n});
        return true;
    }

    /// Numbers that were left out, as far as they are no jump.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }

private:
    struct range {
        std::uint64_t first;
        std::uint64_t last;
    };
    static constexpr std::size_t max_ranges = 16;
    static constexpr std::uint64_t largest_gap = 1'000'000;

    std::vector<range> ranges_;  // by their latest use
    std::uint64_t missed_ = 0;
};

}  // namespace cerro::aggregator
