#include "socket_stream.hpp"

#include "tls_context.hpp"
#include "tls_facts.hpp"
#include <cerro/transport/recognise.hpp>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

namespace cerro::transport {

namespace ssl = asio::ssl;

io_executor io_of(asio::any_io_executor const& ex)
{
    auto& context = asio::query(ex, asio::execution::context);
    return static_cast<asio::io_context&>(context).get_executor();
}

namespace {

using tls_socket = ssl::stream<tcp_socket>;

/// One TLS record; what is gathered for it is copied once.
constexpr std::size_t tls_gather = 16U * 1024U;
constexpr std::chrono::milliseconds tls_goodbye{1'000};

struct forward {
    std::shared_ptr<completion> done;
    void operator()(error_code ec, std::size_t n) const { done->complete(ec, n); }
    void operator()(error_code ec) const { done->complete(ec, 0); }
};

problem problem_of(error_code ec, std::string const& peer, char const* doing)
{
    if (ec == asio::error::eof || ec == ssl::error::stream_truncated ||
        ec == asio::error::operation_aborted) {
        return fail(errc::closed, peer + " closed the connection");
    }
    return fail(errc::io, std::string(doing) + " " + peer + ": " + ec.message());
}

template <class Socket>
class socket_stream final : public io_stream, public std::enable_shared_from_this<socket_stream<Socket>> {
    static constexpr bool tls = std::is_same_v<Socket, tls_socket>;

public:
    socket_stream(Socket socket, arrival from, std::shared_ptr<ssl::context> context)
        : context_(std::move(context)), socket_(std::move(socket)), from_(std::move(from))
    {
        error_code ec;
        plain().non_blocking(true, ec);
    }

    asio::any_io_executor get_executor() override { return io(); }
    bool is_tls() const override { return tls; }
    std::string peer() const override { return from_.peer; }
    void describe(channel_info& info) const override
    {
        info.tls = tls;
        info.peer = from_.peer;
        if constexpr (tls) {
            describe_tls(const_cast<Socket&>(socket_).native_handle(), from_.accepted, info);
        }
    }
    io_executor io() const override { return const_cast<Socket&>(socket_).get_executor(); }

    asio::awaitable<result<std::size_t>> read_some(std::span<char> into,
                                                   std::chrono::milliseconds timeout) override
    {
        auto const self = this->shared_from_this();
        time_limit const limit(io(), timeout, [this] { cancel(); });
        auto const buffer = asio::buffer(into.data(), into.size());
        auto [ec, n] = co_await socket_.async_read_some(buffer, as_result);
        if (limit.expired()) {
            co_return fail(errc::timed_out,
                           from_.peer + ": nothing came for " + std::to_string(timeout.count()) + " ms");
        }
        if (ec) {
            co_return problem_of(ec, from_.peer, "reading from");
        }
        co_return n;
    }

    asio::awaitable<result<void>> write(byte_view data, std::chrono::milliseconds timeout) override
    {
        auto const self = this->shared_from_this();
        time_limit const limit(io(), timeout, [this] { cancel(); });
        while (!data.empty()) {
            auto const buffer = asio::buffer(data.data(), data.size());
            auto [ec, n] = co_await socket_.async_write_some(buffer, as_result);
            if (limit.expired()) {
                co_return fail(
                    errc::timed_out,
                    from_.peer + " did not take our data in " + std::to_string(timeout.count()) + " ms");
            }
            if (ec) {
                co_return problem_of(ec, from_.peer, "writing to");
            }
            data.remove_prefix(n);
        }
        co_return result<void>();
    }

    void close() override
    {
        if (closing_) {
            return;
        }
        closing_ = true;
        if constexpr (tls) {
            auto const self = this->shared_from_this();
            auto const limit = std::make_shared<time_limit>(io(), tls_goodbye, [self] { self->abort(); });
            socket_.async_shutdown([self, limit](error_code) { self->abort(); });
        } else {
            error_code ignored;  // the peer may have gone already
            plain().shutdown(asio::socket_base::shutdown_both, ignored);
            plain().close(ignored);
        }
    }

    void start_read(asio::mutable_buffer into, std::shared_ptr<completion> done) override
    {
        socket_.async_read_some(into, forward{std::move(done)});
    }

    std::size_t try_write(buffer_list data, error_code& ec) override
    {
        if constexpr (tls) {
            ec = asio::error::would_block;
            return 0;
        } else {
            return socket_.write_some(data, ec);
        }
    }

    void start_write(buffer_list data, std::shared_ptr<completion> done) override
    {
        if constexpr (tls) {
            socket_.async_write_some(gather(data), forward{std::move(done)});
        } else {
            socket_.async_wait(asio::socket_base::wait_write, forward{std::move(done)});
        }
    }

    void shutdown_send() override
    {
        if constexpr (tls) {
            if (!closing_) {
                closing_ = true;
                socket_.async_shutdown([self = this->shared_from_this()](error_code) {
                    error_code ignored;
                    self->plain().shutdown(asio::socket_base::shutdown_send, ignored);
                });
            }
        } else {
            error_code ignored;
            plain().shutdown(asio::socket_base::shutdown_send, ignored);
        }
    }

    void abort() override
    {
        closing_ = true;
        error_code ignored;
        plain().close(ignored);
    }

    void set_dead_peer_timeout(std::chrono::milliseconds t) override
    {
        if constexpr (!std::is_same_v<Socket, unix_socket>) {
            auto const set = [fd = plain().native_handle()](int level, int option, int v) {
                ::setsockopt(
                    fd, level, option, &v, sizeof v);  // a kernel without it is only slower to notice
            };
            auto const seconds = std::max(1, static_cast<int>(t.count() / 3'000));
            set(SOL_SOCKET, SO_KEEPALIVE, 1);
            set(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
            set(IPPROTO_TCP, TCP_KEEPINTVL, seconds);
            set(IPPROTO_TCP, TCP_KEEPCNT, 2);
            if (!from_.own_user_timeout) {
                set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(t.count()));
            }
        }
    }

    void allow_delay() override
    {
        if constexpr (!std::is_same_v<Socket, unix_socket>) {
            error_code ignored;  // only slower or faster
            plain().set_option(tcp::no_delay(false), ignored);
        }
    }

private:
    auto& plain()
    {
        if constexpr (tls) {
            return socket_.next_layer();
        } else {
            return socket_;
        }
    }

    void cancel()
    {
        error_code ignored;
        plain().cancel(ignored);
    }

    asio::const_buffer gather(buffer_list data)
    {
        auto const first = *data.begin();
        if (data.end() - data.begin() == 1 || first.size() >= tls_gather) {
            return first;
        }
        if (!record_) {
            record_ = std::make_unique<std::array<char, tls_gather>>();
        }
        std::size_t const n = asio::buffer_copy(asio::buffer(*record_), data);
        return asio::buffer(record_->data(), n);
    }

    std::shared_ptr<ssl::context> context_;  // the TLS stream refers to it
    Socket socket_;
    arrival from_;
    std::unique_ptr<std::array<char, tls_gather>> record_;
    bool closing_ = false;
};

void no_delay(tcp_socket& s)
{
    error_code ignored;  // fails only on a socket that is gone, which the next read tells
    s.set_option(tcp::no_delay(true), ignored);
}

}  // namespace

std::string peer_text(tcp::endpoint const& end)
{
    auto const text = address_of(end).text();
    bool const v6 = text.find(':') != std::string::npos;
    return (v6 ? "[" + text + "]" : text) + ":" + std::to_string(end.port());
}

host_address address_of(tcp::endpoint const& end)
{
    if (end.address().is_v4()) {
        return host_address::from_v4(end.address().to_v4().to_bytes());
    }
    host_address out;
    out.octets = end.address().to_v6().to_bytes();
    return out;
}

arrival called(tcp_socket const& socket)
{
    error_code ec;
    auto const end = socket.remote_endpoint(ec);
    arrival out;
    out.peer = ec ? "unknown" : peer_text(end);
    return out;
}

std::shared_ptr<io_stream> make_stream(tcp_socket socket, arrival from)
{
    no_delay(socket);
    return std::make_shared<socket_stream<tcp_socket>>(std::move(socket), std::move(from), nullptr);
}

std::shared_ptr<io_stream> make_stream(unix_socket socket, arrival from)
{
    from.peer = "unix";
    return std::make_shared<socket_stream<unix_socket>>(std::move(socket), std::move(from), nullptr);
}

asio::awaitable<result<std::shared_ptr<io_stream>>> tls_accept(tcp_socket socket,
                                                               arrival from,
                                                               std::shared_ptr<ssl::context> context,
                                                               std::chrono::milliseconds timeout)
{
    no_delay(socket);
    tls_socket secured(std::move(socket), *context);
    time_limit const limit(secured.get_executor(), timeout, [&secured] {
        error_code ignored;
        secured.next_layer().close(ignored);
    });
    auto [waited] = co_await secured.next_layer().async_wait(asio::socket_base::wait_read, as_result);
    if (!waited) {
        // OpenSSL would wait for octets that a client of another protocol never sends.
        char first[8];
        auto const n =
            ::recv(secured.next_layer().native_handle(), first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
        if (n > 0) {
            byte_view const octets(first, static_cast<std::size_t>(n));
            if (auto const what = recognise(octets); what != spoken::tls) {
                co_return fail(errc::refused, std::string(describe(what)) + " on a TLS port");
            }
        }
    }
    auto [failed] = co_await secured.async_handshake(ssl::stream_base::server, as_result);
    if (limit.expired()) {
        co_return fail(errc::timed_out,
                       "the TLS handshake did not end in " + std::to_string(timeout.count()) + " ms");
    }
    if (failed) {
        co_return fail(errc::refused,
                       "TLS handshake: " + explain_server_handshake(secured.native_handle(), failed));
    }
    from.accepted = true;
    co_return std::make_shared<socket_stream<tls_socket>>(
        std::move(secured), std::move(from), std::move(context));
}

asio::awaitable<result<std::shared_ptr<io_stream>>> tls_connect(tcp_socket socket,
                                                                std::string host,
                                                                tls_options options,
                                                                std::chrono::milliseconds timeout)
{
    no_delay(socket);
    auto context = make_client_tls(options);
    if (!context) {
        co_return context.error();
    }
    auto from = called(socket);
    tls_socket secured(std::move(socket), **context);
    auto* const native = secured.native_handle();
    auto* const rules = ::SSL_get0_param(native);
    error_code literal;
    asio::ip::make_address(host, literal);
    if (literal) {  // server names are names, never addresses
        // Not the macro SSL_set_tlsext_host_name: it has an old-style cast.
        ::SSL_ctrl(native, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
        if (options.verify_host) {
            ::X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size());
        }
    } else if (options.verify_host) {
        ::X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    }
    time_limit const limit(secured.get_executor(), timeout, [&secured] {
        error_code ignored;
        secured.next_layer().close(ignored);
    });
    auto [failed] = co_await secured.async_handshake(ssl::stream_base::client, as_result);
    if (limit.expired()) {
        co_return fail(errc::timed_out,
                       "the TLS handshake did not end in " + std::to_string(timeout.count()) + " ms");
    }
    if (failed) {
        co_return fail(
            errc::refused,
            "TLS handshake: " + explain_client_handshake(native, failed, host, options.verify_host));
    }
    co_return std::make_shared<socket_stream<tls_socket>>(std::move(secured), std::move(from), *context);
}

}  // namespace cerro::transport
