#include "world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

wamp::id register_at(client& c, std::string const& procedure, std::string const& options = "{}")
{
    c.say("[64,7," + options + ",'" + procedure + "']");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 65);
    return m.at(2)->as_uint().value();
}

struct pair {
    world w;
    client caller{w};
    client callee{w};

    pair()
    {
        caller.join();
        callee.join();
    }
    dealer& table() { return w.logic.find_realm("realm1")->dealer(); }
};

std::string error_of(client& c)
{
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 8);
    return *m.at(4)->as_text();
}

}  // namespace

TEST_CASE_METHOD(pair, "a call and its result, payload untouched both ways")
{
    auto const r = register_at(callee, "a.add");
    caller.say("[48,11,{},'a.add',[1,'x'],{'k':null}]");
    CHECK(callee.heard() == "[68,1," + std::to_string(r) + ",{},[1,'x'],{'k':null}]");
    CHECK(table().calls_open() == 1);
    callee.say("[70,1,{},[42]]");
    CHECK(caller.heard() == "[50,11,{},[42]]");
    CHECK(table().calls_open() == 0);
    caller.say("[48,12,{},'a.add']");
    CHECK(callee.heard() == "[68,2," + std::to_string(r) + ",{}]");
    callee.say("[70,2,{},[],{'r':1}]");
    CHECK(caller.heard() == "[50,12,{},[],{'r':1}]");
}

TEST_CASE_METHOD(pair, "an error of the callee reaches the caller with its arguments")
{
    register_at(callee, "a.fail");
    caller.say("[48,3,{},'a.fail']");
    callee.next();
    callee.say("[8,68,1,{},'my.error',['why'],{'k':1}]");
    CHECK(caller.heard() == "[8,48,3,{},'my.error',['why'],{'k':1}]");
    CHECK(table().calls_open() == 0);
}

TEST_CASE_METHOD(pair, "calls that cannot be")
{
    caller.say("[48,1,{},'a.none']");
    CHECK(caller.heard() ==
          "[8,48,1,{},'wamp.error.no_such_procedure',['no callee registered for procedure <a.none>']]");
    for (auto const* bad : {"", "a..b", "a b", "a#b", "a."}) {
        caller.say("[48,2,{},'" + std::string(bad) + "']");
        CHECK(error_of(caller) == "wamp.error.invalid_uri");
    }
    caller.say("[48,2,{},'a." + std::string(2000, 'b') + "']");
    CHECK(error_of(caller) == "wamp.error.invalid_uri");
}

TEST_CASE_METHOD(pair, "a role without the right is told in crossbar's words")
{
    client reader(w, codec::serializer::json, anonymous_access("reader"));
    reader.join();
    reader.say("[48,1,{},'other.x']");
    auto const m = reader.next();
    CHECK(*m.at(4) == value("wamp.error.not_authorized"));
    CHECK(*m.at(5)->at(0) ==
          value("session (session_id=" + std::to_string(reader.id) + ", authid=\"" +
                reader.state().who().authid +
                "\", authrole=\"reader\") is not authorized to call procedure \"other.x\" on realm "
                "\"realm1\""));
    reader.say("[64,2,{},'site.x']");
    auto const n = reader.next();
    CHECK(n.at(1)->as_int() == 64);
    CHECK(*n.at(4) == value("wamp.error.not_authorized"));
    reader.say("[48,3,{},'site.x']");
    CHECK(error_of(reader) == "wamp.error.no_such_procedure");
}

TEST_CASE_METHOD(pair, "registrations that cannot be")
{
    auto const refused = [&](std::string const& options, std::string const& procedure) {
        callee.say("[64,5," + options + ",'" + procedure + "']");
        return error_of(callee);
    };
    register_at(callee, "a.b");
    caller.say("[64,6,{},'a.b']");
    auto const m = caller.next();
    CHECK(*m.at(4) == value("wamp.error.procedure_already_exists"));
    CHECK(*m.at(5)->at(0) == value("register for already registered procedure 'a.b'"));
    CHECK(refused("{}", "a.b") == "wamp.error.procedure_already_exists");
    CHECK(refused("{}", "a..b") == "wamp.error.invalid_uri");
    CHECK(refused("{'match':'prefix'}", "a..b") == "wamp.error.invalid_uri");
    CHECK(refused("{'match':'odd'}", "a.c") == "wamp.error.invalid_argument");
    CHECK(refused("{'invoke':'odd'}", "a.c") == "wamp.error.invalid_argument");
    CHECK(refused("{}", "wamp.session.count") == "wamp.error.invalid_uri");
    register_at(callee, "a.b", "{'match':'prefix'}");  // another match is another registration
    register_at(callee, "a.c", "{'invoke':'single'}");
}

TEST_CASE_METHOD(pair, "exact before the longest prefix before wildcard")
{
    auto const wild = register_at(callee, "a..c", "{'match':'wildcard'}");
    auto const wilder = register_at(callee, "..c", "{'match':'wildcard'}");
    auto const called = [&](std::string const& procedure) {
        caller.say("[48," + std::to_string(++callee.id) + ",{},'" + procedure + "']");
        return callee.next();
    };
    CHECK(called("a.b.c").at(2)->as_uint() == wild);
    CHECK(called("x.b.c").at(2)->as_uint() == wilder);
    auto const prefix = register_at(callee, "a.", "{'match':'prefix'}");
    auto const longer = register_at(callee, "a.b", "{'match':'prefix'}");
    CHECK(called("a.x.c").at(2)->as_uint() == prefix);
    auto const by_prefix = called("a.bc");
    CHECK(by_prefix.at(2)->as_uint() == longer);
    CHECK(*by_prefix.at(3) == value(dict{{"procedure", "a.bc"}}));
    auto const exact = register_at(callee, "a.b.c");
    auto const by_name = called("a.b.c");
    CHECK(by_name.at(2)->as_uint() == exact);
    CHECK(*by_name.at(3) == value(dict{}));
    callee.say("[66,1," + std::to_string(exact) + "]");
    CHECK(callee.heard() == "[67,1]");
    CHECK(called("a.b.c").at(2)->as_uint() == longer);
}

TEST_CASE_METHOD(pair, "unregistering")
{
    auto const r = register_at(callee, "a.b");
    caller.say("[66,1," + std::to_string(r) + "]");
    CHECK(error_of(caller) == "wamp.error.no_such_registration");
    callee.say("[66,2," + std::to_string(r) + "]");
    CHECK(callee.heard() == "[67,2]");
    callee.say("[66,3," + std::to_string(r) + "]");
    CHECK(callee.heard() == "[8,66,3,{},'wamp.error.no_such_registration']");
    caller.say("[48,4,{},'a.b']");
    CHECK(error_of(caller) == "wamp.error.no_such_procedure");
}

TEST_CASE_METHOD(pair, "an invocation outlives its registration")
{
    auto const r = register_at(callee, "a.b");
    caller.say("[48,4,{},'a.b']");
    callee.next();
    callee.say("[66,2," + std::to_string(r) + "]");
    callee.next();
    callee.say("[70,1,{},[1]]");
    CHECK(caller.heard() == "[50,4,{},[1]]");
}

TEST_CASE_METHOD(pair, "force_reregister takes a procedure over, and the old callee is told")
{
    auto const r = register_at(callee, "a.b");
    client heir(w);
    heir.join();
    auto const next = register_at(heir, "a.b", "{'force_reregister':true}");
    CHECK(next != r);
    CHECK(callee.heard() ==
          "[67,0,{'registration':" + std::to_string(r) + ",'reason':'wamp.error.unregistered'}]");
    caller.say("[48,1,{},'a.b']");
    CHECK(callee.silent());
    CHECK(heir.next().at(0)->as_int() == 68);
    callee.say("[66,3," + std::to_string(r) + "]");
    CHECK(error_of(callee) == "wamp.error.no_such_registration");
    callee.drop();
    caller.say("[48,2,{},'a.b']");
    CHECK(heir.next().at(0)->as_int() == 68);
}

TEST_CASE_METHOD(pair, "a callee that cannot understand a revocation is not told")
{
    client simple(w);
    simple.join_plain();
    register_at(simple, "a.b");
    register_at(callee, "a.b", "{'force_reregister':true}");
    CHECK(simple.silent());
}

TEST_CASE_METHOD(pair, "when the callee goes, its callers get canceled, and the name is free")
{
    register_at(callee, "a.b");
    caller.say("[48,4,{},'a.b']");
    caller.say("[48,5,{},'a.b']");
    callee.drop();
    for (int i = 0; i < 2; ++i) {
        auto const m = caller.next();
        CHECK(*m.at(4) == value("wamp.error.canceled"));
        CHECK(*m.at(5)->at(0) == value("callee disconnected from in-flight request"));
    }
    CHECK(table().calls_open() == 0);
    CHECK(table().registration_count() == 0);
    register_at(caller, "a.b");
}

TEST_CASE_METHOD(pair, "when the caller goes, the callee is interrupted and its late answer dropped")
{
    register_at(callee, "a.b");
    caller.say("[48,4,{},'a.b']");
    callee.next();
    caller.drop();
    CHECK(callee.heard() == "[69,1,{'mode':'killnowait','reason':'wamp.error.canceled'}]");
    callee.say("[70,1,{},[1]]");
    CHECK_FALSE(callee.closed);
    CHECK(w.dropped("late_result") == 1);
    CHECK(table().calls_open() == 0);
}

TEST_CASE_METHOD(pair, "a session may call itself, and leave with that call open")
{
    register_at(callee, "a.b");
    callee.say("[48,4,{},'a.b']");
    CHECK(callee.next().at(0)->as_int() == 68);
    callee.drop();
    CHECK(callee.silent());
    CHECK(table().calls_open() == 0);
}

TEST_CASE_METHOD(pair, "answers to invocations that never were are ignored")
{
    callee.say("[70,99,{},[1]]");
    callee.say("[8,68,99,{},'my.error']");
    callee.say("[8,48,1,{},'my.error']");
    CHECK(callee.silent());
    CHECK_FALSE(callee.closed);
    CHECK(w.dropped("late_result") == 3);
}

TEST_CASE_METHOD(pair, "a request id in use is a protocol violation; one that is done may be used again")
{
    register_at(callee, "a.b");
    caller.say("[48,4,{},'a.b']");
    callee.next();
    callee.say("[70,1,{}]");
    caller.next();
    caller.say("[48,4,{},'a.b']");
    callee.next();
    CHECK_FALSE(caller.closed);
    caller.say("[48,4,{},'a.b']");
    CHECK(*caller.next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(caller.closed);
}

TEST_CASE_METHOD(pair, "cancel: the caller is answered at once, or by the callee with mode kill")
{
    register_at(callee, "a.b");
    auto const call = [&](int request) {
        caller.say("[48," + std::to_string(request) + ",{},'a.b']");
        return callee.next().at(1)->as_uint().value();
    };
    call(1);
    caller.say("[49,1,{'mode':'skip'}]");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(callee.silent());
    callee.say("[70,1,{},[1]]");
    CHECK(caller.silent());

    call(2);
    caller.say("[49,2,{}]");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(callee.heard() == "[69,2,{'mode':'killnowait','reason':'wamp.error.canceled'}]");

    call(3);
    caller.say("[49,3,{'mode':'kill'}]");
    caller.say("[49,3,{'mode':'kill'}]");
    CHECK(caller.silent());
    CHECK(callee.heard() == "[69,3,{'mode':'kill','reason':'wamp.error.canceled'}]");
    CHECK(callee.silent());
    callee.say("[8,68,3,{},'wamp.error.canceled']");
    CHECK(error_of(caller) == "wamp.error.canceled");

    call(4);
    caller.say("[49,4,{'mode':'gently'}]");
    CHECK(error_of(caller) == "wamp.error.invalid_argument");
    caller.say("[49,4,{}]");
    caller.say("[49,99,{}]");
    CHECK(caller.silent());
    CHECK(table().calls_open() == 0);
}

TEST_CASE_METHOD(pair, "a callee that cannot be interrupted is left alone")
{
    client simple(w);
    simple.join_plain();
    register_at(simple, "a.b");
    caller.say("[48,1,{},'a.b']");
    simple.next();
    caller.say("[49,1,{'mode':'kill'}]");
    CHECK(error_of(caller) == "wamp.error.canceled");
    CHECK(simple.silent());
}

TEST_CASE_METHOD(pair, "a time limit in milliseconds")
{
    register_at(callee, "a.b");
    caller.say("[48,1,{'timeout':250},'a.b']");
    callee.next();
    w.pass(std::chrono::milliseconds(249));
    CHECK(caller.silent());
    w.pass(std::chrono::milliseconds(1));
    CHECK(error_of(caller) == "wamp.error.timeout");
    CHECK(callee.heard() == "[69,1,{'mode':'killnowait','reason':'wamp.error.timeout'}]");
    callee.say("[70,1,{},[1]]");
    CHECK(caller.silent());

    caller.say("[48,2,{'timeout':250},'a.b']");
    callee.next();
    callee.say("[70,2,{}]");
    caller.next();
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
    w.pass(std::chrono::milliseconds(1000));
    CHECK(caller.silent());

    caller.say("[48,3,{'timeout':0},'a.b']");
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
}

TEST_CASE_METHOD(pair, "progressive results, if the caller takes them")
{
    register_at(callee, "a.b");
    caller.say("[48,1,{'receive_progress':true},'a.b']");
    CHECK(*callee.next().at(3) == value(dict{{"receive_progress", true}}));
    callee.say("[70,1,{'progress':true},[1]]");
    callee.say("[70,1,{'progress':true},[2]]");
    callee.say("[70,1,{},[3]]");
    CHECK(caller.heard() == "[50,1,{'progress':true},[1]]");
    CHECK(caller.heard() == "[50,1,{'progress':true},[2]]");
    CHECK(caller.heard() == "[50,1,{},[3]]");
    CHECK(table().calls_open() == 0);

    caller.say("[48,2,{},'a.b']");
    callee.next();
    callee.say("[70,2,{'progress':true},[1]]");
    CHECK(caller.silent());
    callee.say("[70,2,{},[2]]");
    CHECK(caller.heard() == "[50,2,{},[2]]");
}

TEST_CASE_METHOD(pair, "limits of registrations and open calls")
{
    w.logic.env().limits.max_registrations = 1;
    w.logic.env().limits.max_calls_open = 1;
    register_at(callee, "a.b");
    callee.say("[64,1,{},'a.c']");
    CHECK(error_of(callee) == "cerro.error.limit_exceeded");
    caller.say("[48,1,{},'a.b']");
    caller.say("[48,2,{},'a.b']");
    CHECK(error_of(caller) == "cerro.error.limit_exceeded");
    callee.say("[70,1,{}]");
    CHECK(caller.next().at(0)->as_int() == 50);
    caller.say("[48,3,{},'a.b']");
    CHECK(caller.silent());
}

TEST_CASE("messages above what a peer takes become errors, never silence")
{
    world w;
    client big(w);
    client small(w, codec::serializer::json, anonymous_access(), 512);
    big.join();
    small.say("[1,'realm1',{'roles':{}}]");
    small.inbox.clear();
    auto const payload = "['" + std::string(600, 'x') + "']";

    register_at(small, "a.small");
    big.say("[48,1,{},'a.small'," + payload + "]");
    CHECK(error_of(big) == "wamp.error.payload_size_exceeded");
    CHECK(small.silent());

    register_at(big, "a.big");
    small.say("[48,1,{},'a.big']");
    auto const invocation = std::to_string(big.next().at(1)->as_uint().value());
    big.say("[70," + invocation + ",{}," + payload + "]");
    CHECK(error_of(small) == "wamp.error.payload_size_exceeded");

    small.say("[48,2,{},'a.big']");
    big.next();
    big.say("[8,68,2,{},'my.error'," + payload + "]");
    CHECK(error_of(small) == "my.error");
}

TEST_CASE("calls between serializers are transcoded")
{
    world w;
    client caller(w, codec::serializer::json);
    client callee(w, codec::serializer::cbor);
    caller.join();
    callee.join();
    register_at(callee, "a.b");
    caller.say("[48,1,{},'a.b',[1.5,'x'],{'k':[true]}]");
    auto const m = callee.next();
    CHECK(*m.at(4) == value(list{1.5, "x"}));
    CHECK(*m.at(5) == value(dict{{"k", list{true}}}));
    // 0xf97e00 is CBOR's NaN, 0x42 two octets
    callee.say_bytes(std::string_view("\x84\x18\x46\x01\xa0\x82\xf9\x7e\x00\x42\x00\x01", 12));
    auto const r = caller.next();
    CHECK(r.at(3)->at(0)->is_null());
    CHECK(*r.at(3)->at(1) == value(binary{bytes("\0\1", 2)}));
}

TEST_CASE("the caller is disclosed when its permission says so")
{
    world w;
    auto open = everything();
    open.allow.disclose_caller = true;
    w.logic.add_realm("open", {std::make_shared<role>("anonymous", std::vector{open})});
    client caller(w);
    client callee(w);
    for (auto* c : {&caller, &callee}) {
        c->say("[1,'open',{'roles':{}}]");
        c->id = c->next().at(1)->as_uint().value();
    }
    register_at(callee, "a.b");
    caller.say("[48,1,{},'a.b']");
    auto const details = *callee.next().at(3);
    CHECK(*details.find("caller") == value(caller.id));
    CHECK(*details.find("caller_authid") == value(caller.state().who().authid));
    CHECK(*details.find("caller_authrole") == value("anonymous"));
}
