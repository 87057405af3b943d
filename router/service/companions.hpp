#pragma once

/// @file
/// What runs beside the routing: programs of ours, and forwarders of events to web servers.

#include "child.hpp"
#include "web/forwarder.hpp"
#include <cerro/router/settings.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cerro::router {

class companions {
public:
    companions(asio::any_io_executor ex, std::shared_ptr<core> c, metrics::registry& metrics)
        : ex_(std::move(ex)), core_(std::move(c)), metrics_(metrics)
    {}

    /// Starts what is new in `s`, and stops what is not there any more. The realms of `s` exist.
    /// @throws failure, if a program is not there; then nothing has changed
    void apply(settings const& s);
    /// Forwarders leave a realm that is to go.
    void leave_realm(std::string const& name);
    /// Programs are asked to end; forwarders leave.
    void stop();
    /// Does a program run?
    [[nodiscard]] bool running() const;
    /// Programs end at once.
    void kill();

private:
    asio::any_io_executor ex_;
    std::shared_ptr<core> core_;
    metrics::registry& metrics_;
    std::vector<std::pair<child_settings, std::shared_ptr<child>>> children_;
    std::vector<std::pair<forwarder_settings, std::shared_ptr<forwarder>>> forwarders_;
};

}  // namespace cerro::router
