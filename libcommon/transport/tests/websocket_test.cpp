// WebSocket upgrades and framing against hand-made octets.

#include "raw_websocket.hpp"
#include <cerro/testing/gate.hpp>

#include <catch2/catch.hpp>

namespace cerro::transport {

using testing::run;
using testing::run_until;
using namespace std::string_literals;

TEST_CASE("websocket server: negotiates the first known subprotocol and declines compression")
{
    boost::asio::io_context io(1);
    server s(io);
    raw_client c(io, s.door->port());
    c.upgrade("wamp.2.ubjson.batched, wamp.2.cbor.batched, wamp.2.cbor",
              "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n");
    REQUIRE(c.has("\r\n\r\n"));
    CHECK(c.got.find("HTTP/1.1 101 ") == 0);
    CHECK(c.got.find("Sec-WebSocket-Protocol: wamp.2.cbor.batched\r\n") != std::string::npos);
    CHECK(c.got.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);
    CHECK(c.got.find("permessage-deflate") == std::string::npos);
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    CHECK(s.channels[0]->info().protocol == "wamp.2.cbor.batched");
    CHECK(s.channels[0]->info().serializer == codec::serializer::cbor);
}

TEST_CASE("websocket server: 400 without a common subprotocol or upgrade, with the reason")
{
    boost::asio::io_context io(1);
    server s(io);
    auto const answer = [&](std::string const& request, std::string const& protocols) {
        raw_client c(io, s.door->port());
        if (request.empty()) {
            c.upgrade(protocols);
        } else {
            c.write(request);
        }
        CHECK(run_until(io, [&] { return c.ended; }));
        CHECK(c.got.find("HTTP/1.1 400 ") == 0);
        return c.got;
    };
    CHECK(answer("", "mqtt, wamp.2.ubjson").find("offer one of wamp.2.json, wamp.2.msgpack, wamp.2.cbor") !=
          std::string::npos);
    CHECK(answer("", "").find("no WebSocket subprotocol in common") != std::string::npos);
    CHECK(answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "").find("wants a WebSocket upgrade") !=
          std::string::npos);
    CHECK(answer("G\1\2 nonsense\r\n\r\n", "").find("bad HTTP request") != std::string::npos);
    CHECK(s.refusals.size() == 4);
}

TEST_CASE("websocket server: frames glued to the request are not lost")
{
    boost::asio::io_context io(1);
    server s(io);
    raw_client c(io, s.door->port());
    c.write(
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n" +
        frame(1, "[1]") + frame(1, "[2]"));
    REQUIRE(run_until(io, [&] { return !s.owners.empty() && s.owners[0]->messages.size() == 2; }));
    CHECK(s.owners[0]->messages == std::vector<std::string>{"[1]", "[2]"});
}

TEST_CASE("websocket server: batched JSON is answered with the separator the peer used")
{
    boost::asio::io_context io(1);
    server s(io);
    s.echo = true;
    for (std::string const separator : {"\x18", "\x1e"}) {
        raw_client c(io, s.door->port());
        c.upgrade("wamp.2.json.batched");
        REQUIRE(c.has("\r\n\r\n"));
        c.write(frame(1, "[1]" + separator + "[22]" + separator));
        CHECK(c.has("\x81\x09[1]" + separator + "[22]" + separator));  // one text frame with both
    }
}

TEST_CASE("websocket server: batched binary messages share one frame, plain ones have one each")
{
    boost::asio::io_context io(1);
    server s(io);
    s.echo = true;
    raw_client batched(io, s.door->port());
    batched.upgrade("wamp.2.msgpack.batched");
    REQUIRE(batched.has("\r\n\r\n"));
    batched.write(frame(2, "\0\0\0\1a\0\0\0\2bc"s));
    CHECK(batched.has("\x82\x0b\0\0\0\1a\0\0\0\2bc"s));
    CHECK(s.owners.at(0)->batches == std::vector<std::size_t>{2});

    raw_client plain(io, s.door->port());
    plain.upgrade("wamp.2.msgpack");
    REQUIRE(plain.has("\r\n\r\n"));
    plain.write(frame(2, "a") + frame(2, "bc"));
    CHECK(plain.has("\x82\x01"s + "a"s + "\x82\x02"s + "bc"s));
}

TEST_CASE("websocket server: wrong frame types, broken batches and large messages end the connection")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.max_message = 64;
    auto const end_of = [&](std::string const& protocol, std::string const& octets, std::string const& code) {
        auto const at = s.owners.size();
        raw_client c(io, s.door->port());
        c.upgrade(protocol);
        CHECK(c.has("\r\n\r\n"));
        c.write(octets);
        CHECK(run_until(io, [&] {
            return s.owners.size() > at && (s.owners[at]->closed || c.got.find(code) != std::string::npos);
        }));
        CHECK(run_until(io, [&] {  // a close frame with this code and a reason
            auto const at_code = c.got.find(code);
            return at_code != std::string::npos && at_code > 1 && c.got[at_code - 2] == '\x88';
        }));
        c.write(frame(8, code));
        CHECK(run_until(io, [&] { return s.owners[at]->closed.has_value(); }));
        return *s.owners[at]->closed;
    };
    CHECK(end_of("wamp.2.json", frame(2, "[1]"), "\x03\xea") == close_reason::protocol_error);
    CHECK(end_of("wamp.2.cbor", frame(1, "x"), "\x03\xea") == close_reason::protocol_error);
    CHECK(end_of("wamp.2.cbor.batched", frame(2, "\0\0\0\5x"s), "\x03\xea") == close_reason::protocol_error);
    CHECK(end_of("wamp.2.cbor", frame(2, std::string(65, 'x')), "\x03\xf1") == close_reason::message_too_big);
    CHECK(end_of("wamp.2.cbor.batched", frame(2, "\0\0\0\x41"s + std::string(65, 'x')), "\x03\xf1") ==
          close_reason::message_too_big);
}

TEST_CASE("websocket: closing is said to the peer with its code")
{
    boost::asio::io_context io(1);
    server s(io);
    connect_options o;
    o.url = url("ws", s);
    auto const c = open_client(io, o);
    CHECK(c.line->info().protocol == "wamp.2.msgpack.batched");
    REQUIRE(run_until(io, [&] { return !s.channels.empty(); }));
    s.channels[0]->send(recorder::frame_of("last words"));
    s.channels[0]->close(close_reason::shutdown);
    REQUIRE(run_until(io, [&] { return c.owner->closed && s.owners[0]->closed; }));
    CHECK(c.owner->messages == std::vector<std::string>{"last words"});
    CHECK(*c.owner->closed == close_reason::closed_by_peer);
    CHECK(c.owner->detail == "close code 1001");
    CHECK(*s.owners[0]->closed == close_reason::shutdown);
}

TEST_CASE("websocket: an idle connection is kept by pings, a dead one is found")
{
    boost::asio::io_context io(1);
    server s(io);
    testing::gate gate(io.get_executor(), "127.0.0.1", s.door->port());
    connect_options o;
    o.url = "ws://127.0.0.1:" + std::to_string(gate.port()) + "/";
    o.lim.ping_timeout = std::chrono::milliseconds(200);
    auto const c = open_client(io, o);
    io.restart();
    io.run_for(std::chrono::milliseconds(500));
    REQUIRE(!c.owner->closed);
    gate.drop(true);
    REQUIRE(run_until(io, [&] { return c.owner->closed.has_value(); }));
    CHECK(*c.owner->closed == close_reason::ping_timeout);
}

TEST_CASE("websocket: slow consumers are dropped at both limits")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.pending_bytes = 1U << 20U;
    s.accept.lim.write_deadline = std::chrono::milliseconds(100);
    for (auto const expected : {close_reason::slow_consumer_pending, close_reason::slow_consumer_deadline}) {
        testing::gate gate(io.get_executor(), "127.0.0.1", s.door->port());
        connect_options o;
        o.url = "ws://127.0.0.1:" + std::to_string(gate.port()) + "/";
        auto const at = s.channels.size();
        auto const c = open_client(io, o);
        REQUIRE(run_until(io, [&] { return s.channels.size() > at; }));
        gate.delay(std::chrono::hours(1));  // takes one piece more, and then nothing
        auto const frame_of_100k = recorder::frame_of(std::string(100'000, 'x'));
        std::size_t sent = 0;
        while (s.channels[at]->send(frame_of_100k) && ++sent < 1'000) {
            io.restart();
            io.poll();
            if (expected == close_reason::slow_consumer_deadline &&
                s.channels[at]->pending_bytes() > 500'000) {
                break;
            }
        }
        REQUIRE(run_until(io, [&] { return s.owners[at]->closed.has_value(); }));
        CHECK(*s.owners[at]->closed == expected);
    }
}

TEST_CASE("websocket client: a server that is none, or chooses what was not offered, is refused")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.serializers = {codec::serializer::json};
    connect_options o;
    o.url = url("ws", s);
    o.serializers = {codec::serializer::cbor};
    auto const declined = run(io, connect(o));
    REQUIRE(declined.has_error());
    CHECK(declined.error().what.find("HTTP 400") != std::string::npos);

    // A RawSocket server answers HTTP with nothing.
    listen_options nowhere;
    auto const mute = listen(io.get_executor(), nowhere, [](std::shared_ptr<stream> line) { line->close(); });
    o.url = "ws://127.0.0.1:" + std::to_string(mute->port()) + "/";
    CHECK(run(io, connect(o)).has_error());
}

}  // namespace cerro::transport
