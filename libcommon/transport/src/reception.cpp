#include "reception.hpp"

#include "proxy_header.hpp"
#include <cerro/transport/recognise.hpp>

namespace cerro::transport {

namespace {

using milliseconds = std::chrono::milliseconds;

/// Exactly so many octets: what follows belongs to TLS or the stream.
asio::awaitable<error_code> read_exactly(tcp_socket& socket, bytes& into, std::size_t count)
{
    into.resize(count);
    std::size_t got = 0;
    while (got != count) {
        auto const rest = asio::buffer(into.data() + got, count - got);
        auto [ec, n] = co_await socket.async_read_some(rest, as_result);
        if (ec) {
            co_return ec;
        }
        got += n;
    }
    co_return error_code();
}

/// The peer's address behind the proxy, or nothing when the proxy speaks for itself.
asio::awaitable<result<std::optional<proxy::source>>> read_proxy_header(tcp_socket& socket,
                                                                        milliseconds timeout)
{
    time_limit const limit(socket.get_executor(), timeout, [&socket] {
        error_code ignored;
        socket.close(ignored);
    });
    bytes octets;
    auto failed = co_await read_exactly(socket, octets, proxy::fixed_size);
    auto fixed = result<proxy::fixed_part>(fail(errc::closed, "no PROXY header came"));
    if (!failed) {
        fixed = proxy::parse_fixed(octets);
        if (!fixed) {
            co_return fail(fixed.error().code,
                           fixed.error().what + " but " + std::string(describe(recognise(octets))));
        }
        failed = co_await read_exactly(socket, octets, fixed->rest);
    }
    if (failed) {
        std::string const what = limit.expired()
                                     ? "it did not come in " + std::to_string(timeout.count()) + " ms"
                                     : failed.message();
        co_return fail(limit.expired() ? errc::timed_out : errc::closed, "PROXY header: " + what);
    }
    co_return proxy::parse_rest(*fixed, octets);
}

}  // namespace

asio::awaitable<result<std::shared_ptr<io_stream>>> receive(tcp_socket socket,
                                                            arrival from,
                                                            std::shared_ptr<admission> gate,
                                                            std::shared_ptr<networks const> proxies,
                                                            std::shared_ptr<asio::ssl::context> tls,
                                                            milliseconds timeout,
                                                            std::shared_ptr<entry_refusal> why)
{
    if (proxies) {
        *why = entry_refusal::proxy_refused;
        error_code ec;
        auto const end = socket.remote_endpoint(ec);
        if (ec || !proxies->contains(address_of(end))) {
            co_return fail(errc::refused, from.peer + " is no trusted proxy");
        }
        auto const source = co_await read_proxy_header(socket, timeout);
        if (!source) {
            co_return fail(source.error().code, from.peer + ": " + source.error().what);
        }
        if (*source) {
            auto const& behind = **source;
            auto const text = behind.address.text();
            bool const v6 = text.find(':') != std::string::npos;
            from.peer = (v6 ? "[" + text + "]:" : text + ":") + std::to_string(behind.port);
            if (!gate->enter_as(from.ticket, behind.address, admission::clock::now(), *why)) {
                co_return fail(errc::refused, from.peer + ": " + std::string(name(*why)));
            }
        }
    }
    if (!tls) {
        co_return make_stream(std::move(socket), std::move(from));
    }
    auto const peer = from.peer;
    auto made = co_await tls_accept(std::move(socket), std::move(from), std::move(tls), timeout);
    if (!made) {
        *why = made.error().code == errc::timed_out ? entry_refusal::tls_timeout : entry_refusal::tls_failed;
        co_return fail(made.error().code, peer + ": " + made.error().what);
    }
    co_return made;
}

}  // namespace cerro::transport
