#include "listening_socket.hpp"
#include "reception.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/co_spawn.hpp>

#include <unistd.h>

#include <exception>

namespace cerro::transport {

namespace {

constexpr std::chrono::milliseconds pause_without_descriptors{200};

/// Listeners of one kind differ in the protocol only.
template <class Acceptor>
class listener_on final : public listener, public std::enable_shared_from_this<listener_on<Acceptor>> {
    using protocol = typename Acceptor::protocol_type;
    using socket = asio::basic_stream_socket<protocol, io_executor>;
    static constexpr bool is_unix = std::is_same_v<protocol, unix_protocol>;

public:
    listener_on(Acceptor a, listen_options o, std::function<void(std::shared_ptr<stream>)> f)
        : options_(std::move(o)), on_stream_(std::move(f)), acceptor_(std::move(a))
    {
        if (!options_.gate) {
            admission_limits limits;
            limits.connections = options_.max_connections;
            limits.connections_per_address = limits.connection_rate = admission_limits::none;
            options_.gate = std::make_shared<admission>(limits);
        }
        if constexpr (!is_unix) {
            error_code ignored;  // a socket that listens has an endpoint
            port_ = acceptor_.local_endpoint(ignored).port();
            options_.port = port_;  // as the log tells it
            options_.last_port = 0;
        }
    }

    ~listener_on() override { remove_file(); }

    std::uint16_t port() const override { return port_; }

    void set_tls(std::shared_ptr<asio::ssl::context> context) override
    {
        if (options_.tls && context) {
            options_.tls = std::move(context);
        }
    }

    void stop() override
    {
        error_code ignored;
        acceptor_.close(ignored);
        remove_file();
    }

    void run()
    {
        asio::co_spawn(acceptor_.get_executor(), accept_all(this->shared_from_this()), report("accepting"));
    }

private:
    void remove_file()
    {
        if constexpr (is_unix) {
            if (!removed_) {
                removed_ = true;
                ::unlink(options_.unix_path.c_str());
            }
        }
    }

    static auto report(char const* what)
    {
        return [what](std::exception_ptr e) {
            if (e) {
                try {
                    std::rethrow_exception(e);
                } catch (std::exception const& x) {
                    log::error("transport", "listener_failed", {{"doing", what}, {"error", x.what()}});
                }
            }
        };
    }

    static asio::awaitable<void> accept_all(std::shared_ptr<listener_on> self)
    {
        io_timer pause(self->acceptor_.get_executor());
        while (self->acceptor_.is_open()) {
            socket next(self->acceptor_.get_executor());
            auto [ec] = co_await self->acceptor_.async_accept(next, as_result);
            if (!self->acceptor_.is_open()) {
                co_return;
            }
            bool const passing = ec == asio::error::connection_aborted || ec == asio::error::interrupted;
            if (!ec) {
                self->take(std::move(next));
            } else if (!passing) {
                self->complain(entry_refusal::no_descriptors, ec.message());
                pause.expires_after(pause_without_descriptors);
                [[maybe_unused]] auto [waited] = co_await pause.async_wait(as_result);
            }
        }
    }

    void complain(entry_refusal why, std::string const& text)
    {
        auto& gate = *options_.gate;
        gate.refused(why);
        std::uint64_t suppressed = 0;
        if (complaints_.allow(suppressed)) {
            log::warn("transport",
                      "connection_refused",
                      {{"address", where(options_)},
                       {"reason", name(why)},
                       {"what", text},
                       {"open", gate.open()},
                       {"max_connections", gate.limits().connections},
                       {"suppressed", suppressed}});
        }
    }

    void take(socket s)
    {
        arrival from;
        from.accepted = true;
        from.own_user_timeout = options_.user_timeout.has_value();
        std::optional<host_address> counted;
        if constexpr (!is_unix) {
            error_code gone;
            auto const end = s.remote_endpoint(gone);
            if (gone) {
                return;  // it has closed already
            }
            from.peer = peer_text(end);
            if (!options_.proxies || !options_.proxies->contains(address_of(end))) {
                counted = address_of(end);
            }
        }
        entry_refusal why{};
        auto ticket = options_.gate->enter(counted, admission::clock::now(), why);
        if (!ticket) {
            complain(why, from.peer);
            return;
        }
        from.ticket = std::move(*ticket);
        if constexpr (!is_unix) {
            if (options_.tls || options_.proxies) {
                auto const ex = acceptor_.get_executor();
                asio::co_spawn(ex,
                               prepare(this->shared_from_this(), std::move(s), std::move(from)),
                               report("receiving"));
                return;
            }
        }
        on_stream_(make_stream(std::move(s), std::move(from)));
    }

    static asio::awaitable<void> prepare(std::shared_ptr<listener_on> self, tcp_socket s, arrival from)
    {
        auto const& o = self->options_;
        auto const why = std::make_shared<entry_refusal>();
        auto made =
            co_await receive(std::move(s), std::move(from), o.gate, o.proxies, o.tls, o.tls_timeout, why);
        if (made) {
            self->on_stream_(*made);
        } else {
            self->complain(*why, made.error().what);
        }
    }

    listen_options options_;
    std::function<void(std::shared_ptr<stream>)> on_stream_;
    Acceptor acceptor_;
    std::uint16_t port_ = 0;
    bool removed_ = false;
    log::limiter complaints_;
};

template <class Acceptor>
std::shared_ptr<listener> begin(Acceptor a,
                                listen_options options,
                                std::function<void(std::shared_ptr<stream>)> on_stream)
{
    auto made =
        std::make_shared<listener_on<Acceptor>>(std::move(a), std::move(options), std::move(on_stream));
    made->run();
    return made;
}

}  // namespace

std::shared_ptr<listener> listen(asio::any_io_executor ex,
                                 listen_options options,
                                 std::function<void(std::shared_ptr<stream>)> on_stream)
{
    if (!options.unix_path.empty()) {
        auto door = listen_unix(io_of(ex), options);
        return begin(std::move(door), std::move(options), std::move(on_stream));
    }
    auto door = listen_tcp(io_of(ex), options);
    return begin(std::move(door), std::move(options), std::move(on_stream));
}

}  // namespace cerro::transport
