#include "rpc_support.hpp"

#include <set>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

/// A realm in which calls to "q." wait, at most two of them for each registration.
struct queued {
    world w;
    client caller{w};
    client callee{w};

    queued()
    {
        realm_options options;
        options.call_queues = {{"q.", wamp::match_policy::prefix, 2}};
        w.logic.add_realm(
            "queued", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
        for (auto* c : {&caller, &callee}) {
            enter(*c);
        }
    }
    static void enter(client& c)
    {
        c.say(
            "[1,'queued',{'roles':{'caller':{'features':{'progressive_call_invocations':true}},"
            "'callee':{'features':{'call_canceling':true,'progressive_call_invocations':true,"
            "'progressive_call_results':true,'call_timeout':true}}}}]");
        c.id = c.next().at(1)->as_uint().value();
    }
    dealer& table() { return w.logic.find_realm("queued")->dealer(); }
};

}  // namespace

TEST_CASE_METHOD(queued, "call queue: what finds all callees busy waits, in order, up to the limit")
{
    register_at(callee, "q.p", "{'concurrency':1}");
    caller.say("[48,1,{},'q.p',['one']]");
    caller.say("[48,2,{'receive_progress':true},'q.p',['two'],{'k':1}]");
    caller.say("[48,3,{},'q.p',['three']]");
    CHECK(table().calls_waiting() == 2);
    caller.say("[48,4,{},'q.p',['four']]");
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
    CHECK(limit_reached_count(w, "call_queue") == 1);
    CHECK(table().calls_open() == 3);

    auto m = callee.next();
    CHECK(*m.at(4) == value(list{"one"}));
    CHECK(callee.silent());
    callee.say("[70,1,{}]");
    expect_result(caller, 1);
    m = callee.next();
    CHECK(*m.at(3) == value(dict{{"receive_progress", true}}));
    CHECK(*m.at(4) == value(list{"two"}));
    CHECK(*m.at(5) == value(dict{{"k", 1}}));
    callee.say("[70,2,{'progress':true},[1]]");
    expect_result(caller, 2);
    CHECK(callee.silent());
    callee.say("[8,68,2,{},'my.error']");
    CHECK(error_of(caller) == "my.error");
    m = callee.next();
    CHECK(*m.at(4) == value(list{"three"}));
    callee.say("[70,3,{}]");
    expect_result(caller, 3);
    CHECK(table().calls_open() == 0);
    CHECK(table().calls_waiting() == 0);
}

TEST_CASE_METHOD(queued, "call queue: procedures outside of its pattern do not wait")
{
    register_at(callee, "r.p", "{'concurrency':1}");
    call(caller, 1, "r.p");
    call(caller, 2, "r.p");
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
}

TEST_CASE_METHOD(queued, "call queue: a new callee takes what waits")
{
    register_at(callee, "q.p", "{'concurrency':1,'invoke':'roundrobin'}");
    for (int i = 1; i <= 3; ++i) {
        call(caller, i, "q.p");
    }
    client more(w);
    enter(more);
    register_at(more, "q.p", "{'invoke':'roundrobin'}");
    CHECK(invoked(more) == 1);
    CHECK(invoked(more) == 2);
    CHECK(table().calls_waiting() == 0);
}

TEST_CASE_METHOD(queued, "call queue: a waiting call is canceled, timed out, or goes with its caller")
{
    register_at(callee, "q.p", "{'concurrency':1}");
    call(caller, 1, "q.p");
    invoked(callee);
    for (auto const* mode : {"skip", "kill", "killnowait"}) {
        call(caller, 2, "q.p");
        caller.say("[49,2,{'mode':'" + std::string(mode) + "'}]");
        CHECK(error_of(caller) == "wamp.error.canceled");
        CHECK(table().calls_waiting() == 0);
    }
    call(caller, 3, "q.p", "{'timeout':50}");
    w.pass(std::chrono::milliseconds(50));
    CHECK(error_of(caller) == "wamp.error.timeout");
    client other(w);
    enter(other);
    call(other, 1, "q.p");
    other.drop();
    CHECK(table().calls_waiting() == 0);
    CHECK(callee.silent());
    callee.say("[70,1,{}]");
    expect_result(caller, 1);
    CHECK(callee.silent());
    CHECK(table().calls_open() == 0);
}

TEST_CASE_METHOD(queued, "call queue: the time limit runs from the CALL on, not from the INVOCATION")
{
    register_at(callee, "q.p", "{'concurrency':1,'forward_timeout':true}");
    call(caller, 1, "q.p");
    call(caller, 2, "q.p", "{'timeout':100}");
    w.pass(std::chrono::milliseconds(60));
    answer(callee);
    expect_result(caller, 1);
    CHECK(*callee.next().at(3) == value(dict{}));
    w.pass(std::chrono::milliseconds(40));
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK(callee.next().at(0)->as_int() == 69);
}

TEST_CASE_METHOD(queued, "call queue: with the last callee go the calls that wait for it")
{
    auto const id = register_at(callee, "q.p", "{'concurrency':1}");
    for (int i = 1; i <= 3; ++i) {
        call(caller, i, "q.p");
    }
    callee.next();
    callee.say("[66,1," + std::to_string(id) + "]");
    callee.next();
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(table().calls_open() == 1);
    callee.drop();
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(table().calls_open() == 0);
    CHECK(table().calls_waiting() == 0);
}

TEST_CASE_METHOD(queued, "call queue: what comes in parts does not wait")
{
    register_at(callee, "q.p", "{'concurrency':1}");
    call(caller, 1, "q.p");
    call(caller, 2, "q.p", "{'progress':true}");
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
}

TEST_CASE_METHOD(
    queued, "call queue: a waiting call that its callee cannot take becomes an error, the next is served")
{
    client small(w, codec::serializer::json, anonymous_access(), 300);
    small.say("[1,'queued',{'roles':{}}]");
    small.inbox.clear();
    register_at(small, "q.p", "{'concurrency':1}");
    call(caller, 1, "q.p");
    caller.say("[48,2,{},'q.p',['" + std::string(400, 'x') + "']]");
    call(caller, 3, "q.p");
    answer(small);
    // The error may come before the result: they are answers to different calls.
    std::set<std::string> got{caller.heard().substr(0, 6), caller.heard().substr(0, 6)};
    CHECK(got == std::set<std::string>{"[8,48,", "[50,1,"});
    CHECK(invoked(small) == 2);
    CHECK(table().calls_waiting() == 0);
}
