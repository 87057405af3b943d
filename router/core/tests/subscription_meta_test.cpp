#include "pubsub_world.hpp"
#include <cerro/base/iso8601.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct watched {
    world w;
    client watcher{w};
    client c{w};
    client trusted{w, codec::serializer::json, anonymous_access("trusted")};

    watched()
    {
        for (auto* one : {&watcher, &c, &trusted}) {
            one->join();
        }
        w.logic.env().wall = [] { return wall_time(std::chrono::milliseconds(1'795'253'460'123)); };
    }
    /// "on_create 1 2" for an event with two integers, "on_create 1 {..}" with details
    std::string event()
    {
        auto const e = watcher.next();
        REQUIRE(e.at(0)->as_int() == 36);
        auto const* topic = e.at(3)->find("topic")->as_text();
        return topic->substr(topic->rfind('.') + 1) + " " + codec::to_json(*e.at(4)->at(0)) + " " +
               codec::to_json(*e.at(4)->at(1));
    }
    void watch() { subscribe(watcher, "wamp.subscription.", "{'match':'prefix'}"); }
};

}  // namespace

TEST_CASE_METHOD(watched, "events of a subscription, in order: create, subscribe, unsubscribe, delete")
{
    watch();
    client second(w);
    second.join();
    auto const s = subscribe(c, "a.b");
    auto const id = text(s);
    auto const by = text(c.id);
    CHECK(event() == "on_create " + by + " {\"id\":" + id +
                         ",\"created\":\"2026-11-21T09:31:00.123Z\",\"uri\":\"a.b\",\"match\":\"exact\"}");
    CHECK(event() == "on_subscribe " + by + " " + id);
    subscribe(c, "a.b");  // the same once more
    CHECK(watcher.silent());
    subscribe(second, "a.b");
    CHECK(event() == "on_subscribe " + text(second.id) + " " + id);
    c.say("[34,9," + id + "]");
    CHECK(event() == "on_unsubscribe " + by + " " + id);
    second.drop();
    CHECK(event() == "on_unsubscribe " + text(second.id) + " " + id);
    CHECK(event() == "on_delete " + text(second.id) + " " + id);
    CHECK(watcher.silent());
}

TEST_CASE_METHOD(watched, "subscriptions to the router's own topics make no events, so nothing recurses")
{
    watch();
    subscribe(watcher, "", "{'match':'prefix'}");
    watcher.inbox.clear();
    subscribe(c, "wamp.session.on_join");
    auto const s = subscribe(c, "wamp.subscription.", "{'match':'prefix'}");
    c.say("[34,9," + text(s) + "]");
    CHECK(watcher.silent());
    CHECK(c.heard() == "[35,9]");
}

TEST_CASE_METHOD(watched, "who subscribes is not told of it by an event, SUBSCRIBED comes before all events")
{
    subscribe(c, "wamp.subscription.", "{'match':'prefix'}");
    auto const s = subscribe(c, "a.b");
    CHECK(c.silent());
    c.say("[34,9," + text(s) + "]");
    CHECK(c.heard() == "[35,9]");
    CHECK(c.silent());
}

TEST_CASE_METHOD(watched, "who leaves gets no events of its own leaving")
{
    subscribe(c, "", "{'match':'prefix'}");
    subscribe(c, "a.b");
    auto const before = c.frames.size();
    c.drop();
    CHECK(c.frames.size() == before);
    CHECK(w.dropped("event_peer_closed") == 0);
}

TEST_CASE_METHOD(watched,
                 "subscriptions are listed by match, all or of one session, protected ones for trusted only")
{
    auto const e = subscribe(c, "a.b");
    auto const p = subscribe(c, "a.", "{'match':'prefix'}");
    auto const x = subscribe(watcher, "a..c", "{'match':'wildcard'}");
    auto const own = subscribe(watcher, "wamp.session.on_join");
    auto const lists = [](list exact, list prefix, list wildcard) {
        return value(dict{
            {"exact", std::move(exact)}, {"prefix", std::move(prefix)}, {"wildcard", std::move(wildcard)}});
    };
    CHECK(result_of(c, "wamp.subscription.list") == lists({e}, {p}, {x}));
    CHECK(result_of(trusted, "wamp.subscription.list") == lists({e, own}, {p}, {x}));
    CHECK(result_of(c, "wamp.subscription.list", "[" + text(c.id) + "]") == lists({e}, {p}, {}));
    CHECK(result_of(c, "wamp.subscription.list", "[" + text(watcher.id) + "]") == lists({}, {}, {x}));
    CHECK(error_of(c, "wamp.subscription.list", "[1]") == "wamp.error.no_such_session");
    CHECK(error_of(c, "wamp.subscription.list", "['x']") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(watched, "looking up, matching and getting subscriptions")
{
    auto const e = subscribe(c, "a.b");
    auto const p = subscribe(c, "a.", "{'match':'prefix'}");
    auto const look = [&](std::string const& args) { return result_of(c, "wamp.subscription.lookup", args); };
    CHECK(look("['a.b']") == value(e));
    CHECK(look("['a.b',{'match':'exact'}]") == value(e));
    CHECK(look("['a.b',{'match':'prefix'}]") == value());
    CHECK(look("['a.',{'match':'prefix'}]") == value(p));
    CHECK(error_of(c, "wamp.subscription.lookup", "['a.b',{'match':'x'}]") == "wamp.error.invalid_argument");
    CHECK(error_of(c, "wamp.subscription.lookup") == "wamp.error.invalid_argument");
    CHECK(result_of(c, "wamp.subscription.match", "['a.b']") == value(list{e, p}));
    CHECK(result_of(c, "wamp.subscription.match", "['a.c']") == value(list{p}));
    CHECK(result_of(c, "wamp.subscription.match", "['b']") == value());
    CHECK(error_of(c, "wamp.subscription.match", "[7]") == "wamp.error.invalid_argument");
    CHECK(
        result_of(c, "wamp.subscription.get", "[" + text(p) + "]") ==
        value(dict{{"id", p}, {"created", "2026-11-21T09:31:00.123Z"}, {"uri", "a."}, {"match", "prefix"}}));
    CHECK(error_of(c, "wamp.subscription.get", "[999]") == "wamp.error.no_such_subscription");
    CHECK(error_of(c, "wamp.subscription.get", "['x']") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(watched, "subscribers are listed and counted")
{
    auto const id = "[" + text(subscribe(c, "a.b")) + "]";
    CHECK(result_of(c, "wamp.subscription.list_subscribers", id) == value(list{c.id}));
    subscribe(watcher, "a.b");
    CHECK(result_of(c, "wamp.subscription.count_subscribers", id) == value(2));
    CHECK(error_of(c, "wamp.subscription.list_subscribers", "[999]") == "wamp.error.no_such_subscription");
    CHECK(error_of(c, "wamp.subscription.count_subscribers", "[999]") == "wamp.error.no_such_subscription");
}

TEST_CASE_METHOD(watched, "protected URIs are for trusted alone")
{
    auto const id = subscribe(watcher, "wamp.session.on_join");
    auto const arg = "[" + text(id) + "]";
    auto const crossbars = subscribe(watcher, "crossbar.x");
    CHECK(error_of(c, "wamp.subscription.get", "[" + text(crossbars) + "]") == "wamp.error.not_authorized");
    for (auto const* procedure : {"get", "list_subscribers", "count_subscribers"}) {
        auto const name = std::string("wamp.subscription.") + procedure;
        CHECK(error_of(c, name, arg) == "wamp.error.not_authorized");
        CHECK_FALSE(result_of(trusted, name, arg).is_null());
    }
    auto const remove = "[" + text(id) + "," + text(watcher.id) + "]";
    CHECK(error_of(c, "wamp.subscription.remove_subscriber", remove) == "wamp.error.not_authorized");
    CHECK(error_of(c, "wamp.subscription.lookup", "['wamp.session.on_join']") == "wamp.error.not_authorized");
    CHECK(result_of(trusted, "wamp.subscription.lookup", "['wamp.session.on_join']") == value(id));
    CHECK(result_of(c, "wamp.subscription.match", "['wamp.session.on_join']") == value());
    CHECK(result_of(trusted, "wamp.subscription.match", "['wamp.session.on_join']") == value(list{id}));
}

TEST_CASE_METHOD(watched,
                 "a subscriber that is removed is told if it can understand it, and gets no more events")
{
    client capable(w);
    join_with(capable, "'subscriber':{'features':{'subscription_revocation':true}}");
    auto const s = subscribe(capable, "a.b");
    subscribe(c, "a.b");
    watch();
    auto const remove = [&](wamp::id session, std::string const& rest = "") {
        return call(
            trusted, "wamp.subscription.remove_subscriber", "[" + text(s) + "," + text(session) + rest + "]");
    };
    CHECK(*remove(capable.id, ",'site.moved'").at(3) == value(list{nullptr}));
    CHECK(capable.heard() == "[35,0,{'subscription':" + text(s) + ",'reason':'site.moved'}]");
    CHECK(event() == "on_unsubscribe " + text(capable.id) + " " + text(s));
    CHECK(*remove(capable.id).at(4) == value("wamp.error.no_such_subscription"));
    CHECK(*remove(c.id).at(3) == value(list{nullptr}));
    CHECK(c.silent());  // it did not announce subscription_revocation
    CHECK(event() == "on_unsubscribe " + text(c.id) + " " + text(s));
    CHECK(event() == "on_delete " + text(c.id) + " " + text(s));
    CHECK(*remove(c.id).at(4) == value("wamp.error.no_such_subscription"));
    trusted.say("[16,1,{},'a.b']");
    CHECK(capable.silent());
    CHECK(c.silent());
    capable.say("[34,9," + text(s) + "]");
    CHECK(*capable.next().at(4) == value("wamp.error.no_such_subscription"));
}

TEST_CASE_METHOD(watched, "removing subscribers that are not there")
{
    auto const s = text(subscribe(c, "a.b"));
    auto const refused = [&](std::string const& args) {
        return error_of(watcher, "wamp.subscription.remove_subscriber", args);
    };
    CHECK(refused("[" + s + ",1]") == "wamp.error.no_such_session");
    CHECK(refused("[" + s + "," + text(watcher.id) + "]") == "wamp.error.no_such_subscription");
    CHECK(refused("[" + s + "]") == "wamp.error.invalid_argument");
    CHECK(refused("[" + s + "," + text(c.id) + ",7]") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(watched, "ids of another realm are unknown here")
{
    w.logic.add_realm("realm2", {std::make_shared<role>("anonymous", std::vector{everything()})});
    client there(w);
    join_with(there, "", "realm2");
    subscribe(c, "a.a");
    auto const s = subscribe(c, "a.b");  // ids are counted in each realm: this one is not taken there
    CHECK(error_of(there, "wamp.subscription.get", "[" + text(s) + "]") == "wamp.error.no_such_subscription");
    CHECK(error_of(there, "wamp.subscription.list", "[" + text(c.id) + "]") == "wamp.error.no_such_session");
    CHECK(error_of(there, "wamp.session.get", "[" + text(c.id) + "]") == "wamp.error.no_such_session");
    CHECK(result_of(there, "wamp.session.count") == value(1));
}
