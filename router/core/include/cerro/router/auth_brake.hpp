#pragma once

/// @file
/// Slows down guessing of tickets and secrets: who failed too often is refused for a while, by address.

#include <cerro/base/time.hpp>
#include <cerro/router/string_map.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cerro::router {

/// Counts failed log-ins for each remote host. Its table is bounded: when it is full of addresses that still
/// count, the oldest goes.
class auth_brake {
public:
    static constexpr std::chrono::seconds window{60};   ///< failures are counted for so long
    static constexpr std::chrono::seconds penalty{60};  ///< and then refused for so long
    static constexpr std::size_t max_hosts = 10'000;

    /// @param address as in link_info, with or without a port; everybody on a Unix socket is let in
    [[nodiscard]] bool refuses(std::string_view address, steady_time now) const;
    /// @param allowed this many failures within the window begin the penalty
    void failed(std::string_view address, steady_time now, std::size_t allowed);

    [[nodiscard]] std::size_t size() const { return hosts_.size(); }

private:
    struct record {
        std::size_t failures = 0;
        steady_time until;  ///< end of the window or of the penalty
        bool refused = false;
    };
    void make_room(steady_time now);

    string_map<record> hosts_;
};

}  // namespace cerro::router
