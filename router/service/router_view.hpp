#pragma once

/// @file
/// What those see who look into a running router: gauges, admin API, health. Used on the core's thread.

#include "connection.hpp"
#include "health.hpp"
#include <cerro/router/settings.hpp>

#include <memory>
#include <vector>

namespace cerro::router {

class router_view {
public:
    virtual ~router_view() = default;
    [[nodiscard]] virtual shared_core& shared() const = 0;
    /// Valid until the loop goes on.
    [[nodiscard]] virtual std::vector<connection*> connections() const = 0;
    [[nodiscard]] virtual settings const& current() const = 0;
    [[nodiscard]] virtual health const& condition() const = 0;
};

/// What waits in the outboxes.
struct backlog_figures {
    std::size_t sum = 0;       ///< [bytes]
    std::size_t greatest = 0;  ///< of one peer [bytes]
    std::size_t slow = 0;      ///< peers above three quarters of their bound
};
[[nodiscard]] backlog_figures backlog_of(router_view const& r);

/// Registers what is asked at each scrape; again after a reload, for new realms and certificates. `r` may go
/// before the registry does.
void add_gauges(metrics::registry& registry, std::weak_ptr<router_view const> r);

}  // namespace cerro::router
