// The server's options, and how its connections end.

#include "raw_websocket.hpp"

#include <catch2/catch.hpp>
#include <zlib.h>

namespace cerro::transport {

using std::chrono::milliseconds;
using testing::run_until;
using namespace std::string_literals;

namespace {

struct scene {
    boost::asio::io_context io{1};
    server s{io};
    std::optional<raw_client> c;

    /// A client whose upgrade is done.
    raw_client& open(std::string const& protocol = "wamp.2.json", std::string const& more = "")
    {
        c.emplace(io, s.door->port());
        c->upgrade(protocol, more);
        REQUIRE(c->has("\r\n\r\n"));
        REQUIRE(run_until(io, [this] { return !s.channels.empty(); }));
        return *c;
    }
    recorder& owner() { return *s.owners.at(0); }
    bool told()
    {
        return run_until(io, [this] { return owner().closed.has_value(); });
    }
    bool ended()
    {
        return run_until(io, [this] { return c->ended; });
    }
    /// The code of the close frame that the client got, 0 for none.
    [[nodiscard]] unsigned code() const
    {
        auto const at = c->got.find('\x88', c->got.find("\r\n\r\n"));
        if (at == std::string::npos || at + 4 > c->got.size()) {
            return 0;
        }
        auto const octet = [&](std::size_t i) {
            return unsigned{static_cast<unsigned char>(c->got[at + i])};
        };
        return octet(2) << 8U | octet(3);
    }
};

std::string fragment(int opcode, bool last, std::string const& payload)
{
    auto f = frame(opcode, payload);
    if (!last) {
        f[0] = static_cast<char>(f[0] & 0x7F);
    }
    return f;
}

std::string compressed_frame(std::string const& message)
{
    z_stream z{};
    ::deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    std::string out(message.size() / 100 + 1'000, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    z.avail_in = static_cast<uInt>(message.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    ::deflate(&z, Z_SYNC_FLUSH);
    out.resize(out.size() - z.avail_out - 4);
    ::deflateEnd(&z);
    auto f = frame(1, out);
    f[0] = static_cast<char>(f[0] | 0x40);
    return f;
}

constexpr auto offer_deflate = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n";

}  // namespace

TEST_CASE("websocket server: what the request said is known; our headers go into the answer")
{
    scene t;
    t.s.accept.response_headers = {{"Set-Cookie", "cbtid=abc"}};
    t.s.accept.websocket.show_version = false;
    auto& c = t.open("wamp.2.json", "Cookie: cbtid=old\r\nX-Forwarded-For: 10.0.0.1\r\n");
    CHECK(c.got.find("\r\nSet-Cookie: cbtid=abc\r\n") != std::string::npos);
    CHECK(c.got.find("\r\nServer: Cerro\r\n") != std::string::npos);
    auto const& headers = t.s.channels[0]->info().headers;
    CHECK(std::find(headers.begin(), headers.end(), std::pair("cookie"s, "cbtid=old"s)) != headers.end());
    CHECK(std::find(headers.begin(), headers.end(), std::pair("x-forwarded-for"s, "10.0.0.1"s)) !=
          headers.end());
    CHECK(t.s.channels[0]->info().extensions.empty());
    CHECK(t.s.channels[0]->info().kind == "websocket");
}

TEST_CASE("websocket server: another version gets 426, a wrong key 400")
{
    scene t;
    auto const answer = [&](std::string const& key, std::string const& version) {
        raw_client c(t.io, t.s.door->port());
        c.write(
            "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " +
            key + "\r\nSec-WebSocket-Version: " + version +
            "\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n");
        CHECK(run_until(t.io, [&] { return c.ended; }));
        return c.got;
    };
    auto const old = answer("dGhlIHNhbXBsZSBub25jZQ==", "8");
    CHECK(old.find("HTTP/1.1 426 ") == 0);
    CHECK(old.find("Sec-WebSocket-Version: 13\r\n") != std::string::npos);
    CHECK(answer("dGhlIHNhbXBsZQ==", "13").find("HTTP/1.1 400 ") == 0);
    CHECK(answer("no base64!", "13").find("Sec-WebSocket-Key") != std::string::npos);
}

TEST_CASE("websocket server: without require_subprotocol a client that names none speaks JSON")
{
    scene t;
    t.s.accept.websocket.require_subprotocol = false;
    auto& c = t.open("", "");
    CHECK(c.got.find("HTTP/1.1 101 ") == 0);
    CHECK(c.got.find("Sec-WebSocket-Protocol") == std::string::npos);
    c.write(frame(1, "[1]"));
    REQUIRE(run_until(t.io, [&] { return t.owner().messages.size() == 1; }));
    CHECK(t.s.channels[0]->info().serializer == codec::serializer::json);
}

TEST_CASE("websocket server: octets one at a time are as good as all at once")
{
    for (bool const glued : {true, false}) {
        scene t;
        auto& c = t.open();
        std::string const all = fragment(1, false, "[\"\xc3") + frame(9, "?") + fragment(0, true, "\xa4\"]") +
                                frame(1, "[2]") + frame(1, std::string(200, ' '));
        for (std::size_t i = 0; i < all.size(); i += glued ? all.size() : 1) {
            c.write(all.substr(i, glued ? all.size() : 1));
            t.io.restart();
            t.io.poll();
        }
        REQUIRE(run_until(t.io, [&] { return t.owner().messages.size() == 3; }));
        CHECK(t.owner().messages[0] == "[\"\xc3\xa4\"]");
        CHECK(t.owner().messages[1] == "[2]");
        CHECK(c.has("\x8a\x01?"));
        if (glued) {
            CHECK(t.owner().batches == std::vector<std::size_t>{1, 2});
        }
    }
}

TEST_CASE("websocket server: a client that breaks the rules is told the code, then the line ends")
{
    struct {
        std::string octets;
        unsigned code;
        close_reason why;
    } const cases[] = {
        {"\x81\x03[1]", 1002, close_reason::protocol_error},  // not masked
        {"\xf1\x83\0\0\0\0[1]"s, 1002, close_reason::protocol_error},
        {frame(3, "x"), 1002, close_reason::protocol_error},
        {frame(1, "\xff"), 1007, close_reason::protocol_error},
        {"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"s, 1009, close_reason::message_too_big},
        {"\x81\xff\0\0\0\0\0\x0f\x42\x41\0\0\0\0"s, 1009, close_reason::message_too_big},
        {frame(8, "\x03"), 1002, close_reason::protocol_error},
    };
    for (auto const& one : cases) {
        CAPTURE(one.code, one.octets.size());
        scene t;
        t.s.accept.lim.max_message = 1'000'000;
        auto& c = t.open();
        c.write(one.octets);
        REQUIRE(t.told());
        CHECK(*t.owner().closed == one.why);
        CHECK(t.ended());
        CHECK(t.code() == one.code);
        CHECK(!t.owner().detail.empty());
    }
}

TEST_CASE("websocket server: with fail_by_drop it is not told")
{
    scene t;
    t.s.accept.websocket.fail_by_drop = true;
    auto& c = t.open();
    c.write(frame(3, "x"));
    REQUIRE(t.told());
    CHECK(*t.owner().closed == close_reason::protocol_error);
    CHECK(t.ended());
    CHECK(t.code() == 0);
}

TEST_CASE("websocket server: fragments without end are stopped at the limit")
{
    scene t;
    t.s.accept.lim.max_message = 10'000;
    auto& c = t.open();
    std::string const piece(4'000, 'x');
    c.write(fragment(1, false, piece) + fragment(0, false, piece) + fragment(0, false, piece));
    REQUIRE(t.told());
    CHECK(*t.owner().closed == close_reason::message_too_big);
    CHECK(t.owner().messages.empty());
    CHECK(t.ended());
    CHECK(t.code() == 1009);
}

TEST_CASE("websocket server: a client's close frame is answered, with its own code where that is wished")
{
    for (bool const echo : {false, true}) {
        scene t;
        t.s.accept.websocket.echo_close = echo;
        auto& c = t.open();
        c.write(frame(1, "[1]") + frame(8,
                                        "\x0f\xa0"
                                        "bye"));
        REQUIRE(t.told());
        CHECK(*t.owner().closed == close_reason::closed_by_peer);
        CHECK(t.owner().detail == "close code 4000: bye");
        CHECK(t.owner().messages.size() == 1);
        CHECK(t.ended());
        CHECK(t.code() == (echo ? 4000U : 1000U));
    }
}

TEST_CASE("websocket server: a client that never answers the close frame is cut after the close time")
{
    scene t;
    t.s.accept.websocket.close_timeout = milliseconds(50);
    t.open();
    t.s.channels[0]->close(close_reason::shutdown);
    REQUIRE(t.told());
    CHECK(t.ended());
    CHECK(t.code() == 1001);
}

TEST_CASE("websocket server: pings have the wished size; answers, or any traffic, are life")
{
    for (bool const any_traffic : {true, false}) {
        CAPTURE(any_traffic);
        scene t;
        t.s.accept.lim.ping_interval = milliseconds(20);
        t.s.accept.lim.ping_timeout = milliseconds(200);
        t.s.accept.websocket.ping_size = 125;
        t.s.accept.websocket.any_traffic_is_life = any_traffic;
        auto& c = t.open();
        REQUIRE(c.has("\x89\x7d"));
        // Messages instead of pongs.
        auto const begin = std::chrono::steady_clock::now();
        auto const passed = [&] { return std::chrono::steady_clock::now() - begin; };
        while (!t.owner().closed && passed() < milliseconds(any_traffic ? 600 : 10'000)) {
            boost::system::error_code ignored;
            boost::asio::write(c.socket, boost::asio::buffer(frame(1, "[1]")), ignored);
            t.io.restart();
            t.io.run_for(milliseconds(10));
        }
        CHECK(t.owner().closed.has_value() == !any_traffic);
        if (!any_traffic) {
            CHECK(*t.owner().closed == close_reason::ping_timeout);
        }
    }
}

TEST_CASE("websocket server: long messages go out in fragments where that is wished")
{
    scene t;
    t.s.echo = true;
    t.s.accept.websocket.fragment = 5;
    auto& c = t.open();
    c.write(frame(1, "[\"abcdef\"]"));
    CHECK(
        c.has("\x01\x05[\"abc\x80\x05"
              "def\"]"));
}

TEST_CASE("websocket server: deflate is agreed to where it is allowed, both ways")
{
    scene t;
    t.s.echo = true;
    t.s.accept.websocket.deflate.emplace();
    auto& c = t.open("wamp.2.json", offer_deflate);
    CHECK(c.got.find("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n") !=
          std::string::npos);
    CHECK(t.s.channels[0]->info().extensions == std::vector<std::string>{"permessage-deflate"});
    std::string const message = "[\"" + std::string(1'000, 'x') + "\"]";
    c.write(compressed_frame(message) + frame(1, "[2]"));
    REQUIRE(run_until(t.io, [&] { return t.owner().messages.size() == 2; }));
    CHECK(t.owner().messages[0] == message);
    CHECK(c.has("\xc1"));         // compressed
    CHECK(c.has("\x81\x03[2]"));  // too short for that
}

TEST_CASE("websocket server: a compressed bomb is stopped at the message limit")
{
    scene t;
    t.s.accept.websocket.deflate.emplace();
    t.s.accept.lim.max_message = 100'000;
    auto& c = t.open("wamp.2.json", offer_deflate);
    auto const bomb = compressed_frame(std::string(64U << 20U, ' '));
    CHECK(bomb.size() < 100'000);
    c.write(bomb);
    REQUIRE(t.told());
    CHECK(*t.owner().closed == close_reason::message_too_big);
    CHECK(t.owner().messages.empty());
    CHECK(t.ended());
    CHECK(t.code() == 1009);
}

TEST_CASE("websocket server: much inflated data comes in several turns, in order")
{
    scene t;
    t.s.accept.websocket.deflate.emplace();
    auto& c = t.open("wamp.2.json", offer_deflate);
    std::string all;
    for (char mark = 'a'; mark != 'k'; ++mark) {
        all += compressed_frame(std::string(600'000, mark));
    }
    c.write(all + frame(1, "[2]"));
    REQUIRE(run_until(t.io, [&] { return t.owner().messages.size() == 11; }));
    for (std::size_t i = 0; i != 10; ++i) {
        CHECK(t.owner().messages[i] == std::string(600'000, static_cast<char>('a' + i)));
    }
    CHECK(t.owner().messages[10] == "[2]");
}

TEST_CASE("websocket server: what cannot be inflated ends the connection with 1007")
{
    scene t;
    t.s.accept.websocket.deflate.emplace();
    auto& c = t.open("wamp.2.json", offer_deflate);
    auto bad = frame(1, "\xff\xff\xff");
    bad[0] = '\xc1';
    c.write(bad);
    REQUIRE(t.told());
    CHECK(*t.owner().closed == close_reason::protocol_error);
    CHECK(t.ended());
    CHECK(t.code() == 1007);
}

}  // namespace cerro::transport
