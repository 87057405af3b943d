#include "rpc_support.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct rerouting {
    world w;
    client caller{w};
    client a{w};
    client b{w};
    client c{w};

    rerouting()
    {
        join_as(caller, "");
        for (auto* each : {&a, &b, &c}) {
            join_as(*each, "call_reroute,call_canceling,progressive_call_results");
        }
    }
    void all(std::string const& options)
    {
        for (auto* each : {&a, &b, &c}) {
            register_at(*each, "p", options);
        }
    }
    static void unavailable(client& who)
    {
        who.say("[8,68," + std::to_string(invoked(who)) + ",{},'wamp.error.unavailable']");
    }
};

}  // namespace

TEST_CASE_METHOD(rerouting,
                 "rerouting: a callee that is unavailable is passed over, by the policy, payload and all")
{
    all("{'invoke':'first'}");
    caller.say("[48,1,{'transaction_hash':'h'},'p',[1,'x'],{'k':2}]");
    unavailable(a);
    unavailable(b);
    CHECK(caller.silent());
    auto const m = c.next();
    CHECK(m.at(0)->as_int() == 68);
    CHECK(*m.at(3) == value(dict{{"transaction_hash", "h"}}));
    CHECK(*m.at(4) == value(list{1, "x"}));
    CHECK(*m.at(5) == value(dict{{"k", 2}}));
    c.say("[70,1,{},['r']]");
    CHECK(caller.heard() == "[50,1,{},['r']]");
    CHECK(dealer_of(w).calls_open() == 0);
    for (auto const* policy : {"last", "roundrobin", "random"}) {
        for (auto* each : {&a, &b, &c}) {
            register_at(*each, policy, "{'invoke':'" + std::string(policy) + "'}");
        }
        call(caller, 2, policy);
        int asked = 0;
        while (caller.silent()) {
            for (auto* each : {&a, &b, &c}) {
                if (!each->silent()) {
                    unavailable(*each);
                    ++asked;
                }
            }
        }
        CHECK(asked == 3);
        CHECK(error_of(caller) == "wamp.error.no_available_callee");
    }
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE_METHOD(rerouting,
                 "rerouting: a single callee has no other; one that did not announce it means its own error")
{
    register_at(a, "p");
    call(caller, 1, "p");
    unavailable(a);
    CHECK(error_of(caller) == "wamp.error.no_available_callee");
    client plain(w);
    join_as(plain, "");
    register_at(plain, "q", "{'invoke':'first'}");
    register_at(b, "q", "{'invoke':'first'}");
    call(caller, 2, "q");
    unavailable(plain);
    CHECK(error_of(caller) == "wamp.error.unavailable");
    CHECK(b.silent());
}

TEST_CASE_METHOD(rerouting, "rerouting: cancel, time limit and losses find the call where it is now")
{
    all("{'invoke':'first'}");
    call(caller, 1, "p");
    unavailable(a);
    caller.say("[49,1,{}]");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(invoked(b) == 1);
    CHECK(b.next().at(0)->as_int() == 69);

    call(caller, 2, "p", "{'timeout':100}");
    w.pass(std::chrono::milliseconds(60));
    unavailable(a);
    w.pass(std::chrono::milliseconds(40));
    CHECK(error_of(caller) == "wamp.error.timeout");
    b.inbox.clear();

    call(caller, 3, "p");
    unavailable(a);
    a.drop();
    CHECK(caller.silent());
    b.drop();
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE_METHOD(rerouting, "rerouting: with concurrency the callee that was unavailable is free again")
{
    register_at(a, "p", "{'invoke':'roundrobin','concurrency':1}");
    register_at(b, "p", "{'invoke':'roundrobin','concurrency':1}");
    call(caller, 1, "p");
    unavailable(a);
    invoked(b);
    call(caller, 2, "p");
    CHECK(invoked(a) == 2);
    // Now all others are full.
    a.say("[8,68,2,{},'wamp.error.unavailable']");
    CHECK(error_of(caller) == "wamp.error.no_available_callee");
}

TEST_CASE_METHOD(rerouting, "rerouting: not after a progressive result, nor after CANCEL kill")
{
    all("{'invoke':'first'}");
    call(caller, 1, "p", "{'receive_progress':true}");
    a.next();
    a.say("[70,1,{'progress':true},[1]]");
    caller.next();
    a.say("[8,68,1,{},'wamp.error.unavailable']");
    CHECK(error_of(caller) == "wamp.error.unavailable");
    call(caller, 2, "p");
    a.next();
    caller.say("[49,2,{'mode':'kill'}]");
    a.next();
    a.say("[8,68,2,{},'wamp.error.unavailable']");
    CHECK(error_of(caller) == "wamp.error.unavailable");
    CHECK(b.silent());
}

TEST_CASE_METHOD(rerouting, "rerouting: the registration has gone meanwhile")
{
    all("{'invoke':'first'}");
    call(caller, 1, "p");
    register_at(caller, "p", "{'force_reregister':true}");
    unavailable(a);
    CHECK(error_of(caller) == "wamp.error.no_available_callee");
}

TEST_CASE_METHOD(rerouting, "rerouting: the time limit that the first callee kept is kept for the second")
{
    client keeper(w);
    client second(w);
    join_as(keeper, "call_reroute,call_timeout");
    join_as(second, "call_reroute,call_timeout");
    register_at(keeper, "t", "{'invoke':'first','forward_timeout':true}");
    register_at(second, "t", "{'invoke':'first'}");
    call(caller, 1, "t", "{'timeout':100}");
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
    unavailable(keeper);
    CHECK(*second.next().at(3) == value(dict{}));
    w.pass(std::chrono::milliseconds(100));
    CHECK(error_of(caller) == "wamp.error.timeout");
}
