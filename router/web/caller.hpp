#pragma once

/// @file
/// The HTTP caller: POST {"procedure", "args", "kwargs"} becomes a CALL (wamp protocol, 11). OCS programs use
/// it as /call.

#include <cerro/http/server.hpp>
#include <cerro/router/core.hpp>
#include <cerro/router/settings.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace cerro::router {

namespace asio = boost::asio;

/// One path with its own member of the realm. Lives as long as its handler is in use.
class http_caller {
public:
    /// Realm and role exist (settings were checked).
    static std::shared_ptr<http_caller> create(asio::any_io_executor ex,
                                               std::shared_ptr<core> c,
                                               caller_settings s);
    virtual ~http_caller() = default;
    /// Answers when the call has ended, however long that takes.
    virtual asio::awaitable<http::response> handle(http::request r) = 0;
    /// Leaves the realm; open requests are answered with wamp.error.canceled.
    virtual void stop() = 0;
};

}  // namespace cerro::router
