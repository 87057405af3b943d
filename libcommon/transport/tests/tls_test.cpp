#include "support.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <catch2/catch.hpp>

#include <fstream>

namespace cerro::transport {

using testing::run;
using testing::run_until;

namespace {

std::string data(std::string const& file)
{
    return std::string(CERRO_TEST_DATA) + "/transport/" + file;
}

listen_options secure()
{
    listen_options o;
    o.tls = make_server_tls(data("server.pem"), data("server.key"));
    return o;
}

connect_options to(std::string url, std::string const& ca)
{
    connect_options o;
    o.url = std::move(url);
    o.tls.ca_file = data(ca);
    return o;
}

std::string outcome(boost::asio::io_context& io, connect_options o)
{
    auto const r = run(io, connect(std::move(o)));
    return r ? "connected" : r.error().what;
}

}  // namespace

TEST_CASE("tls: RawSocket and WebSocket carry messages to a server whose certificate is pinned")
{
    boost::asio::io_context io(1);
    server s(io, secure());
    s.echo = true;
    for (auto const* scheme : {"rss", "wss"}) {
        for (auto const* host : {"localhost", "127.0.0.1"}) {
            CAPTURE(scheme, host);
            auto const c = open_client(io, to(url(scheme, s, host), "server.pem"));
            CHECK(c.line->info().tls);
            std::vector<std::string> sent;
            for (std::size_t const size : {3U, 40'000U, 1U, 2U, 1'000'000U, 4U}) {
                sent.emplace_back(size, static_cast<char>('a' + sent.size()));
                c.line->send(recorder::frame_of(sent.back()));
            }
            REQUIRE(run_until(io, [&] { return c.owner->messages.size() == sent.size(); }));
            CHECK(c.owner->messages == sent);
            c.line->close(close_reason::closed_by_us);
            REQUIRE(run_until(io, [&] { return s.owners.back()->closed.has_value(); }));
            CHECK(*s.owners.back()->closed == close_reason::closed_by_peer);
        }
    }
}

TEST_CASE("tls: an unknown certificate is refused, and the url is named")
{
    boost::asio::io_context io(1);
    server s(io, secure());
    auto const text = outcome(io, to(url("rss", s), "other.pem"));
    CHECK(text.find("cannot connect to rss://127.0.0.1:") == 0);
    CHECK(text.find("self-signed certificate") != std::string::npos);
    auto o = to(url("rss", s), "other.pem");
    o.tls.ca_file.clear();
    CHECK(outcome(io, o).find("self-signed certificate") != std::string::npos);
}

TEST_CASE("tls: a certificate for another host is refused unless verify_host is off")
{
    boost::asio::io_context io(1);
    listen_options where;
    where.tls = make_server_tls(data("other.pem"), data("other.key"));
    server s(io, where);
    auto o = to(url("rss", s), "other.pem");
    CHECK(outcome(io, o).find("TLS handshake") != std::string::npos);
    o.tls.verify_host = false;
    CHECK(outcome(io, o) == "connected");
}

TEST_CASE("tls: a plain client and a silent client are dropped in time")
{
    boost::asio::io_context io(1);
    auto where = secure();
    where.tls_timeout = std::chrono::milliseconds(50);
    server s(io, where);
    connect_options o;
    o.url = url("rs", s);
    CHECK(outcome(io, o) != "connected");
    boost::asio::ip::tcp::socket silent(io);
    silent.connect({boost::asio::ip::make_address("127.0.0.1"), s.door->port()});
    bool ended = false;
    char octet = 0;
    silent.async_read_some(boost::asio::buffer(&octet, 1), [&](auto ec, auto) { ended = bool(ec); });
    CHECK(run_until(io, [&] { return ended; }));
    CHECK(s.channels.empty());
}

TEST_CASE("tls: bad files are named when the server starts and when the client connects")
{
    auto const reason = [](std::string const& certificate, std::string const& key) {
        try {
            make_server_tls(certificate, key);
        } catch (failure const& f) {
            CHECK(f.exit_code() == 3);
            return std::string(f.what());
        }
        return std::string("fine");
    };
    CHECK(reason("/nonexistent.pem", data("server.key")).find("/nonexistent.pem") != std::string::npos);
    CHECK(reason(data("server.pem"), data("other.key")).find("other.key") != std::string::npos);
    boost::asio::io_context io(1);
    server s(io, secure());
    CHECK(outcome(io, to(url("rss", s), "nothing.pem")).find("nothing.pem") != std::string::npos);
}

TEST_CASE("connect: every problem names the url")
{
    boost::asio::io_context io(1);
    for (auto const* bad :
         {"", "localhost:80", "http://x:80", "rs://127.0.0.1", "rs://127.0.0.1:99999", "rs+unix:", "ws://"}) {
        connect_options o;
        o.url = bad;
        auto const text = outcome(io, o);
        CAPTURE(bad, text);
        CHECK(text.find("\"" + o.url + "\"") == 0);
    }
    connect_options o;
    o.url = "rs+unix:/nonexistent/socket";
    CHECK(outcome(io, o) == "cannot connect to rs+unix:/nonexistent/socket: No such file or directory");
    o.url = "ws://127.0.0.1:1/ws";
    CHECK(outcome(io, o) == "cannot connect to ws://127.0.0.1:1/ws: Connection refused");
}

TEST_CASE("listen: problems name the address")
{
    boost::asio::io_context io(1);
    server s(io);
    listen_options o;
    o.port = s.door->port();
    CHECK_THROWS_WITH(listen(io.get_executor(), o, nullptr),
                      "cannot listen on 127.0.0.1:" + std::to_string(o.port) + ": Address already in use");
    o.address = "localhost";
    CHECK_THROWS_WITH(listen(io.get_executor(), o, nullptr), Catch::Contains("\"localhost\""));
}

TEST_CASE("listen: no more than max_connections at a time")
{
    boost::asio::io_context io(1);
    listen_options where;
    where.max_connections = 1;
    server s(io, where);
    connect_options o;
    o.url = url("rs", s);
    auto const first = open_client(io, o);
    CHECK(outcome(io, o) != "connected");
    first.line->close(close_reason::closed_by_us);
    REQUIRE(run_until(io, [&] { return s.owners[0]->closed.has_value(); }));
    s.channels.clear();
    REQUIRE(run_until(io, [&] { return outcome(io, o) == "connected"; }));
}

}  // namespace cerro::transport
