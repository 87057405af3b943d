// permessage-deflate: what is agreed upon, and messages that go through it both ways.

#include "deflate.hpp"

#include "websocket_decoder.hpp"
#include "websocket_encoder.hpp"

#include <catch2/catch.hpp>
#include <zlib.h>

#include <iterator>

namespace cerro::transport {

using namespace std::string_literals;

namespace {

std::string answer_to(std::string_view offers, deflate_options const& o = {})
{
    std::string answer;
    return agree_on_deflate(offers, o, answer) ? answer : "none";
}

/// A message as a peer compresses it (RFC 7692, 7.2.1).
std::string compressed(std::string_view message, int finish = Z_SYNC_FLUSH)
{
    z_stream z{};
    ::deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    std::string out(message.size() + 1'000, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    z.avail_in = static_cast<uInt>(message.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    ::deflate(&z, finish);
    out.resize(out.size() - z.avail_out);
    ::deflateEnd(&z);
    if (finish == Z_SYNC_FLUSH) {
        out.resize(out.size() - 4);
    } else {
        out.push_back('\0');
    }
    return out;
}

using outcome = inflater::outcome;

outcome inflate_all(inflater& i, std::string_view in, bytes& out, std::size_t limit = 1U << 20U)
{
    auto const added = i.add(in, out, limit);
    return added == outcome::ok ? i.finish(out, limit) : added;
}

}  // namespace

TEST_CASE("deflate: the first offer that can be accepted is, with what both sides want")
{
    CHECK(answer_to("permessage-deflate") == "permessage-deflate");
    CHECK(answer_to("permessage-deflate; client_max_window_bits") == "permessage-deflate");
    CHECK(answer_to("x-webkit-deflate-frame, permessage-deflate;client_no_context_takeover") ==
          "permessage-deflate; client_no_context_takeover");
    CHECK(answer_to("permessage-deflate; server_no_context_takeover; server_max_window_bits=10") ==
          "permessage-deflate; server_no_context_takeover; server_max_window_bits=10");
    CHECK(answer_to("permessage-deflate; server_max_window_bits=\"12\"") ==
          "permessage-deflate; server_max_window_bits=12");
    // The second offer of Chrome and Firefox is for those that cannot keep to the first.
    CHECK(answer_to("permessage-deflate; server_max_window_bits=8, permessage-deflate") ==
          "permessage-deflate");

    deflate_options strict;
    strict.request_no_context_takeover = strict.no_context_takeover = true;
    strict.request_max_window_bits = 11;
    strict.max_window_bits = 12;
    CHECK(answer_to("permessage-deflate; client_max_window_bits", strict) ==
          "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; "
          "client_no_context_takeover; client_max_window_bits=11");
    CHECK(
        answer_to("permessage-deflate; client_max_window_bits=9", strict).find("client_max_window_bits=9") !=
        std::string::npos);
    // A client that does not name the parameter does not know it.
    CHECK(answer_to("permessage-deflate", strict).find("client_max_window_bits") == std::string::npos);
}

TEST_CASE("deflate: offers that are none are declined")
{
    for (auto const* offer : {"",
                              "permessage-bzip2",
                              "permessage-deflate; server_max_window_bits",
                              "permessage-deflate; server_max_window_bits=8",
                              "permessage-deflate; server_max_window_bits=16",
                              "permessage-deflate; server_max_window_bits=09",
                              "permessage-deflate; server_max_window_bits=",
                              "permessage-deflate; client_max_window_bits=x",
                              "permessage-deflate; client_no_context_takeover=1",
                              "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
                              "permessage-deflate; unheard_of",
                              "permessage-deflate;"}) {
        CAPTURE(offer);
        CHECK(answer_to(offer) == "none");
    }
}

TEST_CASE("deflate: messages come out as they went in, with the window kept and without")
{
    for (bool const keep : {true, false}) {
        deflate_agreement a;
        a.keep_in = a.keep_out = keep;
        deflater d(a);
        inflater i(a);
        std::size_t first = 0;
        for (int round = 0; round != 3; ++round) {
            for (std::string const& message : {std::string(),
                                               "[1]"s,
                                               std::string(1'000, 'x'),
                                               "\xff\0 binary"s,
                                               "{\"temperature\": 4.2}"s}) {
                bytes packed;
                REQUIRE(d.add(message, packed));
                REQUIRE(d.finish(packed));
                first = round == 0 ? packed.size() : first;
                bytes out;
                CHECK(inflate_all(i, packed, out) == outcome::ok);
                CHECK(out == message);
                if (round == 2 && message.size() == 20) {
                    CHECK((packed.size() < first) == keep);
                }
            }
        }
    }
}

TEST_CASE("deflate: a bomb is stopped at the limit, whatever it would become")
{
    auto const bomb = compressed(std::string(64U << 20U, '\0'));
    CHECK(bomb.size() < 100'000);
    inflater i(deflate_agreement{});
    bytes out;
    CHECK(i.add(bomb, out, 10'000) == outcome::too_big);
    CHECK(out.capacity() < 30'000);

    inflater exact(deflate_agreement{});
    bytes whole;
    CHECK(inflate_all(exact, compressed(std::string(10'000, 'x')), whole, 10'000) == outcome::ok);
    inflater above(deflate_agreement{});
    whole.clear();
    CHECK(inflate_all(above, compressed(std::string(10'001, 'x')), whole, 10'000) == outcome::too_big);
}

TEST_CASE("deflate: octets that are no deflate, and messages cut off, are corrupt")
{
    for (std::string const& bad : {"\xff\xff\xff"s, "\x00\x05\x00"s, "hello"s}) {
        inflater i(deflate_agreement{});
        bytes out;
        CHECK(inflate_all(i, bad, out) == outcome::corrupt);
    }
    auto const whole = compressed("[\"a message of some length that is cut\"]");
    for (std::size_t n = 1; n < whole.size(); ++n) {
        inflater i(deflate_agreement{});
        bytes out;
        bool const ok = inflate_all(i, whole.substr(0, n), out) == outcome::ok;
        CHECK(!ok);
    }
}

TEST_CASE("deflate: a peer may end its stream within a message")
{
    inflater i(deflate_agreement{});
    bytes out;
    CHECK(inflate_all(i, compressed("[1,2,3]", Z_FINISH), out) == outcome::ok);
    CHECK(out == "[1,2,3]");
    out.clear();
    CHECK(inflate_all(i, compressed("[4]"), out) == outcome::ok);
    CHECK(out == "[4]");
}

TEST_CASE("deflate: compressed frames through encoder and decoder, also in fragments and batches")
{
    std::vector<std::string> const messages{
        "[1]", std::string(3'000, 'y'), "[\"" + std::string(200, 'z') + "\"]"};
    for (bool const batched : {false, true}) {
        for (std::size_t const fragment : {0U, 1U, 20U}) {
            CAPTURE(batched, fragment);
            deflate_agreement a;
            a.keep_in = a.keep_out = fragment != 20;
            subprotocol const p{codec::serializer::json, batched};
            websocket_encoder e(p, a, fragment);
            websocket_decoder::rules r;
            r.text = true;
            r.require_mask = false;
            r.max_message = r.max_frame = 10'000;
            websocket_decoder d(r, a);
            outbox queue;
            outbox out;
            for (auto const& m : messages) {
                queue.push(e.piece_of(std::make_shared<bytes const>("\0\0\0\0"s + m), false));
            }
            REQUIRE(e.encode(queue, out, '\x1e'));
            std::string octets;
            while (!out.empty()) {
                octets += out.take().view;
            }
            CHECK(octets.size() < 500);
            std::vector<std::string> got;
            std::optional<char> separator;
            while (!octets.empty()) {
                auto const event = d.next(octets.data(), octets.size());
                INFO(event.text);
                REQUIRE(event.consumed != 0);
                if (!event.data.empty()) {
                    std::vector<byte_view> views;
                    REQUIRE(split_batch(p, event.data, 10'000, views, separator).has_value());
                    got.insert(got.end(), views.begin(), views.end());
                }
                octets.erase(0, event.consumed);
            }
            CHECK(got == messages);
        }
    }
}

TEST_CASE("deflate: the decoder refuses a bomb with 1009 and rubbish with 1007")
{
    auto const fault = [](std::string const& payload) {
        websocket_decoder::rules r;
        r.text = true;
        r.require_mask = false;
        r.max_message = r.max_frame = 100'000;
        websocket_decoder d(r, deflate_agreement{});
        bytes octets;
        append_frame_head(octets, opcode::text, payload.size(), true);
        octets += payload;
        auto const e = d.next(octets.data(), octets.size());
        CHECK(e.what == websocket_decoder::kind::fault);
        return e.code;
    };
    CHECK(fault(compressed(std::string(64U << 20U, ' '))) == close_code::too_big);
    CHECK(fault("\xff\xff\xff\xff") == close_code::bad_payload);
    CHECK(fault(compressed("\xff\xfe")) == close_code::bad_payload);  // not UTF-8 after inflation
}

}  // namespace cerro::transport
