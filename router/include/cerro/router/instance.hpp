#pragma once

/// @file
/// A running router: listeners, connections and the core, on one single-threaded io_context. Tests start one
/// in-process.

#include <cerro/metrics/registry.hpp>
#include <cerro/router/settings.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

namespace asio = boost::asio;

/// Where the router listens.
struct listening {
    std::string transport;   ///< "web", "websocket", "rawsocket", "admin"
    std::string address;     ///< "127.0.0.1", or the path of a Unix socket
    std::uint16_t port = 0;  ///< as the system gave it; 0 for a Unix socket
};

class instance {
public:
    /// Listens at once; serves as soon as the io_context runs.
    /// @param metrics must live as long as the io_context runs
    /// @throws failure: a port in use (exit code 1), a certificate that cannot be read (3)
    static std::shared_ptr<instance> start(asio::any_io_executor ex, settings s, metrics::registry& metrics);

    virtual ~instance() = default;
    [[nodiscard]] virtual std::vector<listening> const& listeners() const = 0;
    /// The port of the first listener of that transport; 0 if there is none.
    [[nodiscard]] std::uint16_t port(std::string_view transport) const;
    /// Sessions of all realms.
    [[nodiscard]] virtual std::size_t session_count() const = 0;
    /// What is wrong with it, for /healthz (a history that cannot be written, draining); empty: nothing.
    [[nodiscard]] virtual std::string trouble() const = 0;
    /// Files that are only appended to are opened anew by their names (log rotation).
    virtual void reopen_logs() = 0;
    /// Applies a configuration that was read and found right: all of it, or nothing.
    ///
    /// Present sessions stay: new permissions hold for their next requests, new limits at once; what is about
    /// joining (authentication) and about connections (transport limits, certificates, origins) for those to
    /// come. Sessions whose realm or role is gone get GOODBYE wamp.close.close_realm. A listener that is gone
    /// takes no new connections, but its sessions go on.
    /// @return what holds only after a restart, by its place in the file
    /// @throws failure (a port in use, a certificate that cannot be read); nothing has changed then
    virtual std::vector<std::string> reload(settings s) = 0;
    /// Stops listening, says GOODBYE to all, waits for them at most `drain_time`, then closes what is left.
    virtual asio::awaitable<void> drain() = 0;
    /// Ends at once: closes all listeners and connections. Idempotent.
    virtual void stop() = 0;
};

}  // namespace cerro::router
