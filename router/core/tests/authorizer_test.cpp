#include "world.hpp"
#include <cerro/router/authorization.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct setting {
    world w;
    realm& home = w.logic.add_realm("realm1a", roles());
    client judge{w};
    client guest{w, codec::serializer::json, anonymous_access("guest")};

    static std::vector<std::shared_ptr<role>> roles(authorizer_rule const& rule = {
                                                        "site.judge", false, false})
    {
        auto asked = std::make_shared<role>("guest", std::vector<permission>{});
        asked->set_authorizer(rule);
        return {std::make_shared<role>("anonymous", std::vector{everything()}), asked};
    }
    setting()
    {
        for (auto* const c : {&judge, &guest}) {
            c->say(
                "[1,'realm1a',{'roles':{'caller':{},'callee':{},'publisher':{},'subscriber':{}},'authextra':{"
                "'a':1}}]");
            c->id = *c->next().at(1)->as_uint();
        }
        judge.say("[64,1,{},'site.judge']");
        judge.next();
    }
    /// What the authorizer is asked: "call site.x"; its invocation is kept.
    std::string asked()
    {
        auto const m = judge.next();
        REQUIRE(m.at(0)->as_int() == 68);
        last = *m.at(1)->as_uint();
        details = *m.at(4)->at(0)->as_dict();
        options = *m.at(4)->at(3)->as_dict();
        return *m.at(4)->at(2)->as_text() + " " + *m.at(4)->at(1)->as_text();
    }
    void answer(std::string const& result)
    {
        judge.say("[70," + std::to_string(last) + ",{},[" + result + "]]");
        w.pass(std::chrono::milliseconds(0));
    }
    std::string error()
    {
        auto const m = guest.next();
        REQUIRE(m.at(0)->as_int() == 8);
        return *m.at(4)->as_text();
    }

    std::uint64_t last = 0;
    dict details;
    dict options;
};

}  // namespace

TEST_CASE_METHOD(setting, "an authorizer is asked with session, URI, action and options, and its yes counts")
{
    guest.say("[32,7,{'match':'prefix'},'site.a']");
    CHECK(guest.silent());
    CHECK(asked() == "subscribe site.a");
    CHECK(*details.find("session") == value(guest.id));
    CHECK(*details.find("authrole") == value("guest"));
    CHECK(*details.find("authextra") == value(dict{{"a", 1}}));
    CHECK(options == dict{{"match", "prefix"}});
    answer("true");
    CHECK(guest.next().at(0)->as_int() == 33);
    // it was for that one request only
    guest.say("[32,8,{},'site.a']");
    CHECK(asked() == "subscribe site.a");
    answer("false");
    CHECK(error() == "wamp.error.not_authorized");
}

TEST_CASE_METHOD(setting, "the order of requests stays, and those that need no question wait too")
{
    guest.say("[64,1,{},'site.mine']");
    guest.say("[48,2,{},'site.mine']");
    guest.say("[66,3,4711]");
    CHECK(asked() == "register site.mine");
    auto const first = last;
    CHECK(asked() == "call site.mine");
    answer("{'allow':true}");
    CHECK(guest.silent());
    last = first;
    answer("true");
    CHECK(guest.next().at(0)->as_int() == 65);
    CHECK(guest.next().at(0)->as_int() == 68);
    CHECK(error() == "wamp.error.no_such_registration");
}

TEST_CASE_METHOD(setting, "answers to invocations and GOODBYE do not wait")
{
    guest.say("[64,1,{},'site.mine']");
    asked();
    answer("true");
    guest.next();
    judge.say("[48,2,{},'site.mine']");
    auto const invocation = *guest.next().at(1)->as_uint();
    guest.say("[48,2,{},'site.x']");
    asked();
    guest.say("[70," + std::to_string(invocation) + ",{},[5]]");
    CHECK(*judge.next().at(3) == value(list{5}));
    guest.say("[6,{},'wamp.close.normal']");
    CHECK(guest.next().at(0)->as_int() == 6);
    answer("true");
    CHECK(guest.silent());
    CHECK(home.dealer().calls_open() == 0);
}

TEST_CASE_METHOD(setting, "who does not answer, or not in the right form, denies")
{
    guest.say("[48,1,{},'site.x']");
    asked();
    judge.say("[8,68," + std::to_string(last) + ",{},'site.error.broken',['why']]");
    w.pass(std::chrono::milliseconds(0));
    CHECK(error() == "wamp.error.authorization_failed");
    for (auto const* const bad : {"17", "'yes'", "{'disclose':true}", "null"}) {
        guest.say("[48,1,{},'site.x']");
        asked();
        answer(bad);
        CHECK(error() == "wamp.error.authorization_failed");
    }
    guest.say("[48,1,{},'site.x']");
    asked();
    w.pass(w.logic.env().limits.authorizer_timeout);
    w.pass(std::chrono::milliseconds(0));
    CHECK(error() == "wamp.error.authorization_failed");
    judge.drop();
    guest.say("[48,1,{},'site.x']");
    w.pass(std::chrono::milliseconds(0));
    CHECK(error() == "wamp.error.authorization_failed");
    guest.say("[16,1,{},'site.x']");  // nobody would hear of it: counted
    w.pass(std::chrono::milliseconds(0));
    CHECK(guest.silent());
    CHECK(w.dropped("event_not_authorized") == 1);
    CHECK(w.counter("cerro_router_authorizer_failures_total") == 8);
}

TEST_CASE_METHOD(setting, "a cached answer is asked for once, by session, URI and action")
{
    home.find_role("guest")->set_authorizer({"site.judge", false, true});
    client other(w, codec::serializer::json, anonymous_access("guest"));
    other.say("[1,'realm1a',{'roles':{'publisher':{}}}]");
    other.next();
    for (int i = 1; i <= 3; ++i) {
        other.say("[16," + std::to_string(i) + ",{'acknowledge':true},'site.t']");
    }
    CHECK(asked() == "publish site.t");
    CHECK(judge.silent());
    answer("true");
    other.say("[16,4,{'acknowledge':true},'site.t']");
    for (int i = 0; i < 4; ++i) {
        CHECK(other.next().at(0)->as_int() == 17);
    }
    CHECK(judge.silent());
    other.say("[32,5,{},'site.t']");
    CHECK(asked() == "subscribe site.t");
    answer("{'allow':true,'cache':false}");
    other.next();
    other.say("[32,6,{},'site.t']");
    CHECK(asked() == "subscribe site.t");
}

TEST_CASE_METHOD(setting, "the authorizer says whether a caller is disclosed")
{
    judge.say("[64,2,{},'site.p']");
    judge.next();
    for (bool const shown : {true, false}) {
        guest.say("[48," + std::string(shown ? "1" : "2") + ",{},'site.p']");
        asked();
        answer(shown ? "{'allow':true,'disclose':true}" : "true");
        auto const m = judge.next();
        CHECK((m.at(3)->find("caller") != nullptr) == shown);
        judge.say("[70," + std::to_string(*m.at(1)->as_uint()) + ",{}]");
        CHECK(guest.next().at(0)->as_int() == 50);
    }
}

TEST_CASE_METHOD(setting, "what waits is bounded in number and bytes")
{
    w.logic.env().limits.max_held = 2;
    for (int i = 1; i <= 3; ++i) {
        guest.say("[48," + std::to_string(i) + ",{},'site.x']");
    }
    CHECK(error() == "cerro.error.limit_exceeded");
    CHECK(w.counter("cerro_router_held_refused_total") == 1);
    w.logic.env().limits.max_held = 100;
    w.logic.env().limits.held_bytes = 1000;
    guest.say("[48,4,{},'site.x',['" + std::string(1000, 'x') + "']]");
    CHECK(error() == "cerro.error.limit_exceeded");
}

TEST_CASE_METHOD(setting, "a session that goes while its requests wait leaves nothing behind")
{
    guest.say("[48,1,{},'site.x']");
    guest.say("[48,2,{},'site.x']");
    asked();
    asked();
    guest.drop();
    w.pass(std::chrono::milliseconds(0));
    CHECK(home.dealer().calls_open() == 0);
    CHECK(home.session_count() == 1);
}
