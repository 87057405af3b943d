#pragma once

/// @file
/// What is wrong with the router at the moment, for /healthz.

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace cerro::router {

class health {
public:
    /// Asks for trouble: empty if there is none, else one line for an operator.
    using check = std::function<std::string()>;

    void watch(check c) { checks_.push_back(std::move(c)); }
    /// All troubles, one a line; empty: healthy.
    [[nodiscard]] std::string trouble() const
    {
        std::string all;
        for (auto const& c : checks_) {
            if (auto const one = c(); !one.empty()) {
                all += (all.empty() ? "" : "\n") + one;
            }
        }
        return all;
    }

private:
    std::vector<check> checks_;
};

}  // namespace cerro::router
