#include "peer.hpp"
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/scram.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

namespace cerro::client {

using testing::run;
using testing::run_until;

namespace {

template <class T>
std::shared_ptr<std::optional<T>> begin(boost::asio::io_context& io, asio::awaitable<T> task)
{
    auto const out = std::make_shared<std::optional<T>>();
    asio::co_spawn(io, std::move(task), [out](std::exception_ptr e, T v) {
        if (e) {
            std::rethrow_exception(e);
        }
        *out = std::move(v);
    });
    return out;
}

procedure_handler nothing()
{
    return [](invocation) -> asio::awaitable<outcome<arguments>> { co_return arguments(); };
}

}  // namespace

TEST_CASE("session: after a cut it joins again, restores all, and request ids go on")
{
    boost::asio::io_context io(1);
    peer router(io);
    testing::gate gate(io.get_executor(), "127.0.0.1", router.port());
    auto const s = join(io, options_for(gate.port()));
    int joins = 0;
    std::vector<std::string> losses;
    s->on_join([&] { ++joins; });
    s->on_leave([&](std::string const& reason) { losses.push_back(reason); });
    REQUIRE(run(io, s->register_procedure("p", nothing())).has_value());
    REQUIRE(run(io, s->subscribe("t", [](event const&) {})).has_value());
    auto const before = router.last(message_type::subscribe)->m.request;

    auto const pending = begin(io, s->call("never answered"));
    REQUIRE(run_until(io, [&] { return router.count(message_type::call) == 1; }));
    gate.cut();
    REQUIRE(run_until(io, [&] { return pending->has_value(); }));
    REQUIRE((*pending)->has_error());
    CHECK((*pending)->error().uri == wamp::uri::transport_lost);

    REQUIRE(run_until(io, [&] { return router.count(message_type::subscribe) == 2; }));
    CHECK(s->is_joined());
    CHECK(joins == 1);
    CHECK(losses.size() == 1);
    CHECK(router.count(message_type::register_) == 2);
    CHECK(router.last(message_type::register_)->m.request > before);
    CHECK(router.last(message_type::subscribe)->m.request > before);
}

TEST_CASE("session: what an on_join handler registers is not registered twice")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = session::create(io.get_executor(), options_for(router.port()));
    std::shared_ptr<std::optional<outcome<handle>>> made;
    s->on_join([&] {
        if (!made) {
            made = begin(io, s->register_procedure("p", nothing()));
        }
    });
    s->start();
    REQUIRE(run_until(io, [&] { return made && made->has_value(); }));
    CHECK(router.count(message_type::register_) == 1);
}

TEST_CASE("session: an answer to an invocation of a lost session is dropped")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    auto const hold = std::make_shared<asio::steady_timer>(io, std::chrono::steady_clock::time_point::max());
    auto handler = [hold](invocation) -> asio::awaitable<outcome<arguments>> {
        co_await hold->async_wait(asio::as_tuple(asio::use_awaitable));
        co_return arguments();
    };
    router.script = [&](received const& r) {
        if (r.m.type == message_type::register_) {
            router.send(peer::make(message_type::registered, r.m.request, 9));
            return true;
        }
        return false;
    };
    REQUIRE(run(io, s->register_procedure("p", handler)).has_value());
    router.send(peer::make(message_type::invocation, 1, 9));
    io.restart();
    io.run_for(std::chrono::milliseconds(20));
    router.disconnect();
    REQUIRE(run_until(io, [&] { return router.count(message_type::register_) == 2; }));
    hold->cancel();
    // What is sent after it arrives after it: the call would come behind a YIELD.
    call_options o;
    o.timeout = std::chrono::milliseconds(50);
    auto const r = run(io, s->call("q", {}, o));
    CHECK(r.has_error());
    CHECK(router.count(message_type::call) == 1);
    CHECK(router.count(message_type::yield) == 0);
}

TEST_CASE("session: half-open connections are found once the router has pinged")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.limits.ping_interval = std::chrono::milliseconds(20);
    router.limits.ping_timeout = std::chrono::milliseconds(10'000);
    testing::gate gate(io.get_executor(), "127.0.0.1", router.port());
    auto o = options_for(gate.port());
    o.connection.lim.ping_interval = std::chrono::milliseconds(30);
    o.connection.lim.ping_timeout = std::chrono::milliseconds(120);
    auto const s = join(io, o);
    std::string reason;
    s->on_leave([&](std::string const& r) { reason = r; });
    io.restart();
    io.run_for(std::chrono::milliseconds(300));
    REQUIRE(s->is_joined());  // pings keep an idle session
    gate.drop(true);
    REQUIRE(run_until(io, [&] { return !reason.empty(); }));
    CHECK(reason.find("ping_timeout") == 0);
    gate.drop(false);
    REQUIRE(run_until(io, [&] { return s->is_joined(); }));
}

TEST_CASE("session: tries again while nobody listens")
{
    boost::asio::io_context io(1);
    auto router = std::make_unique<peer>(io);
    testing::gate gate(io.get_executor(), "127.0.0.1", router->port());
    gate.refuse_new(true);
    auto const s = session::create(io.get_executor(), options_for(gate.port()));
    s->start();
    auto const early = run(io, s->joined(std::chrono::milliseconds(100)));
    REQUIRE(early.has_error());
    CHECK(early.error().uri == wamp::uri::timeout);
    CHECK(early.error().what().find("cannot connect to rs://127.0.0.1:") != std::string::npos);
    gate.refuse_new(false);
    CHECK(run(io, s->joined(std::chrono::seconds(5))).has_value());
}

TEST_CASE("session: ABORT is final without reconnection and tried again with it")
{
    boost::asio::io_context io(1);
    peer router(io);
    int refusals = 0;
    router.script = [&](received const& r) {
        if (r.m.type == message_type::hello && ++refusals < 3) {
            auto m = peer::make(message_type::abort, 0, 0, "wamp.error.no_such_realm");
            m.details = {{"message", value("no realm \"test_realm\" exists")}};
            router.send(m);
            return true;
        }
        return false;
    };
    auto o = options_for(router.port());
    o.reconnect = false;
    auto const once = session::create(io.get_executor(), o);
    once->start();
    auto const refused = run(io, once->joined(std::chrono::seconds(5)));
    REQUIRE(refused.has_error());
    CHECK(refused.error().what() == "wamp.error.no_such_realm: no realm \"test_realm\" exists");

    o.reconnect = true;
    auto const s = join(io, o);
    CHECK(refusals == 3);
}

TEST_CASE("session: GOODBYE of the router is answered, then it joins again")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    std::string reason;
    s->on_leave([&](std::string const& r) { reason = r; });
    router.send(peer::make(message_type::goodbye, 0, 0, "wamp.close.system_shutdown"));
    REQUIRE(run_until(io, [&] { return router.connections() == 2 && s->is_joined(); }));
    REQUIRE(router.last(message_type::goodbye) != nullptr);
    CHECK(router.last(message_type::goodbye)->m.uri == "wamp.close.goodbye_and_out");
    CHECK(reason.find("wamp.close.system_shutdown") != std::string::npos);
}

TEST_CASE("session: a router that never says WELCOME is given up after join_timeout")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.script = [](received const&) { return true; };
    auto o = options_for(router.port());
    o.join_timeout = std::chrono::milliseconds(50);
    o.reconnect = false;
    auto const s = session::create(io.get_executor(), o);
    s->start();
    auto const r = run(io, s->joined(std::chrono::seconds(5)));
    REQUIRE(r.has_error());
    CHECK(r.error().what().find("no WELCOME within 50 ms") != std::string::npos);
}

TEST_CASE("session: abandon cuts without GOODBYE and stays away")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    int losses = 0;
    s->on_leave([&](std::string const&) { ++losses; });
    s->abandon();
    REQUIRE(run_until(io, [&] { return !s->is_joined(); }));
    io.restart();
    io.run_for(std::chrono::milliseconds(100));
    CHECK(router.connections() == 1);
    CHECK(router.count(message_type::goodbye) == 0);
    CHECK(losses == 0);
}

TEST_CASE("session: answers challenges for a ticket and for wampcra with a salted secret")
{
    boost::asio::io_context io(1);
    peer router(io);
    std::string signature;
    wamp::message challenge;
    router.script = [&](received const& r) {
        if (r.m.type == message_type::hello) {
            router.send(challenge);
            return true;
        }
        if (r.m.type == message_type::authenticate) {
            signature = r.m.text;
            router.send(peer::make(message_type::welcome, 0, 1));
            return true;
        }
        return false;
    };
    auto o = options_for(router.port());
    challenge = peer::make(message_type::challenge);
    challenge.text = "ticket";
    o.credentials = ticket_auth{"joe", "secret!!!"};
    join(io, o);
    CHECK(signature == "secret!!!");
    CHECK(*router.got[0].m.details.find("authid") == value("joe"));

    challenge.text = "wampcra";
    challenge.details = {{"challenge", value("{}")},
                         {"salt", value("salt123")},
                         {"iterations", value(100)},
                         {"keylen", value(32)}};
    o.credentials = wampcra_auth{"joe", "secret2"};
    join(io, o);
    CHECK(signature.size() == 44);  // base64 of 32 octets; its value is checked by the tests of auth

    challenge.text = "cryptosign";
    o.reconnect = false;
    auto const s = session::create(io.get_executor(), o);
    s->start();
    auto const refused = run(io, s->joined(std::chrono::seconds(5)));
    REQUIRE(refused.has_error());
    CHECK(refused.error().uri == wamp::uri::no_auth_method);
}

TEST_CASE(
    "session: SCRAM and cryptosign against a router's side; one that does not know the password is left")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const user =
        cerro::auth::scram_derive("pencil", {cerro::auth::kdf::pbkdf2, 64, 0}, "0123456789abcdef");
    std::optional<cerro::auth::scram_server> scram;
    std::optional<cerro::auth::cryptosign_server> cryptosign;
    bool honest = true;
    bool accepted = false;
    router.script = [&](received const& r) {
        if (r.m.type == message_type::hello) {
            auto const& method = *r.m.details.find("authmethods")->at(0)->as_text();
            auto const& extra = *r.m.details.find("authextra");
            auto challenge = peer::make(message_type::challenge);
            challenge.text = method;
            if (method == "scram") {
                scram = *cerro::auth::scram_server::create(user, "joe", *extra.find("nonce")->as_text());
                challenge.details = scram->extra();
            } else {
                cryptosign.emplace(
                    std::vector{*cerro::auth::parse_ed25519_key(*extra.find("pubkey")->as_text())});
                challenge.details = cryptosign->extra();
            }
            router.send(challenge);
            return true;
        }
        if (r.m.type == message_type::authenticate) {
            auto welcome = peer::make(message_type::welcome, 0, 1);
            if (scram) {
                auto const proof = scram->verify(r.m.text, r.m.details);
                accepted = proof.has_value();
                welcome.details = {{"authextra", dict{{"verifier", honest && proof ? *proof : "AAAA"}}}};
            } else {
                accepted = cryptosign->accepts(r.m.text);
            }
            router.send(welcome);
            return true;
        }
        return false;
    };
    auto o = options_for(router.port());
    o.credentials = scram_auth{"joe", "pencil"};
    join(io, o);
    CHECK(accepted);

    honest = false;
    o.reconnect = false;
    auto const s = session::create(io.get_executor(), o);
    s->start();
    auto const refused = run(io, s->joined(std::chrono::seconds(5)));
    REQUIRE(refused.has_error());
    CHECK(refused.error().uri == wamp::uri::authentication_failed);

    scram.reset();
    accepted = false;
    o.credentials = cryptosign_auth{"", std::string(64, 'a')};
    join(io, o);
    CHECK(accepted);
}

TEST_CASE("session: a message above the router's limit fails alone")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.limits.max_message = 1'024;
    router.script = [&](received const& r) {
        if (r.m.type == message_type::call) {
            router.send(peer::make(message_type::result, r.m.request));
            return true;
        }
        return false;
    };
    auto const s = join(io, options_for(router.port()));
    arguments const big(list{value(std::string(2'000, 'x'))});
    auto const r = run(io, s->call("p", big));
    REQUIRE(r.has_error());
    CHECK(r.error().uri == wamp::uri::payload_size_exceeded);
    CHECK(!s->publish("t", big));
    CHECK(run(io, s->call("p")).has_value());
    CHECK(router.connections() == 1);
}

TEST_CASE("session: garbage from the router costs the connection, not the process")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    auto m = peer::make(message_type::hello);  // routers do not say HELLO
    router.send(m);
    REQUIRE(run_until(io, [&] { return router.connections() == 2 && s->is_joined(); }));
    REQUIRE(router.last(message_type::abort) != nullptr);
    CHECK(router.last(message_type::abort)->m.uri == wamp::uri::protocol_violation);
}

}  // namespace cerro::client
