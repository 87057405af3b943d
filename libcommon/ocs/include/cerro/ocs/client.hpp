#pragma once

/// @file
/// Requests to an agent over a WAMP session.

#include <cerro/client/session.hpp>
#include <cerro/ocs/reply.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

namespace cerro::ocs {

namespace asio = boost::asio;

/// What an operation request carries besides action and operation.
struct request_options {
    request_options() = default;
    explicit request_options(dict p) : params(std::move(p)) {}

    dict params;
    std::optional<double> timeout;  ///< of action wait [s]: none = for ever, negative = do not wait
    std::string password;           ///< empty = none is sent
    std::optional<std::chrono::milliseconds> call_timeout;  ///< after which we give up ourselves
};

/// One agent, as its clients see it.
class agent_client {
public:
    /// @param address "observatory.fake1"
    agent_client(std::shared_ptr<client::session> session, std::string address)
        : session_(std::move(session)), address_(std::move(address))
    {}

    /// @param action see ocs::action
    /// @return the agent's reply, or the WAMP error; wamp.error.runtime_error also for an answer that is no
    /// reply
    [[nodiscard]] asio::awaitable<client::outcome<reply>> request(std::string action,
                                                                  std::string op,
                                                                  request_options o = request_options());
    /// A management query (see ocs::query); its result, null if the agent does not know it.
    [[nodiscard]] asio::awaitable<client::outcome<value>> query(
        std::string q, std::optional<std::chrono::milliseconds> call_timeout = std::nullopt);
    [[nodiscard]] asio::awaitable<client::outcome<value>> get_api(
        std::optional<std::chrono::milliseconds> call_timeout = std::nullopt);

    [[nodiscard]] std::string const& address() const noexcept { return address_; }

private:
    std::shared_ptr<client::session> session_;
    std::string address_;
};

}  // namespace cerro::ocs
