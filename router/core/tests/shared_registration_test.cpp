#include "rpc_support.hpp"

#include <map>
#include <set>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct several {
    world w;
    client caller{w};
    client a{w};
    client b{w};
    client c{w};
    int request = 0;

    several()
    {
        for (auto* each : {&caller, &a, &b, &c}) {
            each->join();
        }
    }
    wamp::id all(std::string const& options)
    {
        auto const id = register_at(a, "p", options);
        CHECK(register_at(b, "p", options) == id);
        CHECK(register_at(c, "p", options) == id);
        return id;
    }
    /// 'a', 'b' or 'c': who got the call; '-' if nobody did.
    char called(std::string const& options = "{}", std::string const& procedure = "p")
    {
        call(caller, ++request, procedure, options);
        for (auto [who, name] : {std::pair{&a, 'a'}, {&b, 'b'}, {&c, 'c'}}) {
            if (!who->silent()) {
                last = invoked(*who);
                return name;
            }
        }
        return '-';
    }
    std::string calls(int n, std::string const& options = "{}")
    {
        std::string out;
        for (int i = 0; i < n; ++i) {
            out += called(options);
        }
        return out;
    }
    wamp::id last = 0;
};

}  // namespace

TEST_CASE_METHOD(several, "roundrobin: in the order of registration, one after the other")
{
    all("{'invoke':'roundrobin'}");
    CHECK(calls(7) == "abcabca");
    b.drop();
    CHECK(calls(4) == "caca");
}

TEST_CASE_METHOD(several, "roundrobin: who has just been called may go, and the turn does not jump")
{
    all("{'invoke':'roundrobin'}");
    CHECK(calls(1) == "a");
    a.drop();
    CHECK(calls(3) == "bcb");
}

TEST_CASE_METHOD(several, "first: the oldest as long as it is there")
{
    all("{'invoke':'first'}");
    CHECK(calls(2) == "aa");
    a.drop();
    CHECK(calls(2) == "bb");
}

TEST_CASE_METHOD(several, "last: the newest")
{
    all("{'invoke':'last'}");
    CHECK(calls(2) == "cc");
    c.drop();
    CHECK(calls(2) == "bb");
}

TEST_CASE_METHOD(several, "random: all get some")
{
    all("{'invoke':'random'}");
    auto const who = calls(300);
    for (char const name : {'a', 'b', 'c'}) {
        CHECK(std::count(who.begin(), who.end(), name) > 50);
    }
}

TEST_CASE_METHOD(several, "the first registrant fixes the policy")
{
    register_at(a, "p", "{'invoke':'roundrobin'}");
    b.say("[64,1,{'invoke':'random'},'p']");
    auto const m = b.next();
    CHECK(*m.at(4) == value("wamp.error.procedure_exists_with_different_invocation_policy"));
    CHECK(*m.at(5)->at(0) ==
          value("register for already registered procedure 'p' with conflicting invocation "
                "policy (has roundrobin and random was requested)"));
    b.say("[64,2,{},'p']");
    CHECK(error_of(b) == "wamp.error.procedure_exists_with_different_invocation_policy");
    register_at(a, "q");
    b.say("[64,3,{'invoke':'first'},'q']");
    CHECK(error_of(b) == "wamp.error.procedure_already_exists");
    // Another match is another registration with a policy of its own.
    register_at(b, "p", "{'invoke':'random','match':'prefix'}");
    // When all have gone, the next one may choose.
    a.drop();
    register_at(c, "p", "{'invoke':'last'}");
}

TEST_CASE_METHOD(several, "registering again what one has shared gives the same id; one UNREGISTER ends it")
{
    auto const id = register_at(a, "p", "{'invoke':'roundrobin'}");
    CHECK(register_at(a, "p", "{'invoke':'roundrobin'}") == id);
    CHECK(calls(2) == "aa");
    a.say("[66,9," + std::to_string(id) + "]");
    CHECK(a.heard() == "[67,9]");
    CHECK(called() == '-');
    CHECK(error_of(caller) == "wamp.error.no_such_procedure");
    CHECK(dealer_of(w).registration_count() == 0);
}

TEST_CASE_METHOD(several, "options of REGISTER that mean nothing")
{
    for (auto const* options : {"{'invoke':'all'}",
                                "{'invoke':7}",
                                "{'concurrency':0}",
                                "{'concurrency':-1}",
                                "{'concurrency':'many'}",
                                "{'concurrency':1e300}",
                                "{'match':7}"}) {
        a.say("[64,1," + std::string(options) + ",'p']");
        CHECK(error_of(a) == "wamp.error.invalid_argument");
    }
    register_at(a, "p", "{'invoke':null,'concurrency':null,'match':null}");
}

TEST_CASE_METHOD(several,
                 "concurrency: above it the caller is told, and again served when an answer has come")
{
    for (auto const* policy : {"single", "first", "last"}) {
        auto const id = register_at(a, "p", "{'concurrency':2,'invoke':'" + std::string(policy) + "'}");
        auto const before = limit_reached_count(w, "concurrency");
        CHECK(calls(3) == "aa-");
        CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
        CHECK(limit_reached_count(w, "concurrency") == before + 1);
        a.say("[8,68," + std::to_string(last) + ",{},'my.error']");
        CHECK(error_of(caller) == "my.error");
        CHECK(calls(1) == "a");
        a.say("[66,9," + std::to_string(id) + "]");
        a.next();
    }
}

TEST_CASE_METHOD(several, "concurrency counts down for a canceled, a timed out and an orphaned call")
{
    register_at(a, "p", "{'concurrency':1}");
    CHECK(called() == 'a');
    caller.say("[49,1,{'mode':'skip'}]");
    caller.next();
    CHECK(called("{'timeout':10}") == 'a');
    w.pass(std::chrono::milliseconds(10));
    caller.next();
    a.next();
    client other(w);
    other.join();
    call(other, 1, "p");
    invoked(a);
    other.drop();
    a.next();
    CHECK(called() == 'a');
    CHECK(called() == '-');
}

TEST_CASE_METHOD(several, "roundrobin passes over callees that are full, random does not look")
{
    register_at(a, "p", "{'invoke':'roundrobin','concurrency':1}");
    register_at(b, "p", "{'invoke':'roundrobin','concurrency':3}");
    CHECK(calls(5) == "abbb-");
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
    register_at(a, "q", "{'invoke':'random','concurrency':1}");
    for (int i = 0; i < 5; ++i) {
        CHECK(called("{}", "q") == 'a');
    }
}

TEST_CASE_METHOD(several, "calls in flight still count when a callee has left its registration and come back")
{
    auto const id = register_at(a, "p", "{'invoke':'roundrobin','concurrency':1}");
    register_at(b, "p", "{'invoke':'roundrobin','concurrency':1}");
    CHECK(called() == 'a');
    auto const open = last;
    a.say("[66,9," + std::to_string(id) + "]");
    a.next();
    register_at(a, "p", "{'invoke':'roundrobin','concurrency':1}");
    CHECK(calls(2) == "b-");
    caller.next();
    a.say("[70," + std::to_string(open) + ",{}]");
    caller.next();
    CHECK(calls(2) == "a-");
}

TEST_CASE_METHOD(several, "force_reregister: all callees are told, and the name starts anew")
{
    auto const id = all("{'invoke':'roundrobin'}");
    client heir(w);
    heir.join();
    auto const next = register_at(heir, "p", "{'force_reregister':true}");
    CHECK(next != id);
    for (auto* each : {&a, &b, &c}) {
        CHECK(each->heard() ==
              "[67,0,{'registration':" + std::to_string(id) + ",'reason':'wamp.error.unregistered'}]");
        each->say("[66,1," + std::to_string(id) + "]");
        CHECK(error_of(*each) == "wamp.error.no_such_registration");
    }
    call(caller, 1, "p");
    answer(heir);
    expect_result(caller, 1);
}

TEST_CASE_METHOD(several,
                 "an agent that comes back has its procedures at once, though its old session is still there")
{
    // As an OCS agent does after a cut that the router has not noticed yet.
    register_at(a, "site.agent.ops");
    call(caller, 1, "site.agent.ops");
    auto const old = invoked(a);
    client again(w);
    again.join();
    register_at(again, "site.agent.ops", "{'force_reregister':true}");
    call(caller, 2, "site.agent.ops");
    answer(again);
    expect_result(caller, 2);
    // What the old one still answers is answered; its end takes nothing away from the new one.
    a.say("[70," + std::to_string(old) + ",{}]");
    expect_result(caller, 1);
    a.drop();
    call(caller, 3, "site.agent.ops");
    answer(again);
    expect_result(caller, 3);
}

TEST_CASE_METHOD(several, "a session may force itself out, and has the procedure afterwards")
{
    auto const id = register_at(a, "p");
    a.say("[64,1,{'force_reregister':true},'p']");
    CHECK(a.next().at(0)->as_int() == 67);
    auto const m = a.next();
    REQUIRE(m.at(0)->as_int() == 65);
    CHECK(m.at(2)->as_uint() != id);
    CHECK(called() == 'a');
    CHECK(dealer_of(w).registration_count() == 1);
}

TEST_CASE_METHOD(several,
                 "sharded: a key has its callee, whatever the policy; others' keys stay when one goes")
{
    all("{'invoke':'roundrobin'}");
    std::map<std::string, char> before;
    std::set<char> used;
    auto const shard = [&](std::string const& key) {
        return called("{'runmode':'partition','rkey':" + key + "}");
    };
    for (int i = 0; i < 60; ++i) {
        auto const key = i % 2 == 0 ? std::to_string(i) : "'k" + std::to_string(i) + "'";
        before[key] = shard(key);
        used.insert(before[key]);
        CHECK(shard(key) == before[key]);
    }
    CHECK(used.size() == 3);
    b.drop();
    for (auto const& [key, name] : before) {
        if (name != 'b') {
            CHECK(shard(key) == name);
        } else {
            CHECK(shard(key) != '-');
        }
    }
}

TEST_CASE_METHOD(several, "sharded: options that mean nothing are refused; a key alone changes nothing")
{
    all("{'invoke':'first'}");
    for (auto const* options : {"{'runmode':'all','rkey':1}",
                                "{'runmode':'partition'}",
                                "{'runmode':3,'rkey':1}",
                                "{'runmode':'partition','rkey':null}"}) {
        CHECK(called(options) == '-');
        CHECK(error_of(caller) == "wamp.error.invalid_argument");
    }
    CHECK(calls(2, "{'rkey':'x'}") == "aa");
    CHECK(called("{'runmode':null}") == 'a');
}

TEST_CASE_METHOD(several, "sharded: the callee of the key is full")
{
    register_at(a, "p", "{'invoke':'roundrobin','concurrency':1}");
    CHECK(called("{'runmode':'partition','rkey':5}") == 'a');
    CHECK(called("{'runmode':'partition','rkey':5}") == '-');
    CHECK(error_of(caller) == "crossbar.error.max_concurrency_reached");
}

TEST_CASE("a shared registration by pattern, and one callee that leaves while it is called")
{
    several s;
    register_at(s.a, "x.", "{'invoke':'roundrobin','match':'prefix'}");
    register_at(s.b, "x.", "{'invoke':'roundrobin','match':'prefix'}");
    CHECK(s.called("{}", "x.1") == 'a');
    CHECK(s.called("{}", "x.2") == 'b');
    s.a.drop();
    CHECK(error_of(s.caller) == "wamp.error.canceled");
    CHECK(s.called("{}", "x.3") == 'b');
}
