#pragma once

/// @file
/// The admin API: a listener of its own, apart from clients, that shows what the router is and does.

#include "router_view.hpp"
#include <cerro/http/server.hpp>

#include <memory>
#include <string>

namespace cerro::router {

namespace asio = boost::asio;

/// Who may ask, and for what.
///
/// With a token, requests must show it ("Authorization: Bearer ..."), but for /healthz. Without one, the
/// request's Host must be a name of this host itself, so that no page of the web can ask in a browser's name
/// (DNS rebinding). What changes something is refused to pages of other origins in both cases.
class admin_guard {
public:
    explicit admin_guard(std::string token) : token_(std::move(token)) {}

    /// 0: it may; else the HTTP status of the refusal, with `why` in words.
    [[nodiscard]] int refuses(http::request const& r, std::string& why) const;

private:
    std::string token_;
};

class admin {
public:
    /// @param registry must live as long as the loop runs
    /// @throws failure: a port in use (exit code 1), a token that cannot be read or is too short (3)
    static std::unique_ptr<admin> start(asio::any_io_executor ex,
                                        admin_settings const& s,
                                        std::weak_ptr<router_view const> r,
                                        metrics::registry& registry);
    virtual ~admin() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    virtual void stop() = 0;
};

}  // namespace cerro::router
