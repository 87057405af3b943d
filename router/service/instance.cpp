#include "connection.hpp"
#include "web/caller.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/http/server.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/router/log_text.hpp>
#include <cerro/transport/stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::chrono::milliseconds look_again{10};
constexpr std::chrono::seconds refusal_time{5};  // to write 403
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// For each co_spawn: an exception is a bug of ours, but no reason to end the other sessions.
auto logged(std::string_view task)
{
    return [task](std::exception_ptr const& failed, auto&&...) {
        if (failed) {
            try {
                std::rethrow_exception(failed);
            } catch (std::exception const& e) {
                log::error(component, "task_failed", {{"task", task}, {"what", e.what()}});
            }
        }
    };
}

class running final : public instance, public std::enable_shared_from_this<running> {
public:
    running(asio::any_io_executor ex, settings s, metrics::registry& metrics)
        : ex_(std::move(ex)),
          settings_(std::move(s)),
          shared_(std::make_shared<shared_core>(metrics, auth::random_id())),
          deadline_timer_(ex_),
          all_gone_(ex_)
    {
        auto& env = logic().env();
        env.limits = settings_.sessions;
        env.names = {settings_.node, settings_.worker, static_cast<int>(getpid())};
        env.secret = auth::random_token(32);
        for (auto const& realm : settings_.realms) {
            std::vector<std::shared_ptr<role>> roles;
            for (auto const& [name, permissions] : realm.roles) {
                roles.push_back(std::make_shared<role>(name, permissions));
                roles.back()->set_drop_oldest(
                    std::count(realm.drop_oldest.begin(), realm.drop_oldest.end(), name) != 0);
            }
            logic().add_realm(realm.name, std::move(roles), realm.options);
        }
    }

    ~running() override { stop(); }

    void begin(metrics::registry& metrics)
    {
        // Both reach for this object by a weak pointer: the registry outlives it.
        auto const gauge = [&](std::string_view name, std::string_view help, auto ask) {
            metrics.make_gauge(name, help, [weak = weak_from_this(), ask]() -> double {
                auto const self = weak.lock();
                return self ? static_cast<double>(ask(*self)) : 0.0;
            });
        };
        gauge("cerro_router_sessions", "joined sessions", [](running const& r) { return r.session_count(); });
        gauge("cerro_router_connections", "open connections", [](running const& r) {
            return r.connections_.size();
        });
        gauge("cerro_router_calls_open", "calls sent to a callee and not answered", [](running const& r) {
            std::size_t open = 0;
            for (auto const& realm : r.logic().realms()) {
                open += realm->dealer().calls_open();
            }
            return open;
        });
        logic().env().deadlines.on_earlier([weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->arm();
            }
        });
        for (auto const& l : settings_.listeners) {
            listen(l);
        }
    }

    std::vector<listening> const& listeners() const override { return listening_; }

    std::size_t session_count() const override
    {
        std::size_t n = 0;
        for (auto const& realm : logic().realms()) {
            n += realm->session_count();
        }
        return n - callers_.size();
    }

    asio::awaitable<void> drain() override
    {
        auto const self = shared_from_this();
        stop_listening();
        for (auto* const c : snapshot()) {
            c->session().say_goodbye(wamp::uri::system_shutdown, "the router is shutting down");
        }
        auto const deadline = std::chrono::steady_clock::now() + settings_.drain_time;
        for (;;) {
            auto const now = std::chrono::steady_clock::now();
            bool const answering = requests_open();
            if (now >= deadline || (connections_.empty() && !answering)) {
                break;
            }
            // The last session's end is told; the last HTTP answer is looked for.
            all_gone_.expires_at(connections_.empty() ? std::min(deadline, now + look_again) : deadline);
            [[maybe_unused]] auto const [ec] = co_await all_gone_.async_wait(as_result);
        }
        stop();
    }

    void stop() override
    {
        stop_listening();
        for (auto const& s : std::exchange(servers_, {})) {
            s->stop();
        }
        for (auto* const c : snapshot()) {
            c->cut(transport::close_reason::shutdown);
        }
        deadline_timer_.cancel();
    }

private:
    [[nodiscard]] core& logic() const { return shared_->logic; }

    // --- listening
    // ----------------------------------------------------------------------------------------------

    transport::listen_options options(endpoint_settings const& e) const
    {
        transport::listen_options out;
        out.address = e.address;
        out.port = e.port;
        out.unix_path = e.unix_path;
        out.backlog = e.backlog;
        out.max_connections = settings_.max_connections;
        if (e.tls) {
            out.tls = transport::make_server_tls(e.tls->certificate, e.tls->key, e.tls->chain);
        }
        return out;
    }

    void listen(listener_settings const& l)
    {
        std::uint16_t port = 0;
        if (l.type == listener_settings::kind::rawsocket) {
            auto const raw = transport::listen(
                ex_, options(l.endpoint), [weak = weak_from_this(), w = l.wamp](auto stream) {
                    if (auto const self = weak.lock()) {
                        asio::co_spawn(
                            self->ex_, accept_raw(self, std::move(stream), w), logged("accept_rawsocket"));
                    } else {
                        stream->close();
                    }
                });
            port = raw->port();
            raw_.push_back(raw);
        } else {
            http::server_limits limits;
            auto server = http::server::create(ex_, std::string(component), limits);
            if (l.type == listener_settings::kind::websocket) {
                serve(*server, {"/", l.wamp});
            }
            for (auto const& path : l.paths) {
                serve(*server, path);
            }
            port = server->listen(options(l.endpoint));
            servers_.push_back(std::move(server));
        }
        auto const& e = l.endpoint;
        listening_.push_back(
            {std::string(name(l.type)), e.unix_path.empty() ? e.address : e.unix_path, port});
        log::info(component,
                  "listening",
                  {{"transport", name(l.type)},
                   {"address", listening_.back().address},
                   {"port", port},
                   {"tls", e.tls.has_value()}});
    }

    void serve(http::server& server, path_settings const& p)
    {
        if (auto const* w = std::get_if<wamp_settings>(&p.what)) {
            server.route_upgrade(
                p.path, [weak = weak_from_this(), w = *w](auto stream, bytes head, bytes rest) {
                    if (auto const self = weak.lock()) {
                        asio::co_spawn(
                            self->ex_,
                            accept_web(self, std::move(stream), std::move(head), std::move(rest), w),
                            logged("accept_websocket"));
                    } else {
                        stream->close();
                    }
                });
            server.route("GET", p.path, [](http::request) -> asio::awaitable<http::response> {
                co_return http::response::problem(426, "this is a WAMP router; connect with WebSocket");
            });
        } else if (auto const* c = std::get_if<caller_settings>(&p.what)) {
            callers_.push_back(http_caller::create(ex_, std::shared_ptr<core>(shared_, &shared_->logic), *c));
            server.route("*", p.path, [caller = callers_.back()](http::request r) {
                return caller->handle(std::move(r));
            });
        } else if (auto const* s = std::get_if<static_settings>(&p.what)) {
            server.route_files(p.path == "/" ? p.path : p.path + "/", s->directory);
        } else if (auto const* r = std::get_if<redirect_settings>(&p.what)) {
            server.route("GET", p.path, [url = r->url](http::request) { return redirect(url); });
        }
    }

    static asio::awaitable<http::response> redirect(std::string url)
    {
        auto out = http::response::text("", 302);
        out.headers.emplace_back("Location", std::move(url));
        co_return out;
    }

    static transport::accept_options accept_settings(wamp_settings const& w)
    {
        transport::accept_options out;
        if (!w.serializers.empty()) {
            out.serializers = w.serializers;
        }
        out.batched = w.batched;
        out.lim = w.limits;
        return out;
    }

    static asio::awaitable<void> accept_raw(std::shared_ptr<running> self,
                                            std::shared_ptr<transport::stream> stream,
                                            wamp_settings w)
    {
        auto const peer = stream->peer();
        auto const options = accept_settings(w);
        auto channel = co_await transport::accept_rawsocket(std::move(stream), options);
        self->take(std::move(channel), w, peer);
    }

    static asio::awaitable<void> accept_web(std::shared_ptr<running> self,
                                            std::shared_ptr<transport::stream> stream,
                                            bytes head,
                                            bytes rest,
                                            wamp_settings w)
    {
        auto const peer = stream->peer();
        for (auto const origin : header_values(head, "origin")) {
            if (!w.origins.admits(origin)) {
                self->handshake_failed(peer, "pages of origin '" + std::string(origin) + "' may not connect");
                constexpr byte_view refusal =
                    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                    "Content-Length: 37\r\n\r\nthis origin is not in allowed_origins";
                [[maybe_unused]] auto const written = co_await stream->write(refusal, refusal_time);
                stream->close();
                co_return;
            }
        }
        auto const options = accept_settings(w);
        auto channel = co_await transport::accept_websocket(
            std::move(stream), std::move(head), std::move(rest), options);
        self->take(std::move(channel), w, peer);
    }

    // --- connections
    // --------------------------------------------------------------------------------------------

    void handshake_failed(std::string const& peer, std::string_view what)
    {
        shared_->metrics.handshakes_failed.add();
        if (std::uint64_t suppressed = 0; handshake_limiter_.allow(suppressed)) {
            log::info(component,
                      "handshake_failed",
                      {{"peer", peer}, {"what", log_text(what)}, {"suppressed", suppressed}});
        }
    }

    void take(result<std::shared_ptr<transport::channel>> channel,
              wamp_settings const& w,
              std::string const& peer)
    {
        if (!channel) {
            handshake_failed(peer, channel.error().what);
            return;
        }
        if (draining_) {
            (*channel)->close(transport::close_reason::shutdown);
            return;
        }
        auto const made = std::make_shared<connection>(
            shared_, *channel, w.access, [weak = weak_from_this()](connection& c) {
                if (auto const self = weak.lock()) {
                    self->forget(c);
                }
            });
        connections_.emplace(made.get(), made);
        made->start();
    }

    void forget(connection& c)
    {
        // The connection is still on the stack: its channel holds it until on_closed() has returned.
        connections_.erase(&c);
        if (connections_.empty()) {
            all_gone_.cancel();
        }
    }

    std::vector<connection*> snapshot() const
    {
        std::vector<connection*> out;
        for (auto const& [c, owner] : connections_) {
            out.push_back(c);
        }
        return out;
    }

    void stop_listening()
    {
        draining_ = true;
        for (auto const& c : std::exchange(callers_, {})) {
            c->stop();  // open calls get their answer, which the servers still write
        }
        for (auto const& s : servers_) {
            s->stop_listening();
        }
        for (auto const& l : std::exchange(raw_, {})) {
            l->stop();
        }
    }

    bool requests_open() const
    {
        return std::any_of(
            servers_.begin(), servers_.end(), [](auto const& s) { return s->requests_open() != 0; });
    }

    // --- time
    // ---------------------------------------------------------------------------------------------------

    void arm()
    {
        auto const next = logic().env().deadlines.next();
        if (!next) {
            return;
        }
        deadline_timer_.expires_at(*next);
        deadline_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) {
                self->logic().env().deadlines.run(std::chrono::steady_clock::now());
                self->arm();
            }
        });
    }

    asio::any_io_executor ex_;
    settings settings_;
    std::shared_ptr<shared_core> shared_;
    asio::steady_timer deadline_timer_;
    asio::steady_timer all_gone_;
    std::vector<std::shared_ptr<http::server>> servers_;
    std::vector<std::shared_ptr<transport::listener>> raw_;
    std::vector<std::shared_ptr<http_caller>> callers_;
    std::vector<listening> listening_;
    flat_map<connection*, std::shared_ptr<connection>> connections_;
    log::limiter handshake_limiter_{1.0};
    bool draining_ = false;
};

}  // namespace

std::shared_ptr<instance> instance::start(asio::any_io_executor ex, settings s, metrics::registry& metrics)
{
    for (auto const& w : s.warnings) {
        log::warn(component, "configuration", {{"what", w}});
    }
    auto const made = std::make_shared<running>(std::move(ex), std::move(s), metrics);
    made->begin(metrics);
    return made;
}

std::uint16_t instance::port(std::string_view transport) const
{
    for (auto const& l : listeners()) {
        if (l.transport == transport) {
            return l.port;
        }
    }
    return 0;
}

}  // namespace cerro::router
