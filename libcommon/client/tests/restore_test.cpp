// Subscriptions and registrations that a router refuses, takes away, or mixes up.

#include "peer.hpp"

#include <catch2/catch.hpp>

namespace cerro::client {

using testing::run;
using testing::run_until;

namespace {

procedure_handler nothing()
{
    return [](invocation) -> asio::awaitable<outcome<arguments>> { co_return arguments(); };
}

bool forced(received const& r)
{
    auto const* v = r.m.details.find("force_reregister");
    return v != nullptr && *v == value(true);
}

/// In later connections the first `refusals` requests of this type are refused.
struct stubborn {
    peer& router;
    message_type type;
    std::string uri;
    std::size_t refusals;
    std::size_t refused = 0;
    std::vector<bool> force{};

    bool operator()(received const& r)
    {
        if (r.m.type != type || router.connections() == 1) {
            return false;
        }
        force.push_back(forced(r));
        if (refused == refusals) {
            return false;
        }
        ++refused;
        router.refuse(r, uri);
        return true;
    }
};

}  // namespace

TEST_CASE("session: after a rejoin a name that is taken is asked for again, by force")
{
    boost::asio::io_context io(1);
    peer router(io);
    stubborn s{router, message_type::register_, "wamp.error.procedure_already_exists", 2};
    router.script = std::ref(s);
    auto const client = join(io, options_for(router.port()));
    register_options gentle;
    bool const by_force = GENERATE(true, false);
    gentle.force_on_rejoin = by_force;
    REQUIRE(run(io, client->register_procedure("p", nothing(), gentle)).has_value());
    std::vector<std::string> failed;
    std::vector<std::string> restored;
    client->on_restore_error([&](std::string const& uri, error const&) { failed.push_back(uri); });
    client->on_restored([&](std::string const& uri) { restored.push_back(uri); });
    router.disconnect();
    REQUIRE(run_until(io, [&] { return !restored.empty(); }));
    CHECK(s.force == std::vector<bool>{false, by_force, by_force});
    CHECK(failed == std::vector<std::string>{"p", "p"});
    CHECK(restored == std::vector<std::string>{"p"});
    router.send(peer::make(message_type::invocation, 5, router.id_of("p")));
    REQUIRE(run_until(io, [&] { return router.count(message_type::yield) == 1; }));
}

TEST_CASE("session: a subscription that is not restored is asked for again")
{
    boost::asio::io_context io(1);
    peer router(io);
    stubborn s{router, message_type::subscribe, "wamp.error.authorization_failed", 3};
    router.script = std::ref(s);
    auto const client = join(io, options_for(router.port()));
    int events = 0;
    REQUIRE(run(io, client->subscribe("t", [&](event const&) { ++events; })).has_value());
    bool restored = false;
    client->on_restored([&](std::string const&) { restored = true; });
    router.disconnect();
    REQUIRE(run_until(io, [&] { return restored; }));
    CHECK(s.refused == 3);
    router.send(peer::make(message_type::event, router.id_of("t"), 1));
    REQUIRE(run_until(io, [&] { return events == 1; }));
}

TEST_CASE("session: what is undone is not asked for again")
{
    boost::asio::io_context io(1);
    peer router(io);
    stubborn s{router, message_type::register_, "wamp.error.procedure_already_exists", 1'000};
    router.script = std::ref(s);
    auto const client = join(io, options_for(router.port()));
    auto const h = run(io, client->register_procedure("p", nothing()));
    REQUIRE(h.has_value());
    router.disconnect();
    REQUIRE(run_until(io, [&] { return s.refused >= 2; }));
    REQUIRE(run(io, client->undo(*h)).has_value());
    auto const then = s.refused;
    io.restart();
    io.run_for(std::chrono::milliseconds(150));  // the longest pause is 50 ms
    CHECK(s.refused <= then + 1);                // one may have been under way
}

TEST_CASE("session: a first registration that is refused is returned and forgotten")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.script = [&](received const& r) {
        if (r.m.type == message_type::register_) {
            router.refuse(r, "wamp.error.procedure_already_exists");
            return true;
        }
        return false;
    };
    auto const s = join(io, options_for(router.port()));
    CHECK(run(io, s->register_procedure("p", nothing())).has_error());
    REQUIRE(run(io, s->subscribe("t", [](event const&) {})).has_value());
    router.disconnect();
    REQUIRE(run_until(io, [&] { return router.count(message_type::subscribe) == 2; }));
    CHECK(router.count(message_type::register_) == 1);
}

TEST_CASE("session: undo of one handler while another asks for the same topic leaves the subscription")
{
    boost::asio::io_context io(1);
    peer router(io);
    auto const s = join(io, options_for(router.port()));
    auto const first = run(io, s->subscribe("t", [](event const&) {}));
    REQUIRE(first.has_value());
    std::optional<received> held;
    router.script = [&](received const& r) {
        if (r.m.type == message_type::subscribe) {
            held = r;
            return true;
        }
        return false;
    };
    int events = 0;
    std::optional<handle> second;
    asio::co_spawn(io,
                   s->subscribe("t", [&](event const&) { ++events; }),
                   [&](std::exception_ptr, outcome<handle> h) { second = h.value(); });
    REQUIRE(run_until(io, [&] { return held.has_value(); }));
    REQUIRE(run(io, s->undo(*first)).has_value());
    router.send(peer::make(message_type::subscribed, held->m.request, router.id_of("t")));
    REQUIRE(run_until(io, [&] { return second.has_value(); }));
    CHECK(router.count(message_type::unsubscribe) == 0);
    router.send(peer::make(message_type::event, router.id_of("t"), 1));
    REQUIRE(run_until(io, [&] { return events == 1; }));
    REQUIRE(run(io, s->undo(*second)).has_value());
    CHECK(router.count(message_type::unsubscribe) == 1);
}

TEST_CASE("session: a registration that the router takes away is told, and asked for without force later")
{
    boost::asio::io_context io(1);
    peer router(io);
    stubborn refusing{router, message_type::register_, "wamp.error.procedure_already_exists", 2};
    router.script = std::ref(refusing);
    auto const s = join(io, options_for(router.port()));
    REQUIRE(run(io, s->register_procedure("p", nothing())).has_value());
    std::vector<std::string> revoked;
    s->on_revoked([&](std::string const& procedure) { revoked.push_back(procedure); });
    auto m = peer::make(message_type::unregistered);
    m.details = {{"registration", value(router.id_of("p"))}, {"reason", value("x.taken_over")}};
    router.send(m);
    REQUIRE(run_until(io, [&] { return !revoked.empty(); }));
    CHECK(revoked == std::vector<std::string>{"p"});
    router.disconnect();
    REQUIRE(run_until(io, [&] { return refusing.force.size() == 3; }));
    CHECK(refusing.force == std::vector<bool>{false, false, false});
}

TEST_CASE("session: leave from a router that does not answer GOODBYE takes at most two seconds")
{
    boost::asio::io_context io(1);
    peer router(io);
    router.script = [](received const& r) { return r.m.type == message_type::goodbye; };
    auto const s = join(io, options_for(router.port()));
    auto const begun = std::chrono::steady_clock::now();
    run(io, s->leave());
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(2'500));
    CHECK(!s->is_joined());
}

}  // namespace cerro::client
