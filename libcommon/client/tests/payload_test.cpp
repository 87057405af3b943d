// What comes with a payload that cannot be read.

#include "peer.hpp"

#include <catch2/catch.hpp>

namespace cerro::client {

using testing::run;
using testing::run_until;

namespace {

// MessagePack
constexpr byte_view bad_text("\x91\xa3\x61\xff\x62", 5);  // ["a<FF>b"]
constexpr byte_view binary("\xc4\x02\x00\x01", 4);        // octets in place of the list

bool one_answer(peer& router, received const& r, byte_view args)
{
    if (r.m.type == message_type::call) {
        router.send_encoded(r.m.uri == "fails" ? peer::make(message_type::error, r.m.request, 48, "x.error")
                                               : peer::make(message_type::result, r.m.request),
                            args);
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("session: an event that cannot be read is dropped and counted, the next one arrives")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    std::vector<value> seen;
    REQUIRE(run(io, s->subscribe("t", [&](event const& e) {
                seen.push_back(e.payload.args.at(0));
            })).has_value());
    router.send_encoded(peer::make(message_type::event, router.id_of("t"), 1), binary);
    router.send(peer::make(message_type::event, router.id_of("t"), 2), {value("good")});
    REQUIRE(run_until(io, [&] { return !seen.empty() || router.connections() == 2; }));
    CHECK(seen == std::vector<value>{value("good")});
    CHECK(s->events_dropped() == 1);
    CHECK(router.connections() == 1);
    CHECK(router.count(message_type::abort) == 0);
}

TEST_CASE("session: text in an event that is not UTF-8 is read with a replacement character")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    std::vector<value> seen;
    REQUIRE(run(io, s->subscribe("t", [&](event const& e) {
                seen.push_back(e.payload.args.at(0));
            })).has_value());
    router.send_encoded(peer::make(message_type::event, router.id_of("t"), 1), bad_text);
    router.send(peer::make(message_type::event, router.id_of("t"), 2), {value("good")});
    REQUIRE(run_until(io, [&] { return seen.size() == 2 || router.connections() == 2; }));
    CHECK(seen == std::vector<value>{value("a\xEF\xBF\xBD"
                                           "b"),
                                     value("good")});
    CHECK(s->events_dropped() == 0);
}

TEST_CASE("session: a result that cannot be read fails its call alone; an error keeps its name")
{
    boost::asio::io_context io(1);
    peer router(io);
    byte_view args = GENERATE(bad_text, binary);
    router.script = [&](received const& r) { return one_answer(router, r, args); };
    auto const s = join(io, options_for(router.port()));
    auto const r = run(io, s->call("p"));
    REQUIRE(r.has_error());
    CHECK(r.error().uri == "wamp.error.invalid_payload");
    auto const e = run(io, s->call("fails"));
    REQUIRE(e.has_error());
    CHECK(e.error().uri == "x.error");
    CHECK(e.error().args.size() == 1);
    CHECK(router.connections() == 1);
}

TEST_CASE("session: an invocation that cannot be read is refused, its procedure not called")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    bool called = false;
    auto handler = [&called](invocation) -> asio::awaitable<outcome<arguments>> {
        called = true;
        co_return arguments();
    };
    REQUIRE(run(io, s->register_procedure("p", handler)).has_value());
    router.send_encoded(peer::make(message_type::invocation, 1, router.id_of("p")), bad_text);
    REQUIRE(run_until(io, [&] { return router.count(message_type::error) == 1; }));
    CHECK(router.last(message_type::error)->m.uri == "wamp.error.invalid_payload");
    CHECK(!called);
    CHECK(router.connections() == 1);
}

}  // namespace cerro::client
