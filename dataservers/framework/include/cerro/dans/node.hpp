#pragma once

/// @file
/// A data node on the router: its two procedures, and its place in the hub's list, kept through whatever
/// dies.

#include <cerro/client/session.hpp>
#include <cerro/dans/api.hpp>

#include <chrono>

namespace cerro::dans {

namespace asio = boost::asio;

struct node_options {
    std::string name;
    std::string description;
    std::string base = std::string(uri::base);
    std::size_t allowance =
        500'000;  ///< largest number of values in one answer; above it, the answer is false
    std::chrono::milliseconds retry{
        2'000};  ///< while the hub does not answer, or says that the name is taken
    std::chrono::milliseconds watch{30'000};  ///< the hub's list is looked at so often: a hub of 2019 tells
                                              ///< nobody that it was restarted
    std::function<double()> now;              ///< unix seconds; empty = the wall clock
};

/// Registers get_fields and get_data, and adds itself to the hub: after each join, when the hub says that it
/// started, when it was not there at first, and when it has forgotten us. Uses the session's on_join and
/// on_leave.
class node {
public:
    /// Call before session->start(). It works until stop(); keep the pointer until then.
    static std::shared_ptr<node> create(asio::any_io_executor ex,
                                        std::shared_ptr<client::session> session,
                                        node_options o,
                                        std::shared_ptr<source> s);
    virtual ~node() = default;
    /// Has the hub taken us into its list, as far as we know?
    [[nodiscard]] virtual bool is_listed() const = 0;
    /// "" when joined and listed, else what is missing; for GET /healthz.
    [[nodiscard]] virtual std::string trouble() const = 0;
    /// Called whenever trouble() may have changed.
    virtual void on_change(std::function<void()> f) = 0;
    /// Leaves the hub's list and the router.
    virtual asio::awaitable<void> stop() = 0;
};

}  // namespace cerro::dans
