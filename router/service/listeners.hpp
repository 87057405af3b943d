#pragma once

/// @file
/// Where the router listens, and what becomes of a connection until it carries WAMP or HTTP.

#include <cerro/http/server.hpp>
#include <cerro/metrics/registry.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/transport/stream.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
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
    /// @param metrics must live as long as the io_context runs
    listeners(asio::any_io_executor ex, settings const& s, metrics::registry& metrics, listener_owner owner);

    /// Listens; connections come as soon as the io_context runs.
    /// @throws failure as transport::listen and transport::make_server_tls do
    void open(listener_settings const& l);
    /// Something else that listens, and is to be told of.
    void add(listening l)
    {
        others_.push_back(std::move(l));
        tell_all();
    }
    [[nodiscard]] std::vector<listening> const& all() const { return listening_; }

    /// A change of what is listened to, ready to be made.
    class change;
    /// Opens the listeners that are new and reads certificates and keys; nothing has changed as yet.
    /// @param restart gets the name of each listener that can only change by a restart
    /// @throws failure as open() does; then nothing has changed
    [[nodiscard]] std::shared_ptr<change> prepare(std::vector<listener_settings> const& wanted,
                                                  std::vector<std::string>& restart);
    /// Listeners that are not wanted any more take no new connections; those that stay keep theirs, and new
    /// connections find the new settings, paths and certificates.
    void commit(std::shared_ptr<change> c);

    /// An upgrade request at a WebSocket path.
    void upgrade(std::shared_ptr<transport::stream> stream, bytes head, bytes rest, wamp_settings const& w);

    /// Takes no new connections; HTTP requests that are open are still answered.
    void stop_listening();
    void stop();
    [[nodiscard]] bool requests_open() const;
    [[nodiscard]] transport::admission& gate() { return *gate_; }
    [[nodiscard]] transport::backlog const& backlog() const { return *backlog_; }

private:
    struct place;
    /// Listens; the place has no routes and is in no list as yet.
    [[nodiscard]] std::shared_ptr<place> make_place(listener_settings const& l);
    void adopt(std::shared_ptr<place> p);
    void tell_all();
    transport::listen_options options(endpoint_settings const& e) const;
    transport::accept_options accept_settings(wamp_settings const& w) const;
    void count_refusals(metrics::registry& metrics);
    static asio::awaitable<void> sort_out(std::shared_ptr<listeners> self,
                                          std::shared_ptr<place const> at,
                                          std::shared_ptr<transport::stream> stream);
    static asio::awaitable<void> accept_web(std::shared_ptr<listeners> self,
                                            std::shared_ptr<transport::stream> stream,
                                            bytes head,
                                            bytes rest,
                                            wamp_settings w);
    void take(result<std::shared_ptr<transport::channel>> channel,
              wamp_settings const& w,
              std::string const& peer,
              std::string cookie = {});
    void refuse(std::string const& peer, std::string_view what, bool late);

    asio::any_io_executor ex_;
    settings const& settings_;
    listener_owner owner_;
    std::shared_ptr<transport::admission> gate_;
    std::shared_ptr<transport::backlog> backlog_;
    metrics::counter& handshakes_wrong_;
    metrics::counter& handshakes_late_;
    std::vector<std::shared_ptr<place>> places_;
    std::vector<std::shared_ptr<place>> closed_;  // take no new connections; present ones go on
    std::vector<listening> listening_;
    std::vector<listening> others_;  // not ours: the admin API
};

}  // namespace cerro::router
