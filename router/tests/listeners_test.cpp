// What listeners do with those who come: one port for all protocols, TLS, limits, the wrong port.

#include "support.hpp"
#include <cerro/testing/certificates.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
using namespace std::string_literals;

namespace {

constexpr auto anonymous = "'auth':{'anonymous':{'type':'static','role':'agent'}}";

std::string universal(std::string const& endpoint = "'type':'tcp','port':0,'interface':'127.0.0.1'")
{
    return "{'type':'universal','endpoint':{" + endpoint + "},'rawsocket':{" + anonymous +
           "},'websocket':{'ws':{" + anonymous + "}},'web':{'paths':{'info':{'type':'nodeinfo'}}}}";
}

struct running_router {
    asio::io_context io{1};
    metrics::registry metrics;
    std::shared_ptr<instance> router;

    running_router(std::string const& transports, std::string const& cerro = "{}")
    {
        auto s = parse_settings(site(transports, cerro), "config.json");
        if (!s) {
            FAIL(s.error().what);
        }
        router = instance::start(io.get_executor(), std::move(*s), metrics);
    }
    ~running_router()
    {
        router->stop();
        router.reset();
        io.restart();
        io.poll();
    }
    std::uint64_t refused(std::string const& reason)
    {
        return metrics.make_counter("cerro_router_connections_refused_total", "", "reason=\"" + reason + "\"")
            .value();
    }
    std::string at(std::string const& scheme, std::string const& path = "")
    {
        return scheme + "://127.0.0.1:" + std::to_string(router->listeners().at(0).port) + path;
    }
    /// Sends octets and waits for the end of the connection.
    void knock(std::string const& octets)
    {
        asio::ip::tcp::socket s(io);
        s.connect({asio::ip::make_address("127.0.0.1"), router->listeners().at(0).port});
        asio::write(s, asio::buffer(octets));
        bool ended = false;
        char octet = 0;
        s.async_read_some(asio::buffer(&octet, 1), [&](auto ec, auto) { ended = bool(ec); });
        CHECK(run_until(io, [&] { return ended; }));
    }
    void joins(transport::connect_options o)
    {
        auto const c = client::connect(io, std::move(o));
        c->say("[1,'realm1',{'roles':{'caller':{}}}]");
        REQUIRE(run_until(io, [&] { return !c->inbox.empty(); }));
        CHECK(c->next().at(0)->as_int() == 2);
    }
    void joins(std::string url)
    {
        transport::connect_options o;
        o.url = std::move(url);
        joins(o);
    }
};

}  // namespace

TEST_CASE("universal: RawSocket, WebSocket and HTTP clients on one port; others are turned away and counted")
{
    running_router r(universal());
    CHECK(r.router->listeners().at(0).transport == "universal");
    r.joins(r.at("rs"));
    r.joins(r.at("ws", "/ws"));
    auto const page = run(r.io, http::fetch("GET", r.at("http", "/info"), {}, {}, 5s));
    REQUIRE(page.has_value());
    CHECK(page->status == 200);
    r.knock("\x10\x0c\0\4MQTT"s);
    r.knock("\x16\3\1\2\0\1\0\1"s);
    CHECK(r.refused("handshake_failed") == 2);
    CHECK(r.refused("tls_failed") == 0);
}

TEST_CASE("universal: the same over TLS, and for a client that sends its first octets one by one")
{
    cerro::testing::certificate_maker made;
    auto const pair = made.self_signed("server", {"server", {"IP:127.0.0.1"}});
    running_router r(universal("'type':'tcp','port':0,'interface':'127.0.0.1','tls':{'key':'" + pair.key +
                               "','certificate':'" + pair.certificate + "'}"));
    transport::connect_options o;
    o.tls.ca_file = pair.certificate;
    for (auto const& url : {r.at("rss"), r.at("wss", "/ws")}) {
        o.url = url;
        r.joins(o);
    }
    r.knock("GET / HTTP/1.1\r\n\r\n");
    CHECK(run_until(r.io, [&] { return r.refused("tls_failed") == 1; }));
}

TEST_CASE("listeners: a RawSocket port has no ear for HTTP, a web port none for RawSocket")
{
    {
        running_router r(rawsocket);
        r.knock("GET / HTTP/1.1\r\n\r\n");
        CHECK(r.refused("handshake_failed") == 1);
        r.joins(r.at("rs"));
    }
    running_router r(web);
    r.knock("\x7f\xf2\0\0"s);
    CHECK(r.refused("handshake_failed") == 1);
    r.joins(r.at("ws", "/ws"));
}

TEST_CASE("listeners: a handshake that does not come is counted as late")
{
    running_router r(rawsocket, "{'limits':{'handshake_timeout':'50ms'}}");
    r.knock("\x7f"s);
    CHECK(run_until(r.io, [&] { return r.refused("handshake_timeout") == 1; }));
    CHECK(r.refused("handshake_failed") == 0);
}

TEST_CASE("listeners: limits hold for all listeners of the process together")
{
    running_router r(std::string(rawsocket) + "," + rawsocket, "{'limits':{'max_connections':2}}");
    auto const to = [&](std::size_t i) {
        return "rs://127.0.0.1:" + std::to_string(r.router->listeners().at(i).port);
    };
    auto const first = client::connect(r.io, to(0));
    auto const second = client::connect(r.io, to(1));
    transport::connect_options o;
    o.url = to(0);
    CHECK(run(r.io, transport::connect(o)).has_error());
    CHECK(r.refused("max_connections") == 1);
}

TEST_CASE("listeners: connections of one address, also of this host where that is wanted")
{
    running_router r(rawsocket, "{'limits':{'connections_per_address':1,'limit_loopback':true}}");
    auto const first = client::connect(r.io, r.at("rs"));
    transport::connect_options o;
    o.url = r.at("rs");
    CHECK(run(r.io, transport::connect(o)).has_error());
    CHECK(r.refused("connections_per_address") == 1);
}
