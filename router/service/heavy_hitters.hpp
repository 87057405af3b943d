#pragma once

/// @file
/// Which topics and procedures are used most, in bounded memory: the space-saving sketch over the last 10 to
/// 20 s.

#include <cerro/base/time.hpp>
#include <cerro/router/string_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// Counts weighted mentions of keys. What is truly mentioned more often than the n-th part of all is among
/// the first n; a rate may be too high by what its predecessor in a full table had, never too low.
class heavy_hitters {
public:
    static constexpr std::chrono::seconds window{10};

    struct entry {
        std::string key;
        double rate = 0;  ///< [1/s]
    };

    explicit heavy_hitters(std::size_t most = 128) : most_(most) {}

    void add(std::string_view key, std::uint64_t weight, steady_time now);
    /// At most `n`, the greatest rate first.
    [[nodiscard]] std::vector<entry> top(std::size_t n, steady_time now) const;

private:
    void turn(steady_time now);

    std::size_t most_;
    string_map<std::uint64_t> current_;
    string_map<std::uint64_t> previous_;  // of the window before
    steady_time begun_{};                 // of the current window
    steady_time first_{};                 // of the previous one, or of this if there is none
};

}  // namespace cerro::router
