#include "rpc_support.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

constexpr auto all_features =
    "call_canceling,call_timeout,progressive_call_results,progressive_call_invocations,payload_passthru_mode";

struct parts {
    world w;
    client caller{w};
    client callee{w};

    parts()
    {
        join_as(caller, "", "progressive_call_invocations,payload_passthru_mode");
        join_as(callee, all_features);
    }
    void part(int request, std::string const& options, std::string const& payload)
    {
        caller.say("[48," + std::to_string(request) + "," + options + ",'p',[" + payload + "]]");
    }
};

}  // namespace

TEST_CASE_METHOD(parts, "a call in parts: one invocation id, progress on all but the last, payloads as sent")
{
    auto const r = std::to_string(register_at(callee, "p"));
    part(5, "{'progress':true}", "1");
    part(5, "{'progress':true}", "2");
    part(5, "{}", "3");
    CHECK(callee.heard() == "[68,1," + r + ",{'progress':true},[1]]");
    CHECK(callee.heard() == "[68,1," + r + ",{'progress':true},[2]]");
    CHECK(callee.heard() == "[68,1," + r + ",{},[3]]");
    CHECK(dealer_of(w).calls_open() == 1);
    callee.say("[70,1,{},['done']]");
    CHECK(caller.heard() == "[50,5,{},['done']]");
    CHECK(dealer_of(w).calls_open() == 0);
    CHECK_FALSE(caller.closed);
}

TEST_CASE_METHOD(parts, "options other than progress are those of the first part")
{
    register_at(callee, "p", "{'match':'prefix'}");
    part(1, "{'progress':true,'receive_progress':true,'transaction_hash':'abc'}", "1");
    dict const first{{"procedure", "p"}, {"receive_progress", true}, {"transaction_hash", "abc"}};
    auto expected = first;
    expected.append("progress", true);
    CHECK(*callee.next().at(3) == value(expected));
    part(1, "{'progress':false,'transaction_hash':'other','timeout':1}", "2");
    CHECK(*callee.next().at(3) == value(first));
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
    callee.say("[70,1,{'progress':true}]");
    CHECK(caller.heard() == "[50,1,{'progress':true}]");
}

TEST_CASE_METHOD(parts, "all parts go to the callee that got the first")
{
    client second(w);
    join_as(second, all_features);
    register_at(callee, "p", "{'invoke':'roundrobin'}");
    register_at(second, "p", "{'invoke':'roundrobin'}");
    part(1, "{'progress':true}", "1");
    part(2, "{'progress':true}", "1");
    part(1, "{'progress':true}", "2");
    part(2, "{}", "2");
    part(1, "{}", "3");
    for (int i = 1; i <= 3; ++i) {
        CHECK(*callee.next().at(4) == value(list{i}));
    }
    for (int i = 1; i <= 2; ++i) {
        CHECK(*second.next().at(4) == value(list{i}));
    }
    CHECK(callee.silent());
    CHECK(second.silent());
}

TEST_CASE_METHOD(parts, "the first part counts once against concurrency")
{
    register_at(callee, "p", "{'concurrency':1}");
    part(1, "{'progress':true}", "1");
    part(1, "{}", "2");
    part(2, "{}", "1");
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
    callee.say("[70,1,{}]");
    caller.next();
    part(3, "{}", "1");
    CHECK(caller.silent());
}

TEST_CASE_METHOD(parts, "the callee may answer before the last part; what still comes is ignored")
{
    register_at(callee, "p");
    part(1, "{'progress':true}", "1");
    callee.next();
    callee.say("[8,68,1,{},'my.error']");
    CHECK(error_of(caller) == "my.error");
    part(1, "{'progress':true}", "2");
    part(1, "{}", "3");  // the last part looks like any call
    CHECK(callee.silent());
    CHECK(caller.silent());
    CHECK_FALSE(caller.closed);
    CHECK(w.dropped("late_call") == 2);
    part(2, "{}", "1");
    CHECK(callee.next().at(1)->as_int() == 2);
}

TEST_CASE_METHOD(parts, "a part with an old id that is not in progress is ignored")
{
    register_at(callee, "p");
    part(7, "{}", "1");
    answer(callee);
    expect_result(caller, 7);
    part(7, "{'progress':true}", "2");
    part(3, "{'progress':true}", "2");
    part(3, "{'progress':false}", "2");
    CHECK(callee.silent());
    CHECK(caller.silent());
    CHECK(w.dropped("late_call") == 3);
}

TEST_CASE_METHOD(parts, "once the last part has come, another is a request id in use")
{
    register_at(callee, "p");
    part(1, "{'progress':true}", "1");
    part(1, "{}", "2");
    part(1, "{'progress':true}", "3");
    CHECK(*caller.next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(caller.closed);
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE_METHOD(parts, "a caller that did not announce calls in parts may make them: wampy does")
{
    client plain(w);
    join_as(plain, "");
    register_at(callee, "p");
    plain.say("[48,1,{'progress':true},'p',[1]]");
    plain.say("[48,1,{'progress':false},'p',[2]]");
    CHECK(*callee.next().at(3) == value(dict{{"progress", true}}));
    CHECK(*callee.next().at(3) == value(dict{}));
    CHECK_FALSE(plain.closed);
}

TEST_CASE_METHOD(parts, "a callee without the feature, or that cannot be interrupted, does not get parts")
{
    int request = 0;
    for (auto const* features : {"", "progressive_call_invocations", "call_canceling"}) {
        client simple(w);
        join_as(simple, features);
        register_at(simple, "p");
        part(++request, "{'progress':true}", "1");
        CHECK(error_of(caller) == "wamp.error.feature_not_supported");
        CHECK(simple.silent());
        simple.drop();
    }
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE_METHOD(parts, "CANCEL ends a call in parts; the parts still on their way are ignored")
{
    register_at(callee, "p");
    part(1, "{'progress':true}", "1");
    callee.next();
    caller.say("[49,1,{'mode':'killnowait'}]");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(callee.next().at(0)->as_int() == 69);
    part(1, "{'progress':true}", "2");
    part(1, "{}", "3");
    CHECK(callee.silent());
    CHECK(caller.silent());

    part(2, "{'progress':true}", "1");
    callee.next();
    caller.say("[49,2,{'mode':'kill'}]");
    CHECK(callee.next().at(0)->as_int() == 69);
    part(2, "{'progress':true}", "2");
    CHECK(callee.silent());
    callee.say("[8,68,2,{},'wamp.error.canceled']");
    CHECK(error_of(caller) == "wamp.error.canceled");
    part(2, "{}", "3");
    CHECK(callee.silent());
}

TEST_CASE_METHOD(parts, "one time limit for all parts")
{
    register_at(callee, "p");
    part(1, "{'progress':true,'timeout':100}", "1");
    callee.next();
    w.pass(std::chrono::milliseconds(60));
    part(1, "{'progress':true,'timeout':100}", "2");
    callee.next();
    w.pass(std::chrono::milliseconds(40));
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK(callee.next().at(0)->as_int() == 69);
}

TEST_CASE_METHOD(parts, "caller or callee go in the midst of the parts")
{
    register_at(callee, "p");
    part(1, "{'progress':true}", "1");
    callee.next();
    caller.drop();
    CHECK(callee.next().at(0)->as_int() == 69);
    CHECK(dealer_of(w).calls_open() == 0);

    client other(w);
    join_as(other, "", "progressive_call_invocations");
    other.say("[48,1,{'progress':true},'p']");
    callee.drop();
    CHECK(error_of(other) == "wamp.error.canceled");
    other.say("[48,1,{'progress':true},'p']");
    other.say("[48,1,{},'p']");
    CHECK(other.silent());
    CHECK_FALSE(other.closed);
}

TEST_CASE("a part that the callee cannot take ends the call")
{
    world w;
    client caller(w);
    client small(w, codec::serializer::json, anonymous_access(), 400);
    join_as(caller, "", "progressive_call_invocations");
    small.say(
        "[1,'realm1',{'roles':{'callee':{'features':{'call_canceling':true,"
        "'progressive_call_invocations':true}}}}]");
    small.inbox.clear();
    register_at(small, "p");
    caller.say("[48,1,{'progress':true},'p']");
    invoked(small);
    caller.say("[48,1,{'progress':true},'p',['" + std::string(500, 'x') + "']]");
    CHECK(error_of(caller) == "wamp.error.payload_size_exceeded");
    CHECK(small.next().at(0)->as_int() == 69);
    caller.say("[48,1,{},'p']");
    CHECK(small.silent());
    CHECK(dealer_of(w).calls_open() == 0);
}

TEST_CASE("of ended calls in parts the latest are remembered, so that memory has a bound")
{
    parts s;
    register_at(s.callee, "p");
    for (int i = 1; i <= 200; ++i) {
        s.part(i, "{'progress':true}", "1");
        s.callee.say("[70," + std::to_string(invoked(s.callee)) + ",{}]");
        expect_result(s.caller, i);
    }
    s.part(200, "{}", "2");
    s.part(150, "{}", "2");
    CHECK(s.callee.silent());
    CHECK(s.caller.silent());
}

TEST_CASE("progressive results are asked of every callee, announced or not, interruptible or not")
{
    world w;
    client caller(w);
    client callee(w);
    join_as(caller, "");
    join_as(callee, "");
    register_at(callee, "p");
    call(caller, 1, "p", "{'receive_progress':true}");
    CHECK(*callee.next().at(3) == value(dict{{"receive_progress", true}}));
    callee.say("[70,1,{'progress':true},[1]]");
    CHECK(caller.heard() == "[50,1,{'progress':true},[1]]");
    caller.drop();
    CHECK(callee.silent());  // no INTERRUPT
    callee.say("[70,1,{'progress':true},[2]]");
    CHECK_FALSE(callee.closed);
}

TEST_CASE("a progressive result that nobody asked for is dropped, the call goes on")
{
    world w;
    client caller(w);
    client callee(w);
    join_as(caller, "");
    join_as(callee, "progressive_call_results");
    register_at(callee, "p");
    call(caller, 1, "p");
    CHECK(*callee.next().at(3) == value(dict{}));
    callee.say("[70,1,{'progress':true},[1]]");
    CHECK(caller.silent());
    CHECK(w.dropped("unwanted_progress") == 1);
    callee.say("[70,1,{},[2]]");
    CHECK(caller.heard() == "[50,1,{},[2]]");
}
