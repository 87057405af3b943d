#include "world.hpp"

#include <string_view>
#include <vector>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

TEST_CASE("payloads that only one serializer knows never harm the router")
{
    using namespace std::string_view_literals;
    world w;
    struct one {
        codec::serializer s;
        std::string_view head;  // CALL with request id n, {} and "a.b", up to the arguments
        std::vector<std::string_view> args;
    };
    std::vector<one> const odd{
        {codec::serializer::msgpack,
         "\x95\x30\xcd\x01\x00\x80\xa3"
         "a.b"sv,
         {"\x91\xd4\x05x"sv,
          "\x91\xc7\x02\x05xy"sv,
          "\x91\x81\x01\x02"sv,
          "\x91\x81\xc0\xc0"sv,
          "\x91\xa1\xff"sv,
          "\x91\xcf\xff\xff\xff\xff\xff\xff\xff\xff"sv,
          "\x91\xca\x7f\x80\x00\x00"sv,
          "\x91\x81\xc4\x01x\x01"sv}},
        {codec::serializer::cbor,
         "\x85\x18\x30\x19\x01\x00\xa0\x63"
         "a.b"sv,
         {"\x81\xf7"sv,
          "\x81\xa1\x01\x02"sv,
          "\x81\xc1\x1a\x00\x00\x00\x01"sv,
          "\x81\xc2\x49\x01\0\0\0\0\0\0\0\0"sv,
          "\x81\x61\xff"sv,
          "\x81\x9f\x01\xff"sv,
          "\x81\x7f\x61x\x61y\xff"sv,
          "\x81\x5f\x41x\xff"sv,
          "\x81\xf0"sv,
          "\x81\x3b\xff\xff\xff\xff\xff\xff\xff\xff"sv,
          "\x81\xbf\x61x\x01\xff"sv,
          "\x81\xf9\x7c\x00"sv}},
        {codec::serializer::json,
         "[48,256,{},\"a.b\","sv,
         {"[\"\\ud800\"]]"sv,
          "[\"\\u0000!!\"]]"sv,
          "[1e400]]"sv,
          "[NaN,-Infinity]]"sv,
          "[123456789012345678901234567890]]"sv,
          "[{\"a\":1,\"a\":2}]]"sv}},
    };
    for (auto const to : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        for (auto const& group : odd) {
            for (auto const& args : group.args) {
                client callee(w, to);
                callee.join();
                callee.say("[64,1,{},'a.b']");
                callee.next();
                client caller(w, group.s);
                caller.join();
                callee.say("[32,1,{},'a.b']");
                callee.next();
                INFO(static_cast<int>(group.s)
                     << " to " << static_cast<int>(to) << ": " << args.size() << " octets");
                REQUIRE_NOTHROW(caller.say_bytes(std::string(group.head).append(args)));
                // Either it arrived, in the callee's serializer, or the caller was told.
                CHECK((!callee.silent() || !caller.silent()));
                caller.drop();
                callee.drop();
            }
        }
    }
}
