// Peers that take less than they are sent.

#include "support.hpp"
#include <cerro/testing/gate.hpp>
#include <cerro/transport/backlog.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

namespace cerro::transport {

using testing::run_until;

namespace {

/// A client behind a gate that can be shut, and the server's end of it.
struct slow_client {
    boost::asio::io_context& io;
    testing::gate gate;
    client near;
    std::shared_ptr<channel> line;
    std::shared_ptr<recorder> owner;

    slow_client(boost::asio::io_context& context, server& s, std::string const& scheme)
        : io(context), gate(context.get_executor(), "127.0.0.1", s.door->port())
    {
        connect_options o;
        o.url = scheme + "://127.0.0.1:" + std::to_string(gate.port()) + (scheme[0] == 'w' ? "/" : "");
        o.tls.ca_file = std::string(CERRO_TEST_DATA) + "/transport/server.pem";
        auto const at = s.channels.size();
        near = open_client(io, o);
        REQUIRE(run_until(io, [&] { return s.channels.size() > at; }));
        line = s.channels[at];
        owner = s.owners[at];
    }
    void shut() { gate.delay(std::chrono::hours(1)); }
    /// Until the system's buffers are full and `bytes` wait.
    void fill(std::size_t bytes, std::string const& text)
    {
        auto const frame = recorder::frame_of(text);
        for (int i = 0; i != 10'000 && line->pending_bytes() < bytes && line->send(frame); ++i) {
            io.restart();
            io.poll();
        }
    }
};

listen_options door_for(std::string const& scheme)
{
    listen_options where;
    if (scheme == "rss" || scheme == "wss") {
        std::string const at = std::string(CERRO_TEST_DATA) + "/transport/server.";
        where.tls = make_server_tls(at + "pem", at + "key");
    }
    return where;
}

}  // namespace

TEST_CASE("slow peer: under drop-oldest it loses its oldest events, counted, in order, and nothing else")
{
    for (auto const* scheme : {"rs", "ws", "rss", "wss"}) {
        CAPTURE(scheme);
        boost::asio::io_context io(1);
        server s(io, door_for(scheme));
        s.accept.lim.pending_bytes = 1U << 20U;
        s.accept.lim.total = std::make_shared<backlog>(64U << 20U);
        slow_client c(io, s, scheme);
        c.line->set_drop_oldest(true);
        c.gate.rate(4U << 20U);
        std::vector<std::string> replies;
        std::vector<std::string> events;
        for (int i = 0; i != 800; ++i) {
            events.push_back("event " + std::to_string(1'000 + i) + std::string(50'000, '.'));
            REQUIRE(c.line->send(recorder::frame_of(events.back()), true));
            if (i % 10 == 0) {
                replies.push_back("reply " + std::to_string(1'000 + i));
                REQUIRE(c.line->send(recorder::frame_of(replies.back())));
            }
            CHECK(c.line->pending_bytes() <= 1U << 20U);
            io.restart();
            io.poll();
        }
        CHECK(c.line->frames_dropped() > 100);
        CHECK(s.accept.lim.total->frames_dropped() == c.line->frames_dropped());
        c.gate.rate(0);
        auto const& got = c.near.owner->messages;
        REQUIRE(run_until(
            io, [&] { return got.size() + c.line->frames_dropped() == events.size() + replies.size(); }));
        CHECK(!c.owner->closed);
        std::vector<std::string> got_replies;
        std::vector<std::string> got_events;
        for (auto const& m : got) {
            (m[0] == 'r' ? got_replies : got_events).push_back(m);
        }
        CHECK(got_replies == replies);
        CHECK(std::is_sorted(got_events.begin(), got_events.end()));
        CHECK(got_events.back() == events.back());
        CHECK(run_until(io, [&] { return s.accept.lim.total->bytes() == 0; }));
    }
}

TEST_CASE("slow peer: replies are never left out; when they fill the backlog it is disconnected")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.pending_bytes = 1U << 20U;
    slow_client c(io, s, "rs");
    c.line->set_drop_oldest(true);
    c.shut();
    c.fill(2U << 20U, std::string(100'000, 'r'));
    REQUIRE(run_until(io, [&] { return c.owner->closed.has_value(); }));
    CHECK(*c.owner->closed == close_reason::slow_consumer_pending);
    CHECK(c.line->frames_dropped() == 0);
}

TEST_CASE("slow peer: three quarters of the limit is slow")
{
    boost::asio::io_context io(1);
    server s(io);
    s.accept.lim.pending_bytes = 1U << 20U;
    slow_client c(io, s, "rs");
    c.shut();
    c.fill(700'000, std::string(10'000, 'x'));
    CHECK(!c.line->slow());
    c.fill(900'000, std::string(10'000, 'x'));
    CHECK(c.line->slow());
}

TEST_CASE("slow peers: above the limit of the process the greatest backlog goes first")
{
    for (auto const* scheme : {"rs", "ws"}) {
        CAPTURE(scheme);
        boost::asio::io_context io(1);
        server s(io);
        s.accept.lim.total = std::make_shared<backlog>(4U << 20U);
        slow_client small(io, s, scheme);
        slow_client great(io, s, scheme);
        slow_client last(io, s, scheme);
        for (auto* c : {&small, &great, &last}) {
            c->shut();
        }
        std::string const text(100'000, 'x');
        small.fill(500'000, text);
        great.fill(2U << 20U, text);
        CHECK(s.accept.lim.total->bytes() > 2U << 20U);
        CHECK(!great.owner->closed);
        last.fill(1'900'000, text);
        REQUIRE(run_until(io, [&] { return great.owner->closed.has_value(); }));
        CHECK(*great.owner->closed == close_reason::slow_consumer_total);
        CHECK(!small.owner->closed);
        CHECK(!last.owner->closed);
        small.line->close(close_reason::closed_by_us, {}, false);
        last.line->close(close_reason::closed_by_us, {}, false);
        CHECK(s.accept.lim.total->bytes() == 0);
    }
}

}  // namespace cerro::transport
