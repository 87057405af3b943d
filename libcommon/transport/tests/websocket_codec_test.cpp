// The server's WebSocket framing without sockets: what it reads, what it writes.

#include "websocket_decoder.hpp"
#include "websocket_encoder.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <iterator>
#include <random>

namespace cerro::transport {

using namespace std::string_literals;
using kind = websocket_decoder::kind;

namespace {

struct shape {
    opcode op = opcode::text;
    bool last = true;
    unsigned reserved = 0;  // RSV1-3 as 0x40, 0x20, 0x10
    bool masked = true;
};

/// A client's frame.
std::string frame(std::string payload, shape s = {})
{
    std::string f;
    f.push_back(static_cast<char>((s.last ? 0x80U : 0U) | s.reserved | static_cast<unsigned>(s.op)));
    unsigned const mask_bit = s.masked ? 0x80 : 0;
    auto const n = payload.size();
    if (n < 126) {
        f.push_back(static_cast<char>(mask_bit | n));
    } else {
        bool const two = n < 65'536;
        f.push_back(static_cast<char>(mask_bit | (two ? 126U : 127U)));
        for (int shift = two ? 8 : 56; shift >= 0; shift -= 8) {
            f.push_back(static_cast<char>(std::uint64_t{n} >> static_cast<unsigned>(shift)));
        }
    }
    if (s.masked) {
        mask_key const key{0x11, 0x22, static_cast<char>(0xf3), 0x44};
        f.append(key.data(), key.size());
        mask(payload.data(), payload.size(), key);
    }
    return f + payload;
}

websocket_decoder::rules rules(std::size_t max_message = 1'000'000)
{
    websocket_decoder::rules r;
    r.text = true;
    r.max_message = r.max_frame = max_message;
    return r;
}

/// What a decoder makes of octets that come in steps: "message hello", "ping x", "fault 1002 text" ...
std::vector<std::string> read_all(websocket_decoder& d, std::string octets, std::size_t step = 1U << 30U)
{
    std::vector<std::string> out;
    std::string buffer;
    std::size_t fed = 0;
    while (fed < octets.size()) {
        auto const n = std::min(step, octets.size() - fed);
        buffer += octets.substr(fed, n);
        fed += n;
        for (;;) {
            auto const e = d.next(buffer.data(), buffer.size());
            if (e.what == kind::more) {
                break;
            }
            std::string const data(e.data);
            switch (e.what) {
                case kind::message:
                case kind::assembled: out.push_back("message " + data); break;
                case kind::ping: out.push_back("ping " + data); break;
                case kind::pong: out.push_back("pong " + data); break;
                case kind::close:
                    out.push_back("close " + std::to_string(static_cast<unsigned>(e.code)) + " " + data);
                    return out;
                case kind::fault:
                    out.push_back("fault " + std::to_string(static_cast<unsigned>(e.code)) + " " + e.text);
                    return out;
                default: break;
            }
            buffer.erase(0, e.consumed);
        }
    }
    return out;
}

std::vector<std::string> read_all(std::string const& octets,
                                  websocket_decoder::rules r = rules(),
                                  std::size_t step = 1U << 30U)
{
    websocket_decoder d(r, std::nullopt);
    return read_all(d, octets, step);
}

using lines = std::vector<std::string>;

shape part(opcode op, bool last)
{
    return {op, last, 0, true};
}

shape control(opcode op)
{
    return {op, true, 0, true};
}

shared_bytes wamp_frame(std::string const& m)
{
    bytes f;
    for (unsigned const shift : {24U, 16U, 8U, 0U}) {
        f.push_back(static_cast<char>(m.size() >> shift));
    }
    return std::make_shared<bytes const>(f + m);
}

/// The octets that an encoder makes of messages.
std::string encoded(websocket_encoder& e, std::vector<std::string> const& messages, char separator = '\x18')
{
    outbox queue;
    outbox out;
    for (auto const& m : messages) {
        queue.push(e.piece_of(wamp_frame(m), false));
    }
    std::string octets;
    while (!queue.empty()) {
        REQUIRE(e.encode(queue, out, separator));
        while (!out.empty()) {
            std::vector<boost::asio::const_buffer> buffers;
            out.gather(std::back_inserter(buffers));
            std::size_t n = 0;
            for (auto const& b : buffers) {
                octets.append(static_cast<char const*>(b.data()), b.size());
                n += b.size();
            }
            out.consume(n);
        }
    }
    return octets;
}

/// A server's frames taken apart: payloads with the first octet of each head in front.
std::vector<std::pair<unsigned, std::string>> frames_in(std::string const& octets)
{
    std::vector<std::pair<unsigned, std::string>> out;
    for (std::size_t at = 0; at < octets.size();) {
        frame_head head;
        REQUIRE(read_frame_head(byte_view(octets).substr(at), head) == nullptr);
        REQUIRE(head.size != 0);
        REQUIRE(!head.masked);
        auto const length = static_cast<std::size_t>(head.length);
        out.emplace_back(static_cast<unsigned char>(octets[at]), octets.substr(at + head.size, length));
        at += head.size + length;
    }
    return out;
}

}  // namespace

TEST_CASE("websocket decoder: each form of a frame's length, whole and one octet at a time")
{
    for (std::size_t const n : {0U, 1U, 7U, 8U, 31U, 32U, 33U, 125U, 126U, 127U, 65'535U, 65'536U, 70'001U}) {
        CAPTURE(n);
        std::string text;
        for (std::size_t i = 0; i != n; ++i) {
            text.push_back(static_cast<char>('a' + i % 26));
        }
        lines const expected{"message " + text};
        CHECK(read_all(frame(text)) == expected);
        CHECK(read_all(frame(text), rules(), n > 1'000 ? 997 : 1) == expected);
    }
}

TEST_CASE("websocket decoder: frames that come glued together are taken one by one")
{
    std::string const glued = frame("[1]") + frame("are you there", control(opcode::ping)) + frame("[2]") +
                              frame("", control(opcode::pong)) + frame("[3]");
    lines const expected{"message [1]", "ping are you there", "message [2]", "pong ", "message [3]"};
    CHECK(read_all(glued) == expected);
    CHECK(read_all(glued, rules(), 1) == expected);
    CHECK(read_all(glued, rules(), 5) == expected);
}

TEST_CASE("websocket decoder: fragments are put together, control frames may come between")
{
    std::string const octets = frame("[1,", part(opcode::text, false)) + frame("x", control(opcode::ping)) +
                               frame("", part(opcode::continuation, false)) +
                               frame("\"\xc3", part(opcode::continuation, false)) +
                               frame("\xa4\"]", part(opcode::continuation, true)) + frame("[2]");
    lines const expected{"ping x", "message [1,\"\xc3\xa4\"]", "message [2]"};
    CHECK(read_all(octets) == expected);
    CHECK(read_all(octets, rules(), 1) == expected);
}

TEST_CASE("websocket decoder: what breaks the framing ends the connection with 1002")
{
    auto const fault = [](std::string const& octets) {
        auto const all = read_all(octets);
        CHECK(read_all(octets, rules(), 1) == all);
        return all.empty() ? "nothing" : all.back();
    };
    auto const reserved = [&](unsigned bits) {
        return fault(frame("[1]", {opcode::text, true, bits, true}));
    };
    CHECK(reserved(0x40) == "fault 1002 reserved bits are set in a frame");
    CHECK(reserved(0x20) == "fault 1002 reserved bits are set in a frame");
    CHECK(reserved(0x10) == "fault 1002 reserved bits are set in a frame");
    for (unsigned const op : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
        CHECK(fault(frame("x", control(static_cast<opcode>(op)))) ==
              "fault 1002 a frame has a reserved opcode");
    }
    CHECK(fault(frame("x", {opcode::text, true, 0, false})) == "fault 1002 a client's frame is not masked");
    CHECK(fault(frame("x", part(opcode::ping, false))) == "fault 1002 a control frame is fragmented");
    CHECK(fault(frame(std::string(126, 'x'), control(opcode::pong))) ==
          "fault 1002 a control frame is longer than 125 octets");
    CHECK(fault(frame("x", part(opcode::continuation, true))) == "fault 1002 a continuation of no message");
    CHECK(fault(frame("x", part(opcode::text, false)) + frame("y")) ==
          "fault 1002 a message begins within another one");
    CHECK(fault(frame("x", control(opcode::binary))) ==
          "fault 1002 a binary message under a text subprotocol");
    CHECK(fault("\x81\xfe\x00\x7d\1\2\3\4"s) == "fault 1002 a frame's length is not in its shortest form");
    CHECK(fault("\x81\xff\0\0\0\0\0\0\xff\xff\1\2\3\4"s) ==
          "fault 1002 a frame's length is not in its shortest form");
    CHECK(fault("\x81\xff\x80\0\0\0\0\0\0\0\1\2\3\4"s) == "fault 1002 a frame's length is above 2^63");
}

TEST_CASE("websocket decoder: too large is told at the header, without the memory for it")
{
    auto const fault = [](std::string const& octets, websocket_decoder::rules r) {
        auto const all = read_all(octets, r);
        return all.empty() ? "nothing" : all.back();
    };
    CHECK(fault("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4"s, rules()) ==
          "fault 1009 a frame of 9223372036854775807 bytes; the limit is 1000000");
    CHECK(fault("\x81\xfe\x01\x00\1\2\3\4"s, rules(255)) ==
          "fault 1009 a frame of 256 bytes; the limit is 255");

    auto small_frames = rules();
    small_frames.max_frame = 10;
    CHECK(fault(frame(std::string(11, 'x')), small_frames) ==
          "fault 1009 a frame of 11 bytes; the limit is 10");
    CHECK(fault(frame(std::string(10, 'x'), part(opcode::text, false)) +
                    frame("y", part(opcode::continuation, true)),
                small_frames) == "message xxxxxxxxxxy");

    std::string endless = frame("0123456789", part(opcode::text, false));
    for (int i = 0; i != 20; ++i) {
        endless += frame("0123456789", part(opcode::continuation, false));
    }
    CHECK(fault(endless, rules(100)) == "fault 1009 a message of 110 bytes; the limit is 100");
}

TEST_CASE("websocket decoder: text must be UTF-8, also across fragments, unless that is switched off")
{
    auto unchecked = rules();
    unchecked.validate_utf8 = false;
    for (std::string const bad : {"\xff", "\xc3", "abc\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf"}) {
        std::string const text = std::string(40, 'a') + bad;
        CHECK(read_all(frame(text)) == lines{"fault 1007 a text message is not UTF-8"});
        CHECK(
            read_all(frame(text, part(opcode::text, false)) + frame("", part(opcode::continuation, true))) ==
            lines{"fault 1007 a text message is not UTF-8"});
        CHECK(read_all(frame(text), unchecked) == lines{"message " + text});
    }
    std::string const good = "\xc3\xa4\xe2\x98\x83\xf0\x9f\x98\x80";
    CHECK(read_all(frame(good)) == lines{"message " + good});

    auto binary = rules();
    binary.text = false;
    CHECK(read_all(frame("\xff\xfe", control(opcode::binary)), binary) == lines{"message \xff\xfe"});
    CHECK(read_all(frame("x"), binary) == lines{"fault 1002 a text message under a binary subprotocol"});
}

TEST_CASE("websocket decoder: close frames")
{
    auto const close = [](std::string const& payload) {
        auto const all = read_all(frame(payload, control(opcode::close)));
        return all.empty() ? "nothing" : all.back();
    };
    CHECK(close("") == "close 1005 ");
    CHECK(close("\x03\xe8") == "close 1000 ");
    CHECK(close("\x03\xe9going") == "close 1001 going");
    CHECK(close("\x13\x87") == "close 4999 ");
    CHECK(close("\x03") == "fault 1002 a close frame with half a code");
    CHECK(close("\x03\xe8\xff") == "fault 1007 the reason of a close frame is not UTF-8");
    for (unsigned const code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65'535U}) {
        std::string const payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
        CHECK(close(payload) == "fault 1002 close code " + std::to_string(code));
    }
}

TEST_CASE("websocket decoder: frames without a mask are taken where that is allowed")
{
    auto lenient = rules();
    lenient.require_mask = false;
    CHECK(read_all(frame("[1]", {opcode::text, true, 0, false}), lenient) == lines{"message [1]"});
    CHECK(read_all(frame("[1]"), lenient) == lines{"message [1]"});
}

TEST_CASE("websocket mask: words and tail are the same as octet by octet, ASCII is told")
{
    std::mt19937 random(1);
    for (std::size_t n = 0; n != 80; ++n) {
        std::string text(n, '\0');
        for (auto& c : text) {
            c = static_cast<char>(random());
        }
        mask_key const key{static_cast<char>(random()), 1, static_cast<char>(random()), 7};
        auto masked = text;
        mask(masked.data(), n, key);
        for (std::size_t i = 0; i != n; ++i) {
            REQUIRE(masked[i] == static_cast<char>(text[i] ^ key[i % 4]));
        }
        mask(masked.data(), n, key);
        REQUIRE(masked == text);
        std::string plain(n, 'x');
        REQUIRE(mask(plain.data(), n, {}));
        for (std::size_t i = 0; i != n; ++i) {
            plain[i] = static_cast<char>(0x80);
            REQUIRE(!mask(plain.data(), n, {}));
            plain[i] = 'x';
        }
    }
}

TEST_CASE("websocket encoder: plain messages have a frame each, long ones are not copied")
{
    websocket_encoder e({codec::serializer::msgpack, false}, std::nullopt, 0);
    std::vector<std::string> messages;
    for (std::size_t const n : {1U, 125U, 126U, 511U, 512U, 70'000U, 3U}) {
        messages.emplace_back(n, static_cast<char>('a' + messages.size()));
    }
    auto const frames = frames_in(encoded(e, messages));
    REQUIRE(frames.size() == messages.size());
    for (std::size_t i = 0; i != messages.size(); ++i) {
        CHECK(frames[i].first == 0x82);
        CHECK(frames[i].second == messages[i]);
    }

    outbox queue;
    outbox out;
    auto const shared = wamp_frame(std::string(10'000, 'x'));
    queue.push(e.piece_of(shared, false));
    REQUIRE(e.encode(queue, out, '\x18'));
    CHECK(out.take().view.size() == 4);
    CHECK(out.take().view.data() == shared->data() + 4);
}

TEST_CASE("websocket encoder: batches of both kinds")
{
    websocket_encoder binary({codec::serializer::cbor, true}, std::nullopt, 0);
    auto frames = frames_in(encoded(binary, {"a", "bc"}));
    REQUIRE(frames.size() == 1);
    CHECK(frames[0] == std::pair(0x82U, "\0\0\0\1a\0\0\0\2bc"s));

    websocket_encoder text({codec::serializer::json, true}, std::nullopt, 0);
    frames = frames_in(encoded(text, {"[1]", "[2]"}, '\x1e'));
    REQUIRE(frames.size() == 1);
    CHECK(frames[0] == std::pair(0x81U, "[1]\x1e[2]\x1e"s));
}

TEST_CASE("websocket encoder: messages longer than a fragment go out in several frames")
{
    std::string const longer = "0123456789abcdefghijKLM";
    websocket_encoder plain({codec::serializer::json, false}, std::nullopt, 10);
    auto const frames = frames_in(encoded(plain, {"short", longer, "0123456789"}));
    CHECK(frames == std::vector<std::pair<unsigned, std::string>>{{0x81, "short"},
                                                                  {0x01, "0123456789"},
                                                                  {0x00, "abcdefghij"},
                                                                  {0x80, "KLM"},
                                                                  {0x81, "0123456789"}});
    // Long pieces and short ends, in batches too.
    std::string const much(5'000, 'x');
    websocket_encoder batched({codec::serializer::json, true}, std::nullopt, 1'300);
    std::string joined;
    auto const cut = frames_in(encoded(batched, {much, "[1]", much}));
    for (std::size_t i = 0; i != cut.size(); ++i) {
        joined += cut[i].second;
        CHECK(cut[i].first == ((i == 0 ? 1U : 0U) | (i + 1 == cut.size() ? 0x80U : 0U)));
        CHECK(cut[i].second.size() <= 1'300);
    }
    CHECK(joined == much + "\x18[1]\x18" + much + "\x18");
}

TEST_CASE("websocket encoder: what it writes, split at every fragment size, a decoder reads again")
{
    std::vector<std::string> const messages{"[1]", std::string(700, 'y'), std::string(2'000, 'z')};
    for (std::size_t const fragment : {1U, 2U, 100U, 511U, 512U, 513U, 1'024U}) {
        websocket_encoder e({codec::serializer::json, false}, std::nullopt, fragment);
        auto lenient = rules();
        lenient.require_mask = false;
        lines expected;
        for (auto const& m : messages) {
            expected.push_back("message " + m);
        }
        CHECK(read_all(encoded(e, messages), lenient, 333) == expected);
    }
}

}  // namespace cerro::transport
