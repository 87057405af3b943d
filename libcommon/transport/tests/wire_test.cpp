// The pure parts: RawSocket octets, WebSocket subprotocols and batches.

#include "outbox.hpp"
#include "proxy_header.hpp"
#include "rawsocket_frame.hpp"
#include "subprotocol.hpp"
#include "websocket_frame.hpp"
#include <cerro/transport/recognise.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <iterator>

namespace cerro::transport {

using codec::serializer;
using namespace std::string_literals;

namespace {

constexpr std::array<serializer, 3> all{serializer::json, serializer::msgpack, serializer::cbor};

std::vector<std::string> cut(subprotocol p, std::string const& message, std::size_t limit = 1'000)
{
    std::vector<byte_view> views;
    std::optional<char> separator;
    auto const r = split_batch(p, message, limit, views, separator);
    std::vector<std::string> out(views.begin(), views.end());
    if (!r) {
        out.push_back("error: " + r.error().what);
    }
    return out;
}

}  // namespace

TEST_CASE("rawsocket: frame headers are read and written")
{
    auto const ping = rawsocket::parse_header("\x01\x00\x01\x02");
    REQUIRE(ping);
    CHECK(ping->type == rawsocket::frame_type::ping);
    CHECK(ping->length == 0x102);
    CHECK(rawsocket::make_header(rawsocket::frame_type::pong, 0x010203) == std::array<char, 4>{2, 1, 2, 3});

    auto const largest = rawsocket::parse_header("\x08\x00\x00\x00");
    REQUIRE(largest);
    CHECK(largest->length == rawsocket::largest);
    CHECK(rawsocket::make_header(rawsocket::frame_type::message, rawsocket::largest) ==
          std::array<char, 4>{8, 0, 0, 0});

    CHECK(!rawsocket::parse_header("\x03\x00\x00\x00"));
    CHECK(!rawsocket::parse_header("\x10\x00\x00\x00"));
    CHECK(!rawsocket::parse_header("\x08\x00\x00\x01"));
}

TEST_CASE("rawsocket: the announced size is the limit rounded up to a power of two")
{
    CHECK(rawsocket::exponent_for(1) == 0);
    CHECK(rawsocket::exponent_for(512) == 0);
    CHECK(rawsocket::exponent_for(513) == 1);
    CHECK(rawsocket::exponent_for(rawsocket::largest) == 15);
    CHECK(rawsocket::exponent_for(rawsocket::largest * 4) == 15);
}

TEST_CASE("rawsocket: a server reads good and bad client hellos")
{
    auto const good = rawsocket::read_client_hello("\x7f\xf2\0\0"s, all);
    REQUIRE(good.accepted);
    CHECK(good.accepted->serializer == serializer::msgpack);
    CHECK(good.accepted->max_length == rawsocket::largest);

    CHECK(rawsocket::read_client_hello("\x7f\xf4\0\0"s, all).refused ==
          rawsocket::refusal::serializer_unsupported);
    CHECK(rawsocket::read_client_hello("\x7f\xf0\0\0"s, all).refused ==
          rawsocket::refusal::serializer_unsupported);
    CHECK(rawsocket::read_client_hello("\x7f\xf2\0\1"s, all).refused == rawsocket::refusal::reserved_bits);
    auto const http = rawsocket::read_client_hello("GET "s, all);
    CHECK(!http.accepted);
    CHECK(!http.refused);
}

TEST_CASE("rawsocket: a client tells a refusal from another protocol")
{
    CHECK(rawsocket::read_server_hello("\x7f\x52\0\0"s, serializer::msgpack)->max_length == 512U << 5U);
    CHECK(rawsocket::read_server_hello("\x7f\x10\0\0"s, serializer::msgpack).error().what ==
          "the server refused: serializer unsupported");
    CHECK(rawsocket::read_server_hello("\x7f\xf0\0\0"s, serializer::msgpack).error().what ==
          "the server refused: unknown reason");
    CHECK(rawsocket::read_server_hello("HTTP"s, serializer::msgpack).error().code == errc::malformed);
    CHECK(rawsocket::read_server_hello("\x7f\xf1\0\0"s, serializer::msgpack).error().code == errc::malformed);
}

TEST_CASE("subprotocol: names go both ways, unknown ones are refused")
{
    for (auto const* text : {"wamp.2.json",
                             "wamp.2.json.batched",
                             "wamp.2.msgpack",
                             "wamp.2.msgpack.batched",
                             "wamp.2.cbor",
                             "wamp.2.cbor.batched"}) {
        auto const p = parse_subprotocol(text);
        REQUIRE(p);
        CHECK(name(*p) == text);
    }
    for (auto const* text :
         {"", "wamp.2", "wamp.2.", "wamp.2.ubjson", "wamp.2.json.batch", "wamp.1.json", "WAMP.2.JSON"}) {
        CHECK(!parse_subprotocol(text));
    }
}

TEST_CASE("subprotocol: the first known of the client's offer is chosen")
{
    auto const chosen = [](std::string_view offer, bool batched = true) {
        auto const p = choose_subprotocol(offer, all, batched);
        return p ? name(*p) : "none";
    };
    CHECK(chosen("wamp.2.ubjson.batched, wamp.2.cbor.batched,wamp.2.json") == "wamp.2.cbor.batched");
    CHECK(chosen("wamp.2.cbor.batched ,\twamp.2.cbor", false) == "wamp.2.cbor");
    CHECK(chosen("") == "none");
    CHECK(chosen(" , ,mqtt") == "none");
}

TEST_CASE("batch: binary messages have length prefixes")
{
    subprotocol const p{serializer::msgpack, true};
    CHECK(cut(p, "\0\0\0\2ab\0\0\0\1c"s) == std::vector<std::string>{"ab", "c"});
    CHECK(cut(p, "\0\0\0\2ab\0\0\0\2c"s).back() == "error: a batch announces 2 bytes and has 1");
    CHECK(cut(p, "\0\0\0"s).back() == "error: a batch ends within a length prefix");
    CHECK(cut(p, ""s).back() == "error: an empty batch");
    CHECK(cut(p, "\xff\xff\xff\xff"s).back() == "error: a message of 4294967295 bytes; the limit is 1000");
}

TEST_CASE("batch: JSON messages have either separator, the last may be missing")
{
    subprotocol const p{serializer::json, true};
    CHECK(cut(p, "[1]\x18[2]\x18") == std::vector<std::string>{"[1]", "[2]"});
    CHECK(cut(p, "[1]\x1e[2]") == std::vector<std::string>{"[1]", "[2]"});
    CHECK(cut(p, "\x18").back() == "error: an empty message in a JSON batch");
    CHECK(cut(p, std::string(20, 'x'), 10).back() == "error: a message of 20 bytes; the limit is 10");

    std::vector<byte_view> views;
    std::optional<char> separator;
    REQUIRE(split_batch(p, "[1]\x1e", 100, views, separator).has_value());
    CHECK(separator == separator_specification);
    REQUIRE(split_batch(p, "[1]\x18", 100, views, separator).has_value());
    CHECK(separator == separator_specification);  // the first one counts
}

TEST_CASE("websocket frame: heads have the shortest length form, clients mask")
{
    auto const head = [](std::size_t length) {
        bytes out;
        append_frame_head(out, opcode::binary, length);
        return out;
    };
    CHECK(head(0) == "\x82\x00"s);
    CHECK(head(125) == "\x82\x7d"s);
    CHECK(head(126) == "\x82\x7e\x00\x7e"s);
    CHECK(head(65'535) == "\x82\x7e\xff\xff"s);
    CHECK(head(65'536) == "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"s);

    bytes out;
    mask_key const key{1, 2, 3, 4};
    append_frame_head(out, true, 5, key);
    CHECK(out == "\x81\x85\x01\x02\x03\x04"s);
    auto const begin = out.size();
    out += "hello";
    CHECK(mask(out.data() + begin, out.size() - begin, key));
    CHECK(out.substr(begin) == "igohn");
}

TEST_CASE("outbox: partial writes continue where they stopped")
{
    outbox out;
    std::string expected;
    for (int i = 0; i != 200; ++i) {
        std::string const text = std::to_string(i) + ";";
        expected += text;
        out.push(std::make_shared<bytes const>(text));
    }
    std::string written;
    for (std::size_t step = 1; !out.empty(); step = step % 7 + 1) {
        std::vector<boost::asio::const_buffer> buffers;
        CHECK(out.gather(std::back_inserter(buffers)) <= gather_buffers);
        std::string all_of_it;
        for (auto const& b : buffers) {
            all_of_it.append(static_cast<char const*>(b.data()), b.size());
        }
        auto const n = std::min(step, all_of_it.size());
        written += all_of_it.substr(0, n);
        out.consume(n);
        CHECK(out.pending() == expected.size() - written.size());
    }
    CHECK(written == expected);
}

TEST_CASE("outbox: an empty piece is not queued, for no write would take it away")
{
    outbox out;
    out.push(std::make_shared<bytes const>());
    CHECK(out.empty());
    out.push(std::make_shared<bytes const>("abc"));
    out.push(std::make_shared<bytes const>());
    out.consume(3);
    CHECK(out.empty());
    CHECK(out.pending() == 0);
}

namespace {

/// Writes `step` octets at a time until nothing is left.
std::string drained(outbox& out, std::size_t step)
{
    std::string written;
    while (!out.empty()) {
        std::vector<boost::asio::const_buffer> buffers;
        out.gather(std::back_inserter(buffers));
        std::string all_of_it;
        for (auto const& b : buffers) {
            all_of_it.append(static_cast<char const*>(b.data()), b.size());
        }
        auto const n = std::min(step, all_of_it.size());
        written += all_of_it.substr(0, n);
        out.consume(n);
    }
    return written;
}

shared_bytes text(std::string s)
{
    return std::make_shared<bytes const>(std::move(s));
}

}  // namespace

TEST_CASE("outbox: drop-oldest leaves out the oldest droppable pieces only, and keeps the order")
{
    outbox out;
    for (int i = 0; i != 10; ++i) {
        out.push(text("e" + std::to_string(i)), true);
        out.push(text("r" + std::to_string(i)));
    }
    CHECK(out.drop_oldest(6, 40, false) == 3);  // 40 waited, 6 more are wanted
    CHECK(out.pending() == 34);
    CHECK(drained(out, 3) == "r0r1r2e3r3e4r4e5r5e6r6e7r7e8r8e9r9");
    CHECK(out.pending() == 0);
}

TEST_CASE("outbox: what was begun, and what a write holds, is not left out")
{
    outbox out;
    for (int i = 0; i != 5; ++i) {
        out.push(text("e" + std::to_string(i)), true);
    }
    out.consume(1);
    CHECK(out.drop_oldest(100, 8, false) == 4);
    CHECK(drained(out, 1) == "0");

    for (int i = 0; i != 70; ++i) {
        out.push(text("x"), true);
    }
    std::vector<boost::asio::const_buffer> buffers;
    CHECK(out.gather(std::back_inserter(buffers)) == gather_buffers);
    CHECK(out.drop_oldest(100, 100, true) == 6);
    out.consume(10);
    CHECK(drained(out, 100).size() == gather_buffers - 10);
}

TEST_CASE("outbox: a peer that takes nothing costs no more than its limit, however much is left out")
{
    outbox out;
    out.push(text("begin"));
    out.push(text("reply"));
    std::size_t dropped = 0;
    for (int i = 0; i != 100'000; ++i) {
        auto const t = text(std::to_string(100'000 + i));
        dropped += out.drop_oldest(t->size(), 100, false);
        out.push(t, true);
        REQUIRE(out.pending() <= 100);
        REQUIRE(out.slots() < 1'000);
    }
    CHECK(dropped == 100'000 - 15);
    auto const all = drained(out, 7);
    CHECK(all.substr(0, 16) == "beginreply199985");
    CHECK(all.substr(all.size() - 6) == "199999");
}

TEST_CASE("proxy header: addresses of both families; others and the proxy's own count as none")
{
    using namespace std::string_literals;
    std::string const begin = "\r\n\r\n\0\r\nQUIT\n"s;
    auto const source = [&](std::string const& rest) -> std::string {
        auto const fixed = proxy::parse_fixed(begin + rest);
        if (!fixed) {
            return fixed.error().what;
        }
        auto const found = proxy::parse_rest(*fixed, byte_view(rest).substr(4));
        if (!found) {
            return found.error().what;
        }
        return *found ? (*found)->address.text() + " " + std::to_string((*found)->port) : "none";
    };
    CHECK(source("\x21\x11\0\x0C"s + "\xCB\0\x71\7"s + "\x7F\0\0\1"s + "\x12\x67\0\x50"s) ==
          "203.0.113.7 4711");
    CHECK(source("\x21\x11\0\x0F"s + "\xCB\0\x71\7"s + "\x7F\0\0\1"s + "\x12\x67\0\x50"s + "\4\0\0"s) ==
          "203.0.113.7 4711");
    CHECK(source("\x21\x21\0\x24"s + "\x20\1\x0D\xB8"s + std::string(11, '\0') + "\1" +
                 std::string(16, '\0') + "\0\1\0\2"s) == "2001:db8::1 1");
    CHECK(source("\x20\0\0\0"s) == "none");
    CHECK(source("\x21\x31\0\0"s) == "none");
    CHECK(source("\x21\x11\0\2\0\0"s) == "a PROXY header without its addresses");
    CHECK(source("\x21\x11\0\x0C\0\0"s) == "a PROXY header that is cut short");
    CHECK(source("\x31\x11\0\0"s) == "a PROXY header of unknown version or command");
    CHECK(source("\x22\x11\0\0"s) == "a PROXY header of unknown version or command");
    CHECK(source("\x21\x11\xFF\xFF"s) == "a PROXY header of 65535 octets; the limit is 4096");
    CHECK(proxy::parse_fixed("PROXY TCP4 1.2.3.4").has_error());
    CHECK(proxy::parse_fixed("").has_error());
}

TEST_CASE("networks: prefixes of both families, and what is none")
{
    auto const all = networks::parse({"10.0.0.0/8", "192.0.2.17", "2001:db8::/33", "172.16.128.0/17"});
    REQUIRE(all.has_value());
    auto const inside = [&](char const* a) { return all->contains(*parse_host_address(a)); };
    CHECK(inside("10.255.1.2"));
    CHECK(!inside("11.0.0.1"));
    CHECK(inside("192.0.2.17"));
    CHECK(!inside("192.0.2.18"));
    CHECK(inside("2001:db8:7fff::1"));
    CHECK(!inside("2001:db8:8000::1"));
    CHECK(inside("172.16.128.0"));
    CHECK(!inside("172.16.127.255"));
    CHECK(inside("::ffff:10.1.1.1"));
    CHECK(networks::parse({"0.0.0.0/0"})->contains(*parse_host_address("8.8.8.8")));
    CHECK(!networks::parse({"0.0.0.0/0"})->contains(*parse_host_address("::1")));
    for (auto const* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "host", "::/129", "10.0.0.0/-1"}) {
        CAPTURE(bad);
        CHECK(networks::parse({bad}).has_error());
    }
}

TEST_CASE("recognise: the protocols that come to wrong ports")
{
    using namespace std::string_literals;
    CHECK(recognise("\x7f\xf2\0\0"s) == spoken::rawsocket);
    CHECK(recognise("\x7f"s) == spoken::rawsocket);
    CHECK(recognise("GET / HTTP/1.1\r\n") == spoken::http);
    CHECK(recognise("PUT") == spoken::http);
    CHECK(recognise("G") == spoken::http);
    CHECK(recognise("\x16\x03\x01"s) == spoken::tls);
    CHECK(recognise("\x10\x0c\0\4MQTT"s) == spoken::mqtt);
    CHECK(recognise("\r\n\r\n\0\r\nQUIT\n"s) == spoken::proxy);
    CHECK(recognise("\r\nGET") == spoken::unknown);
    CHECK(recognise("Ge") == spoken::unknown);
    CHECK(recognise("") == spoken::unknown);
}

}  // namespace cerro::transport
