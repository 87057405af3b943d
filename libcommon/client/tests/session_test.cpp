#include "peer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

namespace cerro::client {

using testing::run;
using testing::run_until;

namespace {

arguments of(char const* text)
{
    return arguments(list{value(text)});
}

}  // namespace

TEST_CASE("session: joins with the realm, the roles and the agent's name")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto o = options_for(router.port());
    o.agent = "test-agent";
    auto const s = join(io, o);
    CHECK(s->is_joined());
    CHECK(s->id() == 1'001);
    CHECK(*s->welcome().find("realm") == value("test_realm"));
    auto const& hello = router.got.at(0).m;
    CHECK(hello.uri == "test_realm");
    CHECK(*hello.details.find("agent") == value("test-agent"));
    for (auto const* role : {"caller", "callee", "publisher", "subscriber"}) {
        CHECK(hello.details.find("roles")->find(role)->find("features") != nullptr);
    }
}

TEST_CASE("session: a call gets its result, an error, or its own timeout")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.script = [&](received const& r) {
        if (r.m.uri == "good") {
            router.send(peer::make(message_type::result, r.m.request), r.args, r.kwargs);
        } else if (r.m.uri == "bad") {
            router.send(peer::make(message_type::error, r.m.request, 48, "x.error"), {value("why")});
        }
        return r.m.type == message_type::call;
    };
    auto const s = join(io, options_for(router.port()));

    arguments const a(list{value(1), value("two")}, dict{{"k", value(3.5)}});
    auto const good = run(io, s->call("good", a));
    REQUIRE(good.has_value());
    CHECK(good->args == a.args);
    CHECK(good->kwargs == a.kwargs);

    auto const bad = run(io, s->call("bad"));
    REQUIRE(bad.has_error());
    CHECK(bad.error().what() == "x.error: why");

    call_options o;
    o.timeout = std::chrono::milliseconds(30);
    auto const late = run(io, s->call("silent", {}, o));
    REQUIRE(late.has_error());
    CHECK(late.error().uri == wamp::uri::timeout);
}

TEST_CASE("session: events reach every handler of their subscription, undo stops one of them")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    std::vector<std::string> seen;
    auto const first =
        run(io, s->subscribe("a.topic", [&](event const& e) { seen.push_back("1 " + e.topic); }));
    auto const second = run(io, s->subscribe("a.topic", [&](event const&) { seen.push_back("2"); }));
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    auto const id = std::hash<std::string>{}("a.topic1") % 1'000'000U + 1;  // as the peer makes it
    router.send(peer::make(message_type::event, id, 7), {value("x")});
    REQUIRE(run_until(io, [&] { return seen.size() == 2; }));
    CHECK(seen == std::vector<std::string>{"1 a.topic", "2"});

    REQUIRE(run(io, s->undo(*first)).has_value());
    CHECK(router.count(message_type::unsubscribe) == 0);
    router.send(peer::make(message_type::event, id, 8), {value("x")});
    REQUIRE(run_until(io, [&] { return seen.size() == 3; }));
    CHECK(seen.back() == "2");
    REQUIRE(run(io, s->undo(*second)).has_value());
    CHECK(router.count(message_type::unsubscribe) == 1);
    CHECK(run(io, s->undo(*second)).has_error());
}

TEST_CASE("session: an event in the same batch as SUBSCRIBED is not missed")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    router.script = [&](received const& r) {
        if (r.m.type != message_type::subscribe) {
            return false;
        }
        router.send(peer::make(message_type::subscribed, r.m.request, 5));
        router.send(peer::make(message_type::event, 5, 1), {value(42)});
        return true;
    };
    std::vector<value> seen;
    REQUIRE(run(io, s->subscribe("t", [&](event const& e) {
                seen.push_back(e.payload.args.at(0));
            })).has_value());
    REQUIRE(run_until(io, [&] { return !seen.empty(); }));
    CHECK(seen[0] == value(42));
}

TEST_CASE("session: invocations run concurrently; results, errors and exceptions are answered")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    router.script = [&](received const& r) {
        if (r.m.type == message_type::register_) {
            router.send(peer::make(message_type::registered, r.m.request, 9));
            return true;
        }
        return false;
    };
    auto const gate = std::make_shared<asio::steady_timer>(io, std::chrono::steady_clock::time_point::max());
    auto handler = [gate](invocation inv) -> asio::awaitable<outcome<arguments>> {
        auto const what = *inv.payload.args.at(0).as_text();
        if (what == "wait") {
            co_await gate->async_wait(asio::as_tuple(asio::use_awaitable));
        }
        if (what == "error") {
            co_return error("x.error", "no");
        }
        if (what == "throw") {
            throw std::runtime_error("broken");
        }
        co_return of("done");
    };
    REQUIRE(run(io, s->register_procedure("p", handler)).has_value());
    router.send(peer::make(message_type::invocation, 1, 9), {value("wait")});
    router.send(peer::make(message_type::invocation, 2, 9), {value("error")});
    router.send(peer::make(message_type::invocation, 3, 9), {value("throw")});
    router.send(peer::make(message_type::invocation, 4, 9), {value("at once")});
    router.send(peer::make(message_type::invocation, 5, 77), {value("of nobody")});
    REQUIRE(run_until(io, [&] {
        return router.count(message_type::error) == 3 && router.count(message_type::yield) == 1;
    }));
    CHECK(router.last(message_type::yield)->m.request == 4);
    gate->cancel();
    REQUIRE(run_until(io, [&] { return router.count(message_type::yield) == 2; }));
    CHECK(router.last(message_type::yield)->m.request == 1);
    for (auto const& r : router.got) {
        if (r.m.type == message_type::error) {
            CHECK(r.m.id2 == 68);
            std::string const expected = r.m.request == 2   ? "x.error"
                                         : r.m.request == 3 ? "wamp.error.runtime_error"
                                                            : "wamp.error.no_such_registration";
            CHECK(r.m.uri == expected);
        }
    }
}

TEST_CASE("session: publishes plainly and acknowledged")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = session::create(io.get_executor(), options_for(router.port()));
    CHECK(!s->publish("t", of("too early")));
    s->start();
    REQUIRE(run(io, s->joined(std::chrono::seconds(5))).has_value());
    CHECK(s->publish("t", of("x"), dict{{"exclude_me", value(false)}}));
    REQUIRE(run_until(io, [&] { return router.count(message_type::publish) == 1; }));
    CHECK(*router.last(message_type::publish)->m.details.find("exclude_me") == value(false));
    CHECK(router.last(message_type::publish)->args == list{value("x")});

    router.script = [&](received const& r) {
        if (r.m.type == message_type::publish) {
            router.send(peer::make(message_type::published, r.m.request, 4711));
            return true;
        }
        return false;
    };
    auto const id = run(io, s->publish_acknowledged("t", of("y")));
    REQUIRE(id.has_value());
    CHECK(*id == 4711);
}

TEST_CASE("session: what is asked before the join is done on join; failures are told")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = session::create(io.get_executor(), options_for(router.port()));
    REQUIRE(run(io, s->subscribe("t", [](event const&) {})).has_value());
    auto handler = [](invocation) -> asio::awaitable<outcome<arguments>> { co_return arguments(); };
    REQUIRE(run(io, s->register_procedure("p", handler)).has_value());
    router.script = [&](received const& r) {
        if (r.m.type == message_type::register_) {
            router.send(
                peer::make(message_type::error, r.m.request, 64, "wamp.error.procedure_already_exists"));
            return true;
        }
        return false;
    };
    std::vector<std::string> failed;
    s->on_restore_error([&](std::string const& uri, error const& e) { failed.push_back(uri + " " + e.uri); });
    s->start();
    REQUIRE(run_until(io, [&] { return !failed.empty() && router.count(message_type::subscribe) == 1; }));
    CHECK(failed.front() == "p wamp.error.procedure_already_exists");
}

TEST_CASE("session: leave says GOODBYE and does not come back")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    int losses = 0;
    s->on_leave([&](std::string const&) { ++losses; });
    run(io, s->leave());
    CHECK(!s->is_joined());
    CHECK(router.count(message_type::goodbye) == 1);
    CHECK(losses == 0);  // it was our own wish
    io.restart();
    io.run_for(std::chrono::milliseconds(100));
    CHECK(router.connections() == 1);
    auto const call = run(io, s->call("p"));
    REQUIRE(call.has_error());
    CHECK(call.error().uri == wamp::uri::transport_lost);
}

TEST_CASE("session: a call whose coroutine is cancelled ends with an error, and tells the router")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.script = [&](received const& r) {
        if (r.m.type != message_type::hello) {
            return false;
        }
        auto w = peer::make(message_type::welcome, 0, 1);
        dict const features{{"features", value(dict{{"call_canceling", value(true)}})}};
        w.details = {{"roles", value(dict{{"dealer", value(features)}})}};
        router.send(w);
        return true;
    };
    auto const s = join(io, options_for(router.port()));
    asio::cancellation_signal stop;
    std::optional<outcome<arguments>> got;
    asio::co_spawn(io,
                   s->call("silent"),
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr, outcome<arguments> r) { got = std::move(r); }));
    REQUIRE(run_until(io, [&] { return router.count(message_type::call) == 1; }));
    stop.emit(asio::cancellation_type::terminal);
    REQUIRE(run_until(io, [&] { return router.count(message_type::cancel) == 1; }));
    REQUIRE(got.has_value());
    REQUIRE(got->has_error());
    CHECK(got->error().uri == wamp::uri::canceled);
}

}  // namespace cerro::client
