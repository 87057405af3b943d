#include "socket_stream.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
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

std::string peer_of(tcp_socket const& s)
{
    error_code ec;
    auto const end = s.remote_endpoint(ec);
    if (ec) {
        return "unknown";
    }
    auto const host = end.address().to_string();
    return (end.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(end.port());
}

std::string peer_of(unix_socket const&)
{
    return "unix";
}

template <class Socket>
class socket_stream final : public io_stream, public std::enable_shared_from_this<socket_stream<Socket>> {
    static constexpr bool tls = std::is_same_v<Socket, tls_socket>;

public:
    socket_stream(Socket socket, std::shared_ptr<void> live, std::shared_ptr<ssl::context> context)
        : context_(std::move(context)),
          socket_(std::move(socket)),
          live_(std::move(live)),
          peer_(peer_of(plain()))
    {
        error_code ec;
        plain().non_blocking(true, ec);
    }

    asio::any_io_executor get_executor() override { return io(); }
    bool is_tls() const override { return tls; }
    std::string peer() const override { return peer_; }
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
                           peer_ + ": nothing came for " + std::to_string(timeout.count()) + " ms");
        }
        if (ec) {
            co_return problem_of(ec, peer_, "reading from");
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
                    peer_ + " did not take our data in " + std::to_string(timeout.count()) + " ms");
            }
            if (ec) {
                co_return problem_of(ec, peer_, "writing to");
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
            set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(t.count()));
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
    std::shared_ptr<void> live_;
    std::string peer_;
    std::unique_ptr<std::array<char, tls_gather>> record_;
    bool closing_ = false;
};

void no_delay(tcp_socket& s)
{
    error_code ignored;  // fails only on a socket that is gone, which the next read tells
    s.set_option(tcp::no_delay(true), ignored);
}

asio::awaitable<error_code> handshake(tls_socket& socket,
                                      ssl::stream_base::handshake_type role,
                                      std::chrono::milliseconds timeout)
{
    time_limit const limit(socket.get_executor(), timeout, [&socket] {
        error_code ignored;
        socket.next_layer().close(ignored);
    });
    auto [ec] = co_await socket.async_handshake(role, as_result);
    co_return limit.expired() ? error_code(asio::error::timed_out) : ec;
}

std::string openssl_reason()
{
    auto const code = ::ERR_get_error();
    char const* const text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
    return text != nullptr ? text : "unknown reason";
}

result<std::shared_ptr<ssl::context>> client_context(tls_options const& o)
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    error_code ec;
    ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(ssl::verify_peer, ec);
    if (o.ca_file.empty()) {
        context->set_default_verify_paths(ec);
    } else {
        context->load_verify_file(o.ca_file, ec);
        if (ec) {
            return fail(errc::invalid_argument, "cannot read the CA file " + o.ca_file + ": " + ec.message());
        }
        // A pinned certificate serves as root although another one issued it.
        ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context->native_handle()),
                                      X509_V_FLAG_PARTIAL_CHAIN);
    }
    if (!o.certificate.empty()) {
        context->use_certificate_chain_file(o.certificate, ec);
        if (ec) {
            return fail(errc::invalid_argument,
                        "cannot read the certificate " + o.certificate + ": " + ec.message());
        }
        context->use_private_key_file(o.key, ssl::context::pem, ec);
        if (ec) {
            return fail(errc::invalid_argument, "cannot read the key " + o.key + ": " + ec.message());
        }
    }
    return context;
}

}  // namespace

std::shared_ptr<io_stream> make_stream(tcp_socket socket, std::shared_ptr<void> live)
{
    no_delay(socket);
    return std::make_shared<socket_stream<tcp_socket>>(std::move(socket), std::move(live), nullptr);
}

std::shared_ptr<io_stream> make_stream(unix_socket socket, std::shared_ptr<void> live)
{
    return std::make_shared<socket_stream<unix_socket>>(std::move(socket), std::move(live), nullptr);
}

asio::awaitable<result<std::shared_ptr<io_stream>>> tls_accept(tcp_socket socket,
                                                               std::shared_ptr<ssl::context> context,
                                                               std::chrono::milliseconds timeout,
                                                               std::shared_ptr<void> live)
{
    no_delay(socket);
    tls_socket secured(std::move(socket), *context);
    auto const ec = co_await handshake(secured, ssl::stream_base::server, timeout);
    if (ec) {
        co_return fail(ec == asio::error::timed_out ? errc::timed_out : errc::refused,
                       "TLS handshake: " + ec.message());
    }
    co_return std::make_shared<socket_stream<tls_socket>>(
        std::move(secured), std::move(live), std::move(context));
}

asio::awaitable<result<std::shared_ptr<io_stream>>> tls_connect(tcp_socket socket,
                                                                std::string host,
                                                                tls_options options,
                                                                std::chrono::milliseconds timeout)
{
    no_delay(socket);
    auto context = client_context(options);
    if (!context) {
        co_return context.error();
    }
    tls_socket secured(std::move(socket), **context);
    error_code literal;
    asio::ip::make_address(host, literal);
    if (literal) {  // server names are names, never addresses
        // Not the macro SSL_set_tlsext_host_name: it has an old-style cast.
        ::SSL_ctrl(
            secured.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
    }
    if (options.verify_host) {
        secured.set_verify_callback(ssl::host_name_verification(host));
    }
    auto const ec = co_await handshake(secured, ssl::stream_base::client, timeout);
    if (ec) {
        auto const verdict = ::SSL_get_verify_result(secured.native_handle());
        std::string text = "TLS handshake: " + ec.message();
        if (verdict != X509_V_OK) {
            text += std::string(" (") + ::X509_verify_cert_error_string(verdict) + ")";
        } else if (ec.category() == asio::error::get_ssl_category() && options.verify_host) {
            text += " (does the certificate name " + host + "?)";
        }
        co_return fail(ec == asio::error::timed_out ? errc::timed_out : errc::refused, text);
    }
    co_return std::make_shared<socket_stream<tls_socket>>(std::move(secured), nullptr, *context);
}

std::shared_ptr<ssl::context> make_server_tls(std::string const& certificate,
                                              std::string const& key,
                                              std::vector<std::string> const& chain)
{
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    auto* const native = context->native_handle();
    ::SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    ::SSL_CTX_set_options(native,
                          SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    error_code ec;
    context->use_certificate_chain_file(certificate, ec);
    if (ec) {
        throw failure("cannot use the TLS certificate " + certificate + ": " + ec.message(), 3);
    }
    context->use_private_key_file(key, ssl::context::pem, ec);
    if (ec) {
        throw failure(
            "cannot use the TLS key " + key + " with the certificate " + certificate + ": " + ec.message(),
            3);
    }
    for (auto const& file : chain) {
        auto* const bio = ::BIO_new_file(file.c_str(), "r");
        auto* const extra = bio != nullptr ? ::PEM_read_bio_X509(bio, nullptr, nullptr, nullptr) : nullptr;
        ::BIO_free(bio);
        if (extra == nullptr || ::SSL_CTX_add_extra_chain_cert(native, extra) != 1) {
            ::X509_free(extra);
            throw failure("cannot use the TLS chain certificate " + file + ": " + openssl_reason(), 3);
        }
    }
    return context;
}

}  // namespace cerro::transport
