#include "rpc_support.hpp"

#include <map>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct meta_world {
    world w;
    client asking{w};
    client a{w};
    client b{w};

    meta_world()
    {
        w.logic.env().wall = [] { return wall_time(std::chrono::milliseconds(1'500)); };
        for (auto* each : {&asking, &a, &b}) {
            each->join();
        }
    }
    /// The first argument of the result of a call to wamp.registration.<name>.
    value ask(std::string const& name, std::string const& args = "[]")
    {
        asking.say("[48,1,{},'wamp.registration." + name + "'," + args + "]");
        auto const m = asking.next();
        INFO(codec::to_json(m));
        REQUIRE(m.at(0)->as_int() == 50);
        return *m.at(3)->at(0);
    }
    std::string refused(std::string const& name, std::string const& args = "[]")
    {
        asking.say("[48,1,{},'wamp.registration." + name + "'," + args + "]");
        return error_of(asking);
    }
    void watch()
    {
        int request = 0;
        for (auto const* topic : {"on_create", "on_register", "on_unregister", "on_delete"}) {
            asking.say("[32," + std::to_string(++request) + ",{},'wamp.registration." + std::string(topic) +
                       "']");
            topics.emplace(asking.next().at(2)->as_uint().value(), topic);
        }
    }
    /// "on_create [a, ...]" of the next event, the session id by name.
    std::string event()
    {
        auto const m = asking.next();
        INFO(codec::to_json(m));
        REQUIRE(m.at(0)->as_int() == 36);
        auto const* args = m.at(4);
        REQUIRE(args->as_list()->size() == 2);
        auto const session = args->at(0)->as_uint().value();
        auto const* what = args->at(1);
        auto const id = what->is_dict() ? what->find("id")->as_uint().value() : what->as_uint().value();
        return topics.at(m.at(1)->as_uint().value()) + " " +
               (session == a.id        ? "a"
                : session == b.id      ? "b"
                : session == asking.id ? "asking"
                                       : "?") +
               " " + std::to_string(id);
    }
    std::map<wamp::id, std::string> topics;
};

std::string text(wamp::id id)
{
    return std::to_string(id);
}

}  // namespace

TEST_CASE_METHOD(meta_world, "registration meta: what is registered, by match and by session")
{
    CHECK(ask("list") == value(dict{{"exact", list{}}, {"prefix", list{}}, {"wildcard", list{}}}));
    auto const exact = register_at(a, "x.y");
    auto const prefix = register_at(b, "x.", "{'match':'prefix'}");
    auto const wildcard = register_at(a, "x..z", "{'match':'wildcard'}");
    auto const second = register_at(b, "x.q", "{'invoke':'roundrobin'}");
    CHECK(
        ask("list") ==
        value(dict{{"exact", list{exact, second}}, {"prefix", list{prefix}}, {"wildcard", list{wildcard}}}));
    CHECK(ask("list", "[" + text(b.id) + "]") ==
          value(dict{{"exact", list{second}}, {"prefix", list{prefix}}, {"wildcard", list{}}}));
    CHECK(refused("list", "['x']") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(meta_world, "registration meta: lookup is by text and match, match is by who would serve")
{
    auto const exact = register_at(a, "x.y");
    auto const prefix = register_at(b, "x.", "{'match':'prefix'}");
    CHECK(ask("lookup", "['x.y']") == value(exact));
    CHECK(ask("lookup", "['x.y',{'match':'exact'}]") == value(exact));
    CHECK(ask("lookup", "['x.y',{'match':'prefix'}]").is_null());
    CHECK(ask("lookup", "['x.',{'match':'prefix'}]") == value(prefix));
    CHECK(ask("lookup", "['none']").is_null());
    CHECK(refused("lookup", "['x.y',{'match':'odd'}]") == "wamp.error.invalid_argument");
    CHECK(refused("lookup") == "wamp.error.invalid_argument");
    CHECK(ask("match", "['x.y']") == value(exact));
    CHECK(ask("match", "['x.z']") == value(prefix));
    CHECK(ask("match", "['none']").is_null());
    CHECK(refused("match", "[7]") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(meta_world, "registration meta: one registration and its callees")
{
    auto const id = register_at(a, "x.", "{'invoke':'last','match':'prefix'}");
    register_at(b, "x.", "{'invoke':'last','match':'prefix'}");
    CHECK(ask("get", "[" + text(id) + "]") == value(dict{{"id", id},
                                                         {"created", "1970-01-01T00:00:01.500Z"},
                                                         {"uri", "x."},
                                                         {"match", "prefix"},
                                                         {"invoke", "last"}}));
    CHECK(ask("list_callees", "[" + text(id) + "]") == value(list{a.id, b.id}));
    CHECK(ask("count_callees", "[" + text(id) + "]") == value(2));
    for (auto const* name : {"get", "list_callees", "count_callees", "remove_callee"}) {
        CHECK(refused(name, "[999]") == "wamp.error.no_such_registration");
        CHECK(refused(name) == "wamp.error.invalid_argument");
        CHECK(refused(name, "['x']") == "wamp.error.invalid_argument");
    }
}

TEST_CASE_METHOD(meta_world, "registration meta: remove_callee takes one callee out and tells it")
{
    auto const id = register_at(a, "p", "{'invoke':'first'}");
    register_at(b, "p", "{'invoke':'first'}");
    CHECK(refused("remove_callee", "[" + text(id) + "," + text(asking.id) + "]") ==
          "wamp.error.no_such_session");
    CHECK(refused("remove_callee", "[" + text(id) + "]") == "wamp.error.invalid_argument");
    CHECK(ask("remove_callee", "[" + text(id) + "," + text(a.id) + ",'my.reason']").is_null());
    CHECK(a.heard() == "[67,0,{'registration':" + text(id) + ",'reason':'my.reason'}]");
    call(asking, 5, "p");
    answer(b);
    expect_result(asking, 5);
    CHECK(ask("remove_callee", "[" + text(id) + "," + text(b.id) + "]").is_null());
    CHECK(b.heard() == "[67,0,{'registration':" + text(id) + ",'reason':'wamp.error.unregistered'}]");
    call(asking, 6, "p");
    CHECK(error_of(asking) == "wamp.error.no_such_procedure");
    CHECK(refused("get", "[" + text(id) + "]") == "wamp.error.no_such_registration");
}

TEST_CASE_METHOD(meta_world, "registration meta: events of a registration's life, in order")
{
    watch();
    auto const id = text(register_at(a, "p", "{'invoke':'first'}"));
    register_at(b, "p", "{'invoke':'first'}");
    CHECK(event() == "on_create a " + id);
    CHECK(event() == "on_register a " + id);
    CHECK(event() == "on_register b " + id);
    a.say("[66,1," + id + "]");
    CHECK(event() == "on_unregister a " + id);
    CHECK(asking.silent());
    b.drop();
    CHECK(event() == "on_unregister b " + id);
    CHECK(event() == "on_delete b " + id);
    CHECK(asking.silent());
}

TEST_CASE_METHOD(meta_world, "registration meta: events of a take-over and of remove_callee")
{
    watch();
    auto const id = text(register_at(a, "p"));
    CHECK(event() == "on_create a " + id);
    CHECK(event() == "on_register a " + id);
    auto const next = text(register_at(b, "p", "{'force_reregister':true}"));
    CHECK(event() == "on_unregister a " + id);
    CHECK(event() == "on_delete b " + id);
    CHECK(event() == "on_create b " + next);
    CHECK(event() == "on_register b " + next);
    asking.say("[48,1,{},'wamp.registration.remove_callee',[" + next + "," + text(b.id) + "]]");
    CHECK(event() == "on_unregister b " + next);
    CHECK(event() == "on_delete asking " + next);
    CHECK(asking.next().at(0)->as_int() == 50);
}

TEST_CASE_METHOD(meta_world, "registration meta: on_create tells what was made")
{
    asking.say("[32,1,{},'wamp.registration.on_create']");
    asking.next();
    auto const id = register_at(a, "x..y", "{'match':'wildcard','invoke':'random'}");
    CHECK(*asking.next().at(4) == value(list{a.id,
                                             dict{{"id", id},
                                                  {"created", "1970-01-01T00:00:01.500Z"},
                                                  {"uri", "x..y"},
                                                  {"match", "wildcard"},
                                                  {"invoke", "random"}}}));
}

TEST_CASE_METHOD(meta_world, "registration meta: reserved URIs are nobody's business")
{
    client trusted(w, codec::serializer::json, anonymous_access("trusted"));
    trusted.join();
    watch();
    auto const reserved = register_at(trusted, "wamp.own");
    CHECK(asking.silent());
    CHECK(refused("get", "[" + text(reserved) + "]") == "wamp.error.not_authorized");
    CHECK(refused("remove_callee", "[" + text(reserved) + "," + text(trusted.id) + "]") ==
          "wamp.error.not_authorized");
    auto const crossbar = register_at(a, "crossbar.own");
    asking.inbox.clear();
    CHECK(refused("list_callees", "[" + text(crossbar) + "]") == "wamp.error.not_authorized");
    trusted.say("[48,1,{},'wamp.registration.count_callees',[" + text(reserved) + "]]");
    CHECK(trusted.heard() == "[50,1,{},[1]]");
}

TEST_CASE_METHOD(meta_world, "nobody's pattern takes the router's own procedures away")
{
    register_at(a, "", "{'match':'prefix'}");
    register_at(b, "wam", "{'match':'prefix'}");
    register_at(b, "..count", "{'match':'wildcard'}");
    CHECK(ask("count_callees", "[1]") == value(1));
    call(asking, 1, "wamp.session.nothing");
    CHECK(error_of(asking) == "wamp.error.no_such_procedure");
    CHECK(a.silent());
    CHECK(b.silent());
    call(asking, 2, "anything");
    CHECK(invoked(a) == 1);
}

TEST_CASE("registration meta: a realm without the meta API has neither procedures nor events")
{
    world w;
    realm_options options;
    options.meta_api = false;
    w.logic.add_realm("bare", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client c(w);
    c.say("[1,'bare',{'roles':{}}]");
    CHECK(c.next()
              .at(2)
              ->find("roles")
              ->find("dealer")
              ->find("features")
              ->find("registration_meta_api")
              ->as_bool() == false);
    c.say("[32,1,{},'wamp.registration.on_create']");
    c.next();
    register_at(c, "p");
    CHECK(c.silent());
    c.say("[48,1,{},'wamp.registration.list']");
    CHECK(error_of(c) == "wamp.error.no_such_procedure");
}
