#include "socket_stream.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <exception>

namespace cerro::transport {

namespace {

constexpr std::chrono::milliseconds pause_without_descriptors{200};

std::string where(listen_options const& o)
{
    if (!o.unix_path.empty()) {
        return o.unix_path;
    }
    bool const v6 = o.address.find(':') != std::string::npos;
    return (v6 ? "[" + o.address + "]" : o.address) + ":" + std::to_string(o.port);
}

[[noreturn]] void cannot_listen(listen_options const& o, error_code ec)
{
    throw failure("cannot listen on " + where(o) + ": " + ec.message());
}

template <class Protocol>
class listener_on final : public listener, public std::enable_shared_from_this<listener_on<Protocol>> {
    using acceptor = asio::basic_socket_acceptor<Protocol, io_executor>;
    using socket = asio::basic_stream_socket<Protocol, io_executor>;
    static constexpr bool is_unix = std::is_same_v<Protocol, unix_protocol>;

public:
    listener_on(io_executor ex, listen_options o, std::function<void(std::shared_ptr<stream>)> f)
        : options_(std::move(o)),
          on_stream_(std::move(f)),
          acceptor_(ex),
          live_(std::make_shared<std::size_t>(0))
    {
        auto const endpoint = resolve();
        error_code ec;
        acceptor_.open(endpoint.protocol(), ec);
        check(ec);
        if constexpr (is_unix) {
            struct stat old {};
            if (::stat(options_.unix_path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) {
                ::unlink(options_.unix_path.c_str());  // bind says it if that failed
            }
        } else {
            acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
            check(ec);
        }
        acceptor_.bind(endpoint, ec);
        check(ec);
        acceptor_.listen(options_.backlog, ec);
        check(ec);
        if constexpr (!is_unix) {
            port_ = acceptor_.local_endpoint(ec).port();
            check(ec);
        }
    }

    ~listener_on() override { remove_file(); }

    std::uint16_t port() const override { return port_; }

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
    void check(error_code ec) const
    {
        if (ec) {
            cannot_listen(options_, ec);
        }
    }

    typename Protocol::endpoint resolve() const
    {
        if constexpr (is_unix) {
            if (options_.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
                throw failure("the Unix socket path " + options_.unix_path + " is longer than the system's " +
                                  std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " characters",
                              3);
            }
            return {options_.unix_path};
        } else {
            error_code ec;
            auto const address = asio::ip::make_address(options_.address, ec);
            if (ec) {
                throw failure(
                    "cannot listen on \"" + options_.address + "\": this is no IPv4 or IPv6 address", 3);
            }
            return {address, options_.port};
        }
    }

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
            if (ec) {
                self->complain(ec);
                bool const passing = ec == asio::error::connection_aborted || ec == asio::error::interrupted;
                if (!passing) {
                    pause.expires_after(pause_without_descriptors);
                    [[maybe_unused]] auto [waited] = co_await pause.async_wait(as_result);
                }
            } else if (*self->live_ >= self->options_.max_connections) {
                self->complain(asio::error::no_descriptors);
            } else {
                self->take(std::move(next));
            }
        }
    }

    void complain(error_code ec)
    {
        std::uint64_t suppressed = 0;
        if (complaints_.allow(suppressed)) {
            log::warn("transport",
                      "accept_refused",
                      {{"address", where(options_)},
                       {"open", *live_},
                       {"max_connections", options_.max_connections},
                       {"error", ec.message()},
                       {"suppressed", suppressed}});
        }
    }

    void take(socket s)
    {
        ++*live_;
        std::shared_ptr<void> live(nullptr, [count = live_](void*) { --*count; });
        if constexpr (!is_unix) {
            if (options_.tls) {
                auto const ex = acceptor_.get_executor();
                asio::co_spawn(ex,
                               secure(this->shared_from_this(), std::move(s), std::move(live)),
                               report("TLS handshake"));
                return;
            }
        }
        on_stream_(make_stream(std::move(s), std::move(live)));
    }

    static asio::awaitable<void> secure(std::shared_ptr<listener_on> self,
                                        tcp_socket s,
                                        std::shared_ptr<void> live)
    {
        auto const tls = self->options_.tls;
        auto made = co_await tls_accept(std::move(s), tls, self->options_.tls_timeout, std::move(live));
        if (made) {
            self->on_stream_(*made);
            co_return;
        }
        std::uint64_t suppressed = 0;
        if (self->handshakes_.allow(suppressed)) {
            log::warn("transport",
                      "tls_refused",
                      {{"address", where(self->options_)},
                       {"error", made.error().what},
                       {"suppressed", suppressed}});
        }
    }

    listen_options options_;
    std::function<void(std::shared_ptr<stream>)> on_stream_;
    acceptor acceptor_;
    std::shared_ptr<std::size_t> live_;
    std::uint16_t port_ = 0;
    bool removed_ = false;
    log::limiter complaints_;
    log::limiter handshakes_;
};

}  // namespace

std::shared_ptr<listener> listen(asio::any_io_executor ex,
                                 listen_options options,
                                 std::function<void(std::shared_ptr<stream>)> on_stream)
{
    if (!options.unix_path.empty()) {
        auto made =
            std::make_shared<listener_on<unix_protocol>>(io_of(ex), std::move(options), std::move(on_stream));
        made->run();
        return made;
    }
    auto made = std::make_shared<listener_on<tcp>>(io_of(ex), std::move(options), std::move(on_stream));
    made->run();
    return made;
}

}  // namespace cerro::transport
