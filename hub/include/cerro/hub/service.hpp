#pragma once

/// @file
/// The hub on the router, and cerro-hub as a function.

#include <cerro/client/session.hpp>
#include <cerro/hub/registry.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace cerro::hub {

/// Registers data_node.add, data_node.subtract and consumer.get_data_node, watches sessions leave, and tells
/// everybody after each join that it has started. Uses the session's on_join.
class service {
public:
    /// Call before session->start(); keep the pointer as long as it shall serve.
    static std::shared_ptr<service> create(boost::asio::any_io_executor ex,
                                           std::shared_ptr<client::session> session,
                                           std::string base);
    virtual ~service() = default;
    [[nodiscard]] virtual registry const& nodes() const = 0;
    /// "" when it serves, else why not; for GET /healthz.
    [[nodiscard]] virtual std::string trouble() const = 0;
    /// Called whenever trouble() may have changed.
    virtual void on_change(std::function<void()> f) = 0;
};

int run(int argc, char const* const* argv);

}  // namespace cerro::hub
