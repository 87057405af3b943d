#include "pubsub_world.hpp"

#include <algorithm>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct crowd {
    world w;
    client boss{w};
    client a{w};
    client b{w};
    client reader{w, codec::serializer::json, anonymous_access("reader")};

    crowd()
    {
        for (auto* c : {&boss, &a, &b, &reader}) {
            c->join();
        }
    }
    std::vector<wamp::id> ids(value const& v)
    {
        std::vector<wamp::id> out;
        for (auto const& id : *v.as_list()) {
            out.push_back(*id.as_uint());
        }
        std::sort(out.begin(), out.end());
        return out;
    }
    std::size_t left() { return w.logic.find_realm("realm1")->session_count(); }
};

}  // namespace

TEST_CASE_METHOD(crowd, "a killed session gets GOODBYE, leaves at once, and is closed when it answers")
{
    subscribe(boss, "wamp.session.on_leave");
    boss.say("[48,5,{},'wamp.session.kill',[" + text(a.id) +
             "],{'reason':'site.maintenance','message':'come back later'}]");
    CHECK(*boss.next().at(4) == value(list{a.id}));  // on_leave
    CHECK(boss.heard() == "[50,5,{},[null]]");
    CHECK(a.heard() == "[6,{'message':'come back later'},'site.maintenance']");
    CHECK_FALSE(a.closed);
    CHECK(left() == 3);
    a.say("[16,1,{'acknowledge':true},'a.b']");  // too late
    CHECK(a.silent());
    a.say("[6,{},'wamp.close.goodbye_and_out']");
    CHECK(a.closed);
    CHECK(a.state().ended_as() == ending::killed);
    CHECK(left() == 3);
}

TEST_CASE_METHOD(crowd,
                 "without words the reason is wamp.close.killed; who does not answer is closed after a time")
{
    result_of(boss, "wamp.session.kill", "[" + text(a.id) + "]");
    auto const goodbye = a.next();
    CHECK(goodbye.at(0)->as_int() == 6);
    CHECK(goodbye.at(1)->find("message")->is_text());
    CHECK(*goodbye.at(2) == value("wamp.close.killed"));
    w.pass(w.logic.env().limits.goodbye_timeout);
    CHECK(a.closed);
}

TEST_CASE_METHOD(crowd, "what cannot be killed")
{
    auto const kill = [&](std::string const& args) { return error_of(boss, "wamp.session.kill", args); };
    CHECK(kill("[1]") == "wamp.error.no_such_session");
    CHECK(kill("[" + text(boss.id) + "]") == "wamp.error.no_such_session");
    CHECK(kill("[]") == "wamp.error.invalid_argument");
    CHECK(kill("['x']") == "wamp.error.invalid_argument");
    CHECK(kill("[" + text(a.id) + "],{'reason':'not a uri'}") == "wamp.error.invalid_uri");
    CHECK(kill("[" + text(a.id) + "],{'reason':7}") == "wamp.error.invalid_argument");
    CHECK(kill("[" + text(a.id) + "],{'message':7}") == "wamp.error.invalid_argument");
    CHECK(error_of(boss, "wamp.session.kill_by_authid") == "wamp.error.invalid_argument");
    CHECK(error_of(boss, "wamp.session.kill_by_authrole", "[3]") == "wamp.error.invalid_argument");
    CHECK(error_of(boss, "wamp.session.kill_all", "[],{'reason':'a b'}") == "wamp.error.invalid_uri");
    client elsewhere(w);
    w.logic.add_realm("realm2", {std::make_shared<role>("anonymous", std::vector{everything()})});
    join_with(elsewhere, "", "realm2");
    CHECK(kill("[" + text(elsewhere.id) + "]") == "wamp.error.no_such_session");
    CHECK(left() == 4);
}

TEST_CASE_METHOD(crowd, "killing by authid")
{
    auto const killed = result_of(boss, "wamp.session.kill_by_authid", "['" + a.state().who().authid + "']");
    CHECK(killed == value(list{a.id}));
    CHECK(*a.next().at(2) == value("wamp.close.killed"));
    auto const own = "['" + boss.state().who().authid + "']";
    CHECK(result_of(boss, "wamp.session.kill_by_authid", own) == value(list{}));
    CHECK(b.silent());
    CHECK(left() == 3);
}

TEST_CASE_METHOD(crowd, "killing by authrole leaves the caller; crossbar's answer is the list")
{
    auto const killed = result_of(boss, "wamp.session.kill_by_authrole", "['anonymous'],{'reason':'x.y'}");
    std::vector<wamp::id> both{a.id, b.id};
    std::sort(both.begin(), both.end());
    CHECK(ids(killed) == both);
    CHECK(*a.next().at(2) == value("x.y"));
    CHECK(reader.silent());
    CHECK(left() == 2);
}

TEST_CASE_METHOD(crowd, "killing all counts, and leaves the caller")
{
    CHECK(result_of(boss, "wamp.session.kill_all", "[],{'message':'bye'}") == value(3));
    CHECK(left() == 1);
    for (auto* c : {&a, &b, &reader}) {
        CHECK(c->heard() == "[6,{'message':'bye'},'wamp.close.killed']");
    }
}

TEST_CASE("the specification's dialect of the meta API")
{
    world w;
    realm_options options;
    options.dialect = meta_dialect::specification;
    w.logic.add_realm("spec", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client boss(w);
    client other(w);
    join_with(boss, "", "spec");
    join_with(other, "", "spec");
    subscribe(boss, "wamp.session.on_leave");
    auto const authid = other.state().who().authid;
    boss.say("[48,5,{},'wamp.session.kill_by_authrole',['anonymous']]");
    CHECK(*boss.next().at(4) == value(list{other.id, authid, "anonymous"}));
    CHECK(boss.heard() == "[50,5,{},[1]]");
}

TEST_CASE_METHOD(crowd, "calls to a killed session are answered, and its procedures are free")
{
    a.say("[64,1,{},'site.p']");
    a.next();
    b.say("[48,1,{},'site.p']");
    a.next();
    result_of(boss, "wamp.session.kill", "[" + text(a.id) + "]");
    CHECK(*b.next().at(4) == value("wamp.error.canceled"));
    b.say("[64,2,{},'site.p']");
    CHECK(b.next().at(0)->as_int() == 65);
}
