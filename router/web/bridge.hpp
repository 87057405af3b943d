#pragma once

/// @file
/// HTTP requests as calls and publications of a member of a realm (wamp protocol, 11).

#include <cerro/router/core.hpp>
#include <cerro/router/own_caller.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cerro::router {

namespace asio = boost::asio;

/// One member of a realm, for all requests to a path. Shared by its handlers: it leaves the realm when the
/// last one ends, or at stop().
class bridge : public std::enable_shared_from_this<bridge> {
public:
    /// Realm and role exist (settings were checked).
    bridge(asio::any_io_executor ex,
           std::shared_ptr<core> c,
           std::string const& realm_name,
           std::string const& role_name);
    ~bridge();
    bridge(bridge const&) = delete;
    bridge& operator=(bridge const&) = delete;

    /// Ends with the outcome, however long that takes. When the coroutine is cancelled, because the HTTP
    /// client has gone, the call is cancelled too, and the wait throws operation_aborted.
    static asio::awaitable<own_outcome> call(std::shared_ptr<bridge> self,
                                             std::string procedure,
                                             list args,
                                             dict kwargs);
    /// Acknowledged: the outcome has the publication's id as its only argument.
    static asio::awaitable<own_outcome> publish(
        std::shared_ptr<bridge> self, std::string topic, list args, dict kwargs, dict options);
    /// Leaves the realm; open requests, and later ones, have the outcome wamp.error.canceled.
    void stop();
    [[nodiscard]] std::string const& realm_name() const { return realm_; }
    [[nodiscard]] std::string const& role_name() const { return role_; }
    [[nodiscard]] wall_time now() const;

private:
    struct wait;

    std::shared_ptr<wait> begin();
    static asio::awaitable<own_outcome> outcome_of(std::shared_ptr<bridge> self, std::shared_ptr<wait> w);

    asio::any_io_executor ex_;
    std::shared_ptr<core> core_;
    std::string realm_;
    std::string role_;
    std::unique_ptr<own_caller> member_;  // none after stop()
    std::vector<std::weak_ptr<wait>> open_;
};

}  // namespace cerro::router
