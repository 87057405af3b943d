#include "rawsocket_handshake.hpp"
#include "socket_stream.hpp"
#include "subprotocol.hpp"
#include "websocket_client.hpp"

#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>

namespace cerro::transport {

namespace {

using milliseconds = std::chrono::milliseconds;

/// A transport url, taken apart.
struct target {
    bool websocket = false;
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    std::string unix_path;  ///< not empty: a Unix socket
    std::string path = "/";
    std::string host_header;
};

result<target> parse_target(std::string const& text)
{
    auto const refuse = [&text](std::string const& why) {
        return fail(
            errc::invalid_argument,
            "\"" + text + "\": " + why +
                " (ws://host:port/path, wss://, rs://host:port, rss://, rs+unix:/path or ws+unix:/path)");
    };
    auto const url = boost::urls::parse_uri(text);
    if (!url) {
        return refuse("this is no URL");
    }
    std::string const scheme(url->scheme());
    target t;
    t.websocket = scheme.starts_with("ws");
    t.tls = scheme == "wss" || scheme == "rss";
    if (scheme == "rs+unix" || scheme == "ws+unix") {
        t.unix_path = url->path();
        t.host_header = "localhost";
        if (t.unix_path.empty()) {
            return refuse("the path of the Unix socket is missing");
        }
        return t;
    }
    if (scheme != "ws" && scheme != "wss" && scheme != "rs" && scheme != "rss") {
        return refuse("unknown scheme " + scheme);
    }
    t.host = url->host_address();
    if (t.host.empty()) {
        return refuse("the host is missing");
    }
    std::string const port(url->port());
    if (port.empty() && t.websocket) {
        t.port = t.tls ? 443 : 80;
    } else {
        auto const [end, ec] = std::from_chars(port.data(), port.data() + port.size(), t.port);
        if (ec != std::errc() || t.port == 0) {
            return refuse(port.empty() ? "the port is missing" : "the port must be 1 to 65535");
        }
    }
    t.host_header = std::string(url->encoded_host()) + ":" + std::to_string(t.port);
    if (!url->encoded_path().empty()) {
        t.path = std::string(url->encoded_path());
    }
    if (url->has_query()) {
        t.path += "?" + std::string(url->encoded_query());
    }
    return t;
}

template <class Socket, class Endpoint>
asio::awaitable<error_code> connect_socket(Socket& socket, Endpoint endpoint, milliseconds timeout)
{
    time_limit const limit(socket.get_executor(), timeout, [&socket] {
        error_code ignored;
        socket.close(ignored);
    });
    auto [ec] = co_await socket.async_connect(endpoint, as_result);
    co_return limit.expired() ? error_code(asio::error::timed_out) : ec;
}

/// A look-up of a name that nobody may be waiting for any more: getaddrinfo cannot be interrupted.
struct lookup {
    explicit lookup(io_executor ex) : resolver(ex), timer(ex) {}
    asio::ip::basic_resolver<tcp, io_executor> resolver;
    io_timer timer;
    bool done = false;
    error_code ec;
    std::vector<tcp::endpoint> found;
};

asio::awaitable<result<std::vector<tcp::endpoint>>> resolve(io_executor ex,
                                                            std::string host,
                                                            std::uint16_t port,
                                                            milliseconds timeout)
{
    std::vector<tcp::endpoint> out;
    error_code literal;
    auto const address = asio::ip::make_address(host, literal);
    if (!literal) {
        out.emplace_back(address, port);
        co_return out;
    }
    auto const l = std::make_shared<lookup>(ex);
    l->resolver.async_resolve(host, std::to_string(port), [l](error_code ec, auto const& found) {
        l->done = true;
        l->ec = ec;
        for (auto const& entry : found) {
            l->found.push_back(entry.endpoint());
        }
        l->timer.cancel();
    });
    l->timer.expires_after(timeout);
    [[maybe_unused]] auto [expired] = co_await l->timer.async_wait(as_result);
    if (!l->done) {
        l->resolver.cancel();
        co_return fail(errc::timed_out,
                       "no address of " + host + " from the name servers within " +
                           std::to_string(timeout.count()) + " ms");
    }
    if (l->ec) {
        co_return fail(errc::not_found, "cannot find the address of " + host + ": " + l->ec.message());
    }
    co_return std::move(l->found);
}

asio::awaitable<result<std::shared_ptr<io_stream>>> open_unix(io_executor ex,
                                                              std::string path,
                                                              milliseconds timeout)
{
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        co_return fail(errc::invalid_argument, "the path of the Unix socket is too long");
    }
    unix_socket socket(ex);
    unix_protocol::endpoint const endpoint(path);
    auto const ec = co_await connect_socket(socket, endpoint, timeout);
    if (ec) {
        co_return fail(errc::refused, ec.message());
    }
    co_return make_stream(std::move(socket), arrival());
}

asio::awaitable<result<std::shared_ptr<io_stream>>> open_tcp(io_executor ex,
                                                             target t,
                                                             tls_options tls,
                                                             milliseconds timeout)
{
    auto const endpoints = co_await resolve(ex, t.host, t.port, timeout);
    if (!endpoints) {
        co_return endpoints.error();
    }
    error_code last = asio::error::host_not_found;
    for (auto const& endpoint : *endpoints) {
        tcp_socket socket(ex);
        last = co_await connect_socket(socket, endpoint, timeout);
        if (!last) {
            if (t.tls) {
                auto made = co_await tls_connect(std::move(socket), t.host, tls, timeout);
                co_return made;
            }
            auto from = called(socket);
            co_return make_stream(std::move(socket), std::move(from));
        }
    }
    co_return fail(last == asio::error::timed_out ? errc::timed_out : errc::refused, last.message());
}

std::vector<std::string> offer_of(connect_options const& o)
{
    if (!o.subprotocols.empty()) {
        return o.subprotocols;
    }
    std::vector<std::string> offer;
    for (auto const s : o.serializers) {
        if (s != codec::serializer::json) {  // peers disagree on the separator of batched JSON
            offer.push_back(name(subprotocol{s, true}));
        }
        offer.push_back(name(subprotocol{s, false}));
    }
    return offer;
}

asio::awaitable<result<std::shared_ptr<channel>>> connect_to(connect_options o, target t)
{
    auto const ex = io_of(co_await asio::this_coro::executor);
    result<std::shared_ptr<io_stream>> opened = fail(errc::closed, "");
    if (!t.unix_path.empty()) {
        opened = co_await open_unix(ex, t.unix_path, o.connect_timeout);
    } else {
        opened = co_await open_tcp(ex, t, o.tls, o.connect_timeout);
    }
    if (!opened) {
        co_return opened.error();
    }
    if (t.websocket) {
        auto const offer = offer_of(o);
        auto made = co_await connect_websocket(*opened, t.host_header, t.path, offer, o.lim);
        co_return made;
    }
    auto made = co_await connect_rawsocket(*opened, o.serializers.front(), o.lim);
    co_return made;
}

}  // namespace

asio::awaitable<result<std::shared_ptr<channel>>> connect(connect_options options)
{
    auto const t = parse_target(options.url);
    if (!t) {
        co_return t.error();
    }
    if (options.serializers.empty()) {
        co_return fail(errc::invalid_argument, options.url + ": no serializer to offer");
    }
    auto made = co_await connect_to(options, *t);
    if (!made) {
        co_return fail(made.error().code, "cannot connect to " + options.url + ": " + made.error().what);
    }
    co_return made;
}

asio::awaitable<result<std::shared_ptr<stream>>> connect_stream(std::string host,
                                                                std::uint16_t port,
                                                                std::optional<tls_options> tls,
                                                                milliseconds timeout)
{
    auto const ex = io_of(co_await asio::this_coro::executor);
    target t;
    t.host = std::move(host);
    t.port = port;
    t.tls = tls.has_value();
    tls_options const security = tls.value_or(tls_options());
    auto opened = co_await open_tcp(ex, t, security, timeout);
    if (!opened) {
        co_return fail(
            opened.error().code,
            "cannot connect to " + t.host + ":" + std::to_string(t.port) + ": " + opened.error().what);
    }
    std::shared_ptr<stream> made = *opened;
    co_return made;
}

}  // namespace cerro::transport
