#include "support.hpp"

#include <catch2/catch.hpp>

#include <array>

namespace cerro::transport {

using testing::run_until;

namespace {

void echo_all(connect_options o,
              listen_options where,
              std::string const& kind,
              std::string const& url_of_unix = {})
{
    boost::asio::io_context io(1);
    server s(io, std::move(where));
    s.echo = true;
    o.url = url_of_unix.empty() ? url(o.url, s) : url_of_unix;
    auto c = open_client(io, o);
    CHECK(c.line->info().kind == kind);
    std::vector<std::string> sent;
    for (std::size_t const size : {1U, 5U, 125U, 126U, 70'000U, 3U, 1'000'000U}) {
        sent.emplace_back(size, static_cast<char>('a' + sent.size()));
        REQUIRE(c.line->send(recorder::frame_of(sent.back())));
    }
    REQUIRE(run_until(io, [&] { return c.owner->messages.size() == sent.size(); }));
    CHECK(c.owner->messages == sent);
    CHECK(c.line->pending_bytes() == 0);
    c.line->close(close_reason::closed_by_us, {}, true);
    REQUIRE(run_until(io, [&] { return c.owner->closed && s.owners[0]->closed; }));
    CHECK(*c.owner->closed == close_reason::closed_by_us);
    CHECK(*s.owners[0]->closed == close_reason::closed_by_peer);
}

}  // namespace

TEST_CASE("channel: RawSocket over TCP carries messages of all sizes in order")
{
    connect_options o;
    o.url = "rs";
    echo_all(o, {}, "rawsocket");
}

TEST_CASE("channel: RawSocket over a Unix socket carries messages of all sizes in order")
{
    std::string const path = "/tmp/transport-test-" + std::to_string(::getpid()) + ".sock";
    listen_options where;
    where.unix_path = path;
    echo_all({}, where, "rawsocket", "rs+unix:" + path);
}

TEST_CASE("channel: WebSocket over a Unix socket carries messages of all sizes in order")
{
    std::string const path = "/tmp/transport-test-" + std::to_string(::getpid()) + "-ws.sock";
    listen_options where;
    where.unix_path = path;
    echo_all({}, where, "websocket", "ws+unix:" + path);
}

TEST_CASE("channel: WebSocket carries messages under each of the six subprotocols")
{
    for (auto const* protocol : {"wamp.2.json",
                                 "wamp.2.json.batched",
                                 "wamp.2.msgpack",
                                 "wamp.2.msgpack.batched",
                                 "wamp.2.cbor",
                                 "wamp.2.cbor.batched"}) {
        CAPTURE(protocol);
        connect_options o;
        o.url = "ws";
        o.subprotocols = {protocol};
        echo_all(o, {}, "websocket");
    }
}

}  // namespace cerro::transport
