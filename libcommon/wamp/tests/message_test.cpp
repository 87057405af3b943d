#include <cerro/wamp/fast.hpp>
#include <cerro/wamp/message.hpp>

#include <catch2/catch.hpp>

#include <array>

using namespace cerro;
using codec::serializer;
using wamp::message;
using wamp::message_type;

namespace {

constexpr std::array all{serializer::json, serializer::msgpack, serializer::cbor};

message scanned(serializer s, byte_view input)
{
    auto m = wamp::scan(s, input);
    INFO((m ? "" : m.error().what));
    REQUIRE(m.has_value());
    return *m;
}

std::string problem_of(byte_view json)
{
    auto const m = wamp::scan(serializer::json, json);
    REQUIRE(m.has_error());
    return m.error().what;
}

/// The message in a frame, whose length prefix is checked.
byte_view unframed(shared_bytes const& frame)
{
    REQUIRE(frame->size() >= 4);
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        length = length << 8U | static_cast<unsigned char>((*frame)[i]);
    }
    REQUIRE(length == frame->size() - 4);
    return byte_view(*frame).substr(4);
}

}  // namespace

TEST_CASE("scan: the payload is a range of the input, not decoded")
{
    std::string const input = R"( [ 16 , 7 , { } , "a.b" , [1, "x"] , {"k": [2]} ] )";
    auto const m = scanned(serializer::json, input);
    CHECK(m.type == message_type::publish);
    CHECK(m.request == 7);
    CHECK(m.details.empty());
    CHECK(m.uri == "a.b");
    CHECK(m.payload.args == R"([1, "x"])");
    CHECK(m.payload.kwargs == R"({"k": [2]})");
    CHECK(m.payload.args.data() >= input.data());
    CHECK(m.payload.args.data() < input.data() + input.size());
    CHECK(*wamp::decode_args(m.payload) == list{1, "x"});
    CHECK(*wamp::decode_kwargs(m.payload) == dict{{"k", list{2}}});
}

TEST_CASE("scan: what peers do differently is understood")
{
    CHECK(scanned(serializer::json, "[48,1.0,null,\"p\",null,null]").payload.args.empty());
    CHECK(scanned(serializer::json, "[48,1e0,{},\"p\"]").request == 1);
    CHECK(scanned(serializer::json, "[37,5]").type == message_type::event_received);
    CHECK(scanned(serializer::json, "[337,5]").type == message_type::event_received);
    CHECK(scanned(serializer::json, "[48,9007199254740992,{},\"p\"]").request == 9007199254740992U);
    // float64 numbers in MessagePack (JavaScript), an indefinite list in CBOR
    CHECK(scanned(serializer::msgpack,
                  byte_view("\x93\xcb\x40\x40\x80\0\0\0\0\0\xcb\x40\x14\0\0\0\0\0\0\x05", 20))
              .id2 == 5);
    CHECK(scanned(serializer::cbor, byte_view("\x9f\x18\x21\x05\xf9\x46\x00\xff", 8)).id2 == 6);
}

TEST_CASE("scan: faults name the message and the field")
{
    CHECK(problem_of("") == "message type: json: not a list at byte 0");
    CHECK(problem_of("[]").starts_with("message type: "));
    CHECK(problem_of("{}").starts_with("message type: "));
    CHECK(problem_of("[48]") == "CALL: request id is missing");
    CHECK(problem_of("[48,-1,{},\"p\"]").starts_with("CALL: request id: "));
    CHECK(problem_of("[48,1.5,{},\"p\"]").starts_with("CALL: request id: "));
    CHECK(problem_of("[48,9007199254740993,{},\"p\"]").starts_with("CALL: request id: "));
    CHECK(problem_of("[48,\"1\",{},\"p\"]").starts_with("CALL: request id: "));
    CHECK(problem_of("[48,1,[],\"p\"]").starts_with("CALL: details or options: "));
    CHECK(problem_of("[48,1,{},7]").starts_with("CALL: URI: "));
    CHECK(problem_of("[48,1,{},\"p\",{}]") == "CALL: args is no list");
    CHECK(problem_of("[48,1,{},\"p\",\"text\"]") == "CALL: args is no list");
    CHECK(problem_of("[48,1,{},\"p\",\"\\u0000no base64\"]") == "CALL: args is no list");
    CHECK(problem_of("[48,1,{},\"p\",true]") == "CALL: args is no list");
    CHECK(problem_of("[48,1,{},\"p\",1]") == "CALL: args is no list");
    CHECK(wamp::scan(serializer::msgpack, byte_view("\x95\x30\x01\x80\xa1p\xa1x", 8)).has_error());
    CHECK(problem_of("[48,1,{},\"p\",[],[]]") == "CALL: kwargs is no dict");
    CHECK(problem_of("[48,1,{},\"p\",[1,]]").starts_with("CALL: args: "));
    CHECK(problem_of("[48,1,{},\"p\",[],{},1]") == "CALL: more elements than belong here");
    CHECK(problem_of("[48,1,{},\"p\"").starts_with("CALL: end: "));
    CHECK(problem_of("[48,1,{},\"p\"]x").starts_with("CALL: end: "));
    CHECK(wamp::scan(serializer::json, "[99,1]").error().code == errc::unsupported);
    CHECK(wamp::scan(serializer::json, "[0]").error().code == errc::unsupported);
    CHECK(wamp::scan(serializer::json, "[304,1]").error().code == errc::unsupported);
}

TEST_CASE("scan: limits hold for details and payload")
{
    auto const deep = "[48,1,{},\"p\"," + std::string(65, '[') + std::string(65, ']') + "]";
    CHECK(wamp::scan(serializer::json, deep).error().code == errc::limit_exceeded);
    CHECK(wamp::scan(serializer::json, "[48,1,{\"a\":{\"b\":[]}},\"p\"]", {2, 10}).error().code ==
          errc::limit_exceeded);
    CHECK(wamp::scan(serializer::json, "[48,1,{\"a\":1},\"p\",[1,2]]", {9, 3}).has_value());
    CHECK(wamp::scan(serializer::json, "[48,1,{\"a\":1},\"p\",[1,2]]", {9, 2}).error().code ==
          errc::limit_exceeded);
}

TEST_CASE("scan_into: a message that is used again keeps nothing of the one before")
{
    message m;
    REQUIRE(
        wamp::scan_into(serializer::json, R"([16,7,{"acknowledge":true},"a.b",[1],{"k":2}])", m).has_value());
    REQUIRE(wamp::scan_into(serializer::json, "[50,8,{}]", m).has_value());
    CHECK(m.type == message_type::result);
    CHECK(m.request == 8);
    CHECK(m.uri.empty());
    CHECK(m.details.empty());
    CHECK(m.payload.args.empty());
    CHECK(m.payload.kwargs.empty());
}

TEST_CASE("write: kwargs without args get an empty list before them")
{
    wamp::payload const kwargs_only(serializer::json, {}, {{"k", 1}});
    message m;
    m.type = message_type::call;
    m.request = 3;
    m.uri = "p";
    m.payload = kwargs_only.view();
    bytes out;
    wamp::write(serializer::json, m, out);
    CHECK(out == R"([48,3,{},"p",[],{"k":1}])");
    m.payload.args = {};
    out.clear();
    wamp::write(serializer::json, m, out);
    CHECK(out == R"([48,3,{},"p",[],{"k":1}])");
    CHECK(wamp::payload(serializer::json, {}, {}).view().args.empty());
}

TEST_CASE("write: details of UNREGISTERED only with request 0")
{
    message m;
    m.type = message_type::unregistered;
    m.details = {{"registration", 5}};
    bytes out;
    wamp::write(serializer::json, m, out);
    CHECK(out == R"([67,0,{"registration":5}])");
    m.request = 9;
    out.clear();
    wamp::write(serializer::json, m, out);
    CHECK(out == "[67,9]");
}

TEST_CASE("frames made of pieces are those made of messages, for any pair of serializers")
{
    dict const details{{"topic", "a.b"}, {"publisher", 17}};
    for (auto const from : all) {
        wamp::payload const payload(from, {1, "x", binary{"\x01\x02"}, 1.5}, {{"k", list{nullptr, true}}});
        for (auto const to : all) {
            for (auto const& d : {dict(), details}) {
                INFO(codec::name(from) << " to " << codec::name(to));
                message m{message_type::event, 1234567, 89, {}, {}, d, payload.view()};
                CHECK(*wamp::frame_event(to, 1234567, 89, d, payload.view()) == *wamp::frame(to, m));
                m.type = message_type::invocation;
                CHECK(*wamp::frame_invocation(to, 1234567, 89, d, payload.view()) == *wamp::frame(to, m));
                m.type = message_type::result;
                CHECK(*wamp::frame_result(to, 1234567, d, payload.view()) == *wamp::frame(to, m));
                m.type = message_type::error;
                m.id2 = 48;
                m.uri = "wamp.error.canceled";
                auto const frame =
                    wamp::frame_error(to, message_type::call, 1234567, d, m.uri, payload.view());
                CHECK(*frame == *wamp::frame(to, m));
                auto const again = scanned(to, unframed(frame));
                CHECK(*wamp::decode_args(again.payload) == *wamp::decode_args(payload.view()));
                CHECK(*wamp::decode_kwargs(again.payload) == *wamp::decode_kwargs(payload.view()));
                CHECK(again.details == d);
            }
        }
    }
}

TEST_CASE("a payload of one binary in the place of args is handed on through every serializer")
{
    auto const m = scanned(serializer::json, R"([36,1,2,{"enc_algo":"cryptobox"},"\u0000AQI="])");
    auto const frame = wamp::frame_event(serializer::msgpack, 1, 2, m.details, m.payload);
    auto const binary_form = scanned(serializer::msgpack, unframed(frame));
    CHECK(binary_form.payload.args == byte_view("\xc4\x02\x01\x02"));
    CHECK(wamp::decode_args(binary_form.payload).error().code == errc::malformed);
}

TEST_CASE("frames: text in a payload that is not UTF-8 does not stop it from being transcoded")
{
    auto const m = scanned(serializer::msgpack, byte_view("\x95\x24\x01\x02\x80\x91\xa1\xff", 8));
    CHECK(wamp::decode_args(m.payload).has_error());
    CHECK(unframed(wamp::frame_event(serializer::json, 1, 2, {}, m.payload)) == "[36,1,2,{},[\"\ufffd\"]]");
}
