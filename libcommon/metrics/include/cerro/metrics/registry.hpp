#pragma once

/// @file
/// Counters and gauges, written as Prometheus text. Counting is lock-free; reading may happen on another
/// thread.

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
