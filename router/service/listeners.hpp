#pragma once

/// @file
/// Where the router listens, and what becomes of a connection until it carries WAMP or HTTP.

#include <cerro/http/server.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/transport/stream.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

/// What the router does with what its listeners accept. All are called on the listeners' executor.
struct listener_owner {
    /// Puts the routes of this listener into its HTTP server.
    std::function<void(http::server&, listener_settings const&)> furnish;
    /// A channel whose transport handshake is done. `cookie`: the id that its browser has or was given; or
    /// empty.
    std::function<void(std::shared_ptr<transport::channel>, wamp_settings const&, std::string cookie)> take;
    /// A connection that never became one.
    std::function<void(std::string const& peer, std::string_view what)> refused;
};

class listeners : public std::enable_shared_from_this<listeners> {
public:
    /// @param s must outlive this object
    listeners(asio::any_io_executor ex, settings const& s, listener_owner owner);

    /// Listens; connections come as soon as the io_context runs.
    /// @throws failure as transport::listen and transport::make_server_tls do
    void open(listener_settings const& l);
    [[nodiscard]] std::vector<listening> const& all() const { return listening_; }

    /// An upgrade request at a WebSocket path.
    void upgrade(std::shared_ptr<transport::stream> stream, bytes head, bytes rest, wamp_settings const& w);

    /// Takes no new connections; HTTP requests that are open are still answered.
    void stop_listening();
    void stop();
    [[nodiscard]] bool requests_open() const;

private:
    transport::listen_options options(endpoint_settings const& e) const;
    std::uint16_t open_rawsocket(listener_settings const& l);
    std::uint16_t open_web(listener_settings const& l);
    static asio::awaitable<void> accept_raw(std::shared_ptr<listeners> self,
                                            std::shared_ptr<transport::stream> stream,
                                            wamp_settings w);
    static asio::awaitable<void> accept_web(std::shared_ptr<listeners> self,
                                            std::shared_ptr<transport::stream> stream,
                                            bytes head,
                                            bytes rest,
                                            wamp_settings w);
    void take(result<std::shared_ptr<transport::channel>> channel,
              wamp_settings const& w,
              std::string const& peer,
              std::string cookie = {});

    asio::any_io_executor ex_;
    settings const& settings_;
    listener_owner owner_;
    std::vector<std::shared_ptr<transport::listener>> doors_;
    std::vector<std::shared_ptr<http::server>> servers_;
    std::vector<listening> listening_;
};

}  // namespace cerro::router
