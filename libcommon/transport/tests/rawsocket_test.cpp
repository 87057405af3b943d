// RawSocket against hand-made octets and bad networks.

#include "support.hpp"
#include <cerro/testing/gate.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>

namespace cerro::transport {

using boost::asio::ip::tcp;
using testing::run_until;
using namespace std::string_literals;

namespace {

/// A bare TCP connection to the server.
struct plain_socket {
    boost::asio::io_context& io;
    tcp::socket socket;
    std::string got;
    std::array<char, 4096> buffer{};
    bool ended = false;

    plain_socket(boost::asio::io_context& context, std::uint16_t port) : io(context), socket(context)
    {
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    }
    void write(std::string const& octets) { boost::asio::write(socket, boost::asio::buffer(octets)); }
    void read_on()
    {
        socket.async_read_some(boost::asio::buffer(buffer),
                               [this](boost::system::error_code ec, std::size_t n) {
                                   got.append(buffer.data(), n);
                                   if (ec) {
                                       ended = true;
                                   } else {
                                       read_on();
                                   }
                               });
    }
    bool expect(std::string const& octets)
    {
        return run_until(io, [&] { return got.size() >= octets.size(); }) && got == octets;
    }
};

std::string const hello_msgpack = "\x7f\xf2\0\0"s;

}  // namespace

TEST_CASE("rawsocket server: answers the handshake, also after a slow and split one")
{
    boost::asio::io_context io(1);
    server s(io);
    plain_socket c(io, s.door->port());
    c.read_on();
    for (char const octet : hello_msgpack) {
        c.write(std::string(1, octet));
        io.restart();
        io.run_for(std::chrono::milliseconds(2));
    }
    CHECK(c.expect(hello_msgpack));
}

TEST_CASE("rawsocket server: refuses bad handshakes with their error octets and closes")
{
    boost::asio::io_context io(1);
    server s(io);
    auto const answer_to = [&](std::string const& octets) {
        plain_socket c(io, s.door->port());
        c.read_on();
        c.write(octets);
        CHECK(run_until(io, [&] { return c.ended; }));
        return c.got;
    };
    CHECK(answer_to("\x7f\xf5\0\0"s) == "\x7f\x10\0\0"s);
    CHECK(answer_to("\x7f\xf0\0\0"s) == "\x7f\x10\0\0"s);
    CHECK(answer_to("\x7f\xf2\1\0"s) == "\x7f\x30\0\0"s);
    CHECK(answer_to("\x10\x0c\0\4"s).empty());  // MQTT
    CHECK(s.refusals.size() == 4);
    CHECK(s.channels.empty());
}

TEST_CASE("rawsocket server: a silent client is closed after handshake_timeout")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.handshake_timeout = std::chrono::milliseconds(30);
    plain_socket c(io, s.door->port());
    c.read_on();
    REQUIRE(run_until(io, [&] { return !s.refusals.empty() && c.ended; }));
    CHECK(s.refusals[0].find("nothing came for 30 ms") != std::string::npos);
}

TEST_CASE("rawsocket: messages glued to the handshake and to each other come as one batch, in order")
{
    boost::asio::io_context io(1);
    server s(io);
    plain_socket c(io, s.door->port());
    c.write(hello_msgpack + "\0\0\0\2ab\0\0\0\0\0\0\0\1c"s);
    REQUIRE(run_until(io, [&] { return !s.owners.empty() && s.owners[0]->messages.size() == 3; }));
    CHECK(s.owners[0]->messages == std::vector<std::string>{"ab", "", "c"});
    CHECK(s.owners[0]->batches == std::vector<std::size_t>{3});
}

TEST_CASE("rawsocket: frames cut into single octets arrive whole")
{
    boost::asio::io_context io(1);
    server s(io);
    s.echo = true;
    testing::gate gate(io.get_executor(), "127.0.0.1", s.door->port());
    gate.split(1);
    connect_options o;
    o.url = "rs://127.0.0.1:" + std::to_string(gate.port());
    auto const c = open_client(io, o);
    std::vector<std::string> sent;
    for (std::size_t size = 1; size < 300; size += 37) {
        sent.emplace_back(size, static_cast<char>('a' + size % 26));
        c.line->send(recorder::frame_of(sent.back()));
    }
    REQUIRE(run_until(io, [&] { return c.owner->messages.size() == sent.size(); }));
    CHECK(c.owner->messages == sent);
}

TEST_CASE("rawsocket: PING is answered at once with the same payload")
{
    boost::asio::io_context io(1);
    server s(io);
    plain_socket c(io, s.door->port());
    c.read_on();
    c.write(hello_msgpack + "\1\0\0\3abc"s);
    CHECK(c.expect(hello_msgpack + "\2\0\0\3abc"s));
}

TEST_CASE("rawsocket: frames that break the rules end the connection, good ones before them count")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.max_message = 1'000;  // announced and taken: 1024
    auto const reason_for = [&](std::string const& octets) {
        auto const at = s.owners.size();
        plain_socket c(io, s.door->port());
        c.read_on();
        c.write(hello_msgpack + "\0\0\0\2ok"s + octets);
        CHECK(run_until(io, [&] { return s.owners.size() > at && s.owners[at]->closed && c.ended; }));
        CHECK(s.owners[at]->messages.at(0) == "ok");
        return *s.owners[at]->closed;
    };
    CHECK(reason_for("\3\0\0\0"s) == close_reason::protocol_error);
    CHECK(reason_for("\x10\0\0\0"s) == close_reason::protocol_error);
    CHECK(reason_for("\0\0\4\1"s) == close_reason::message_too_big);
    CHECK(reason_for("\x08\0\0\0"s) == close_reason::message_too_big);

    auto const at = s.owners.size();
    plain_socket c(io, s.door->port());
    c.write(hello_msgpack + "\0\0\4\0"s + std::string(1024, 'x'));
    REQUIRE(run_until(io, [&] { return s.owners.size() > at && !s.owners[at]->messages.empty(); }));
    CHECK(s.owners[at]->messages[0].size() == 1024);
}

TEST_CASE("rawsocket: a message of exactly 2^24 octets is taken")
{
    boost::asio::io_context io(1);
    server s(io);
    plain_socket c(io, s.door->port());
    auto const octets =
        std::make_shared<std::string>(hello_msgpack + "\x08\0\0\0"s + std::string(1U << 24U, 'x'));
    boost::asio::async_write(c.socket, boost::asio::buffer(*octets), [octets](auto, auto) {});
    REQUIRE(run_until(io, [&] { return !s.owners.empty() && !s.owners[0]->messages.empty(); }));
    CHECK(s.owners[0]->messages[0].size() == 1U << 24U);
}

TEST_CASE("rawsocket: a message above what the peer announced is not sent")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.max_message = 512;
    connect_options o;
    o.url = url("rs", s);
    auto const c = open_client(io, o);
    CHECK(c.line->info().max_outgoing == 512);
    CHECK(!c.line->send(recorder::frame_of(std::string(513, 'x'))));
    CHECK(c.line->send(recorder::frame_of(std::string(512, 'y'))));
    REQUIRE(run_until(io, [&] { return !s.owners.empty() && !s.owners[0]->messages.empty(); }));
    CHECK(s.owners[0]->messages[0][0] == 'y');
}

TEST_CASE("rawsocket: a peer that does not read is dropped at the pending limit")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.pending_bytes = 1U << 20U;
    plain_socket c(io, s.door->port());
    c.write(hello_msgpack);
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    auto const frame = recorder::frame_of(std::string(100'000, 'x'));
    std::size_t sent = 0;
    auto const line = s.channels[0];
    while (line->send(frame) && ++sent < 1'000) {
        CHECK(line->pending_bytes() <= 1U << 20U);
        io.restart();
        io.poll();
    }
    CHECK(sent < 1'000);
    CHECK(!s.owners[0]->closed);  // never from inside send()
    REQUIRE(run_until(io, [&] { return s.owners[0]->closed.has_value(); }));
    CHECK(*s.owners[0]->closed == close_reason::slow_consumer_pending);
    CHECK(!line->send(frame));
}

TEST_CASE("rawsocket: a peer that takes nothing is dropped at the write deadline")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.write_deadline = std::chrono::milliseconds(100);
    plain_socket c(io, s.door->port());
    c.write(hello_msgpack);
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    for (int i = 0; i != 300; ++i) {
        s.channels[0]->send(recorder::frame_of(std::string(100'000, 'x')));
    }
    REQUIRE(run_until(io, [&] { return s.owners[0]->closed.has_value(); }));
    CHECK(*s.owners[0]->closed == close_reason::slow_consumer_deadline);
}

TEST_CASE("rawsocket server: a client that never pinged is not pinged, however silent, and stays")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.ping_interval = std::chrono::milliseconds(10);
    s.accept.lim.ping_timeout = std::chrono::milliseconds(30);
    plain_socket c(io, s.door->port());
    c.read_on();
    c.write(hello_msgpack);
    REQUIRE(c.expect(hello_msgpack));
    io.restart();
    io.run_for(std::chrono::milliseconds(150));
    CHECK(c.got == hello_msgpack);
    CHECK(!s.owners.at(0)->closed);
}

TEST_CASE("rawsocket server: pings a silent client that pinged first, and drops it at ping_timeout")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.ping_interval = std::chrono::milliseconds(30);
    s.accept.lim.ping_timeout = std::chrono::milliseconds(100);
    plain_socket c(io, s.door->port());
    c.read_on();
    c.write(hello_msgpack + "\1\0\0\0"s);
    REQUIRE(run_until(io, [&] { return c.ended; }));
    CHECK(c.got.substr(4, 13) == "\2\0\0\0\1\0\0\5cerro"s);
    REQUIRE(s.owners.at(0)->closed.has_value());
    CHECK(*s.owners[0]->closed == close_reason::ping_timeout);
}

TEST_CASE("rawsocket client: does not ping a server that never pinged")
{
    boost::asio::io_context io(1);
    server s(io);
    testing::gate gate(io.get_executor(), "127.0.0.1", s.door->port());
    connect_options o;
    o.url = "rs://127.0.0.1:" + std::to_string(gate.port());
    o.lim.ping_interval = std::chrono::milliseconds(10);
    o.lim.ping_timeout = std::chrono::milliseconds(20);
    auto const c = open_client(io, o);
    io.restart();
    io.run_for(std::chrono::milliseconds(100));
    CHECK(!c.owner->closed);
}

TEST_CASE("rawsocket: a client that knows its server pings it, so that both notice a dead network")
{
    boost::asio::io_context io(1);
    server s(io);
    connect_options o;
    s.accept.lim.ping_interval = o.lim.ping_interval = std::chrono::milliseconds(20);
    s.accept.lim.ping_timeout = o.lim.ping_timeout = std::chrono::milliseconds(100);
    testing::gate gate(io.get_executor(), "127.0.0.1", s.door->port());
    o.url = "rs://127.0.0.1:" + std::to_string(gate.port());
    auto const c = open_client(io, o);
    c.line->ping_peer();
    io.restart();
    io.run_for(std::chrono::milliseconds(300));
    REQUIRE(!c.owner->closed);
    REQUIRE(!s.owners.at(0)->closed);
    gate.drop(true);
    REQUIRE(run_until(io, [&] { return c.owner->closed && s.owners[0]->closed; }));
    CHECK(*c.owner->closed == close_reason::ping_timeout);
    CHECK(*s.owners[0]->closed == close_reason::ping_timeout);
}

TEST_CASE("rawsocket: what was queued before close arrives, then end of file")
{
    boost::asio::io_context io(1);
    server s(io);
    plain_socket c(io, s.door->port());
    c.write(hello_msgpack);
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    c.write("\0\0\0\1x"s);  // lies unread when the server closes: must not destroy what it sent
    s.channels[0]->send(recorder::frame_of(std::string(3'000'000, 'z')));
    s.channels[0]->close(close_reason::shutdown, "bye");
    CHECK(!s.channels[0]->send(recorder::frame_of("late")));
    CHECK(!s.owners[0]->closed);
    c.read_on();
    REQUIRE(run_until(io, [&] { return c.ended; }));
    CHECK(c.got.size() == 4 + 4 + 3'000'000);
    REQUIRE(run_until(io, [&] { return s.owners[0]->closed.has_value(); }));
    CHECK(*s.owners[0]->closed == close_reason::shutdown);
    CHECK(s.owners[0]->detail == "bye");
}

TEST_CASE("rawsocket: a burst goes out in few writes")
{
    boost::asio::io_context io(1);
    server s(io);
    connect_options o;
    o.url = url("rs", s);
    auto const c = open_client(io, o);
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    for (int i = 0; i != 60; ++i) {
        c.line->send(recorder::frame_of("0123456789"));
    }
    REQUIRE(run_until(io, [&] { return s.owners[0]->messages.size() == 60; }));
    // An idle channel's first read is a small one; the rest comes with the next.
    CHECK(s.owners[0]->batches.size() <= 2);
}

}  // namespace cerro::transport
