#include "pubsub_world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct leaving {
    world w;
    client heir{w};
    client dying{w};

    leaving()
    {
        heir.join();
        dying.join();
        subscribe(heir, "will.", "{'match':'prefix'}");
    }
    void add(std::string const& args) { last = result_of(dying, "wamp.session.add_testament", args); }
    /// First arguments of the events that the heir got.
    std::string inherited()
    {
        std::string out;
        while (!heir.silent()) {
            out += codec::to_json(*heir.next().at(4)->at(0)) + " ";
        }
        return out;
    }

    value last;
};

}  // namespace

TEST_CASE_METHOD(leaving, "testaments are published when the connection is lost, detached before destroyed")
{
    add("['will.a',[1],{}]");
    add("['will.b',[2],{}]");
    add("['will.c',[3],{},{},'detached']");
    add("['will.d',[4],{},{},'detatched']");  // as crossbar spells it
    CHECK(heir.silent());
    dying.drop();
    CHECK(inherited() == "3 4 1 2 ");
}

TEST_CASE_METHOD(leaving, "an event of a testament has the payload and the publication id that were told")
{
    add("['will.a',[1,'x'],{'k':[2.5]}]");
    dying.drop();
    auto const e = heir.next();
    CHECK(*e.at(2) == last);
    CHECK(*e.at(4) == value(list{1, "x"}));
    CHECK(*e.at(5) == value(dict{{"k", list{2.5}}}));
}

TEST_CASE_METHOD(leaving,
                 "testaments are published after a clean GOODBYE too, and when the session is killed")
{
    add("['will.a',[1],{}]");
    SECTION("goodbye")
    {
        dying.say("[6,{},'wamp.close.normal']");
    }
    SECTION("abort")
    {
        dying.say("[3,{},'wamp.error.whatever']");
    }
    SECTION("violation")
    {
        dying.say("[1,'realm1',{}]");
    }
    SECTION("shutdown")
    {
        dying.state().say_goodbye(ending::shutdown, "wamp.close.system_shutdown", "x");
    }
    SECTION("kill")
    {
        client boss(w);
        boss.join();
        result_of(boss, "wamp.session.kill", "[" + text(dying.id) + "]");
    }
    CHECK(inherited() == "1 ");
    dying.drop();
    CHECK(heir.silent());
}

TEST_CASE_METHOD(leaving, "testaments may be taken back, each scope by itself")
{
    add("['will.a',[1],{}]");
    add("['will.b',[2],{}]");
    add("['will.c',[3],{},{},'detached']");
    CHECK(result_of(dying, "wamp.session.flush_testaments") == value(2));
    CHECK(result_of(dying, "wamp.session.flush_testaments") == value(0));
    CHECK(result_of(heir, "wamp.session.flush_testaments", "['detached']") == value(0));
    dying.drop();
    CHECK(inherited() == "3 ");
}

TEST_CASE_METHOD(leaving, "options of a testament count, but for acknowledge and exclude_me")
{
    client other(w);
    other.join();
    subscribe(other, "will.a");
    add("['will.a',[1],{},{'acknowledge':true,'exclude_me':false,'exclude':[" + text(heir.id) +
        "],'retain':true}]");
    auto const sent = dying.frames.size();
    dying.drop();
    CHECK(inherited().empty());
    CHECK(other.next().at(0)->as_int() == 36);
    CHECK(dying.frames.size() == sent);
    CHECK(w.logic.find_realm("realm1")->broker().retained().count() == 1);
}

TEST_CASE_METHOD(leaving, "testaments by keyword")
{
    add("[],{'topic':'will.a','args':[1],'kwargs':{},'publish_options':null,'scope':'destroyed'}");
    dying.drop();
    CHECK(inherited() == "1 ");
}

TEST_CASE_METHOD(leaving, "testaments that cannot be")
{
    auto const refused = [&](std::string const& args) {
        return error_of(dying, "wamp.session.add_testament", args);
    };
    CHECK(refused("[]") == "wamp.error.invalid_argument");
    CHECK(refused("[1,[],{}]") == "wamp.error.invalid_argument");
    CHECK(refused("['will.a',{},[]]") == "wamp.error.invalid_argument");
    CHECK(refused("['will.a',[],{},7]") == "wamp.error.invalid_argument");
    CHECK(refused("['will..a',[],{}]") == "wamp.error.invalid_uri");
    CHECK(refused("['wamp.x',[],{}]") == "wamp.error.invalid_uri");
    CHECK(refused("['will.a',[],{},{},'never']") == "wamp.error.testament_error");
    CHECK(refused("['will.a',[],{},{},3]") == "wamp.error.testament_error");
    CHECK(refused("['will.a',[],{},{'ppt_scheme':'wamp'}]") == "wamp.error.invalid_argument");
    CHECK(error_of(dying, "wamp.session.flush_testaments", "['x']") == "wamp.error.testament_error");
    dying.drop();
    CHECK(heir.silent());
}

TEST_CASE("nobody leaves behind what he may not publish")
{
    world w;
    permission may_call{"wamp.", wamp::match_policy::prefix, {true, false, false, false, false, false}};
    permission may_publish{"site.", wamp::match_policy::prefix, {false, false, true, false, false, false}};
    w.logic.add_realm("strict", {std::make_shared<role>("anonymous", std::vector{may_call, may_publish})});
    client c(w);
    join_with(c, "", "strict");
    CHECK(error_of(c, "wamp.session.add_testament", "['other.a',[],{}]") == "wamp.error.not_authorized");
    CHECK(result_of(c, "wamp.session.add_testament", "['site.a',[],{}]").is_integer());
}

TEST_CASE_METHOD(leaving, "testaments are bounded in number and bytes")
{
    w.logic.env().limits.max_testaments = 2;
    add("['will.a',[1],{}]");
    add("['will.a',[2],{},{},'detached']");
    CHECK(error_of(dying, "wamp.session.add_testament", "['will.a',[],{}]") == "cerro.error.limit_exceeded");
    result_of(dying, "wamp.session.flush_testaments");
    w.logic.env().limits.max_testament_bytes = 5'000;
    CHECK(error_of(dying,
                   "wamp.session.add_testament",
                   "['will.a',['" + std::string(5'000, 'x') + "'],{}]") == "cerro.error.limit_exceeded");
    add("['will.a',[3],{}]");
    CHECK(limited(w, "max_testaments") == 2);
    dying.drop();
    CHECK(inherited() == "2 3 ");
}
