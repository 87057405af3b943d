#pragma once

/// @file
/// Events of a realm that are posted to web servers, as crossbar's HTTP subscriber does: the body is
/// {"args": [..], "kwargs": {..}}.

#include <cerro/metrics/registry.hpp>
#include <cerro/router/component_settings.hpp>
#include <cerro/router/core.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>

namespace cerro::router {

namespace asio = boost::asio;

/// A member of the realm with subscriptions. Events of one subscription are posted one after the other, in
/// order, and never again: what a web server refuses is counted and lost.
class forwarder {
public:
    /// Joins and subscribes at once. Realm and role exist (settings were checked).
    static std::shared_ptr<forwarder> start(asio::any_io_executor ex,
                                            std::shared_ptr<core> c,
                                            forwarder_settings s,
                                            metrics::registry& metrics);
    virtual ~forwarder() = default;
    /// Leaves the realm; what waits is lost. Idempotent.
    virtual void stop() = 0;
    [[nodiscard]] virtual std::string const& realm_name() const = 0;
    [[nodiscard]] virtual std::string const& role_name() const = 0;
};

}  // namespace cerro::router
