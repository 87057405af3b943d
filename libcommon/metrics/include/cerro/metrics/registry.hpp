#pragma once

/// @file
/// Counters, gauges and histograms, written as Prometheus text. Counting is lock-free; reading may happen on
/// another thread.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::metrics {

class counter {
public:
    void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    /// The same at the cost of a plain addition, for a counter that one thread alone writes.
    void add_alone(std::uint64_t n = 1) noexcept
    {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

class gauge {
public:
    void set(double v) noexcept { value_.store(v, std::memory_order_relaxed); }
    [[nodiscard]] double value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0.0};
};

/// How often values fell between fixed bounds. An observation costs a search among the bounds and two atomic
/// additions.
class histogram {
public:
    /// @param bounds upper bounds, inclusive, ascending; values above the last are counted too
    explicit histogram(std::vector<double> bounds);

    void observe(double v) noexcept;
    [[nodiscard]] std::vector<double> const& bounds() const noexcept { return bounds_; }
    /// Values between bounds i-1 and i; i == bounds().size(): those above the last.
    [[nodiscard]] std::uint64_t between(std::size_t i) const noexcept
    {
        return counts_[i].load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t count() const noexcept;
    [[nodiscard]] double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }
    /// About the value below which the part `q` (0..1) of all lies, within one interval; 0 without values.
    /// Above the last bound it is that bound.
    [[nodiscard]] double quantile(double q) const noexcept;

private:
    std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::atomic<double> sum_{0.0};
};

/// The metrics of one process. References it gives stay valid as long as it lives.
class registry {
public:
    /// The same (name, labels) gives the same counter. `labels` as they stand in the text:
    /// `reason="shutdown"`.
    counter& make_counter(std::string_view name, std::string_view help, std::string_view labels = {});
    gauge& make_gauge(std::string_view name, std::string_view help, std::string_view labels = {});
    /// Asked at each scrape.
    void make_gauge(std::string_view name,
                    std::string_view help,
                    std::function<double()> ask,
                    std::string_view labels = {});
    /// The same (name, labels) gives the same histogram, with the bounds of the first call.
    histogram& make_histogram(std::string_view name,
                              std::string_view help,
                              std::vector<double> bounds,
                              std::string_view labels = {});
    /// Prometheus text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    struct series;
    series& find_or_add(std::string_view name,
                        std::string_view help,
                        std::string_view type,
                        std::string_view labels);
    mutable std::mutex mutex_;
    std::deque<series> series_;

public:
    registry();
    ~registry();
};

}  // namespace cerro::metrics
