#include "world.hpp"

#include <algorithm>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

/// Subscribes and returns the subscription id.
wamp::id subscribe(client& c, std::string const& topic, std::string const& options = "{}")
{
    c.say("[32,7," + options + ",'" + topic + "']");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 33);
    return m.at(2)->as_uint().value();
}

struct pair {
    world w;
    client publisher{w};
    client subscriber{w};

    pair()
    {
        publisher.join();
        subscriber.join();
    }
};

}  // namespace

TEST_CASE_METHOD(pair, "an event goes to the subscribers of its topic, payload untouched")
{
    auto const s = subscribe(subscriber, "a.b");
    publisher.say("[16,1,{},'a.b',[1,'x',null],{'k':[2.5]}]");
    publisher.say("[16,2,{},'a.c',[2]]");
    publisher.say("[16,3,{},'a.b']");
    auto const first = subscriber.next();
    CHECK(first.at(0)->as_int() == 36);
    CHECK(first.at(1)->as_uint() == s);
    CHECK(*first.at(3) == value(dict{}));
    CHECK(*first.at(4) == value(list{1, "x", nullptr}));
    CHECK(*first.at(5) == value(dict{{"k", list{2.5}}}));
    auto const second = subscriber.next();
    CHECK(second.as_list()->size() == 4);
    CHECK(subscriber.silent());
    CHECK(publisher.silent());
    CHECK(w.counter("cerro_router_events_sent_total") == 2);
}

TEST_CASE_METHOD(pair, "subscribing twice is the same subscription, and one UNSUBSCRIBE ends it")
{
    auto const s = subscribe(subscriber, "a.b");
    CHECK(subscribe(subscriber, "a.b") == s);
    CHECK(subscribe(publisher, "a.b") == s);
    CHECK(subscribe(subscriber, "a.b", "{'match':'prefix'}") != s);
    subscriber.say("[34,9," + std::to_string(s) + "]");
    CHECK(subscriber.heard() == "[35,9]");
    subscriber.say("[34,10," + std::to_string(s) + "]");
    CHECK(subscriber.heard() == "[8,34,10,{},'wamp.error.no_such_subscription']");
}

TEST_CASE_METHOD(pair, "nobody unsubscribes another's subscription")
{
    auto const s = subscribe(subscriber, "a.b");
    publisher.say("[34,9," + std::to_string(s) + "]");
    CHECK(*publisher.next().at(4) == value("wamp.error.no_such_subscription"));
    publisher.say("[16,1,{},'a.b']");
    CHECK_FALSE(subscriber.silent());
}

TEST_CASE_METHOD(
    pair, "one event for each matching subscription, all of one publication, with the topic for patterns")
{
    auto const exact = subscribe(subscriber, "observatory.fake1.feeds.hk");
    auto const prefix = subscribe(subscriber, "observatory.fa", "{'match':'prefix'}");
    auto const wildcard = subscribe(subscriber, "observatory..feeds.", "{'match':'wildcard'}");
    publisher.say("[16,1,{'acknowledge':true},'observatory.fake1.feeds.hk',[1]]");
    auto const publication = publisher.next().at(2)->as_uint();
    std::vector<wamp::id> got;
    for (int i = 0; i < 3; ++i) {
        auto const m = subscriber.next();
        got.push_back(m.at(1)->as_uint().value());
        CHECK(m.at(2)->as_uint() == publication);
        if (got.back() == exact) {
            CHECK(m.at(3)->find("topic") == nullptr);
        } else {
            CHECK(*m.at(3)->find("topic") == value("observatory.fake1.feeds.hk"));
        }
    }
    CHECK(std::is_permutation(got.begin(), got.end(), std::vector{exact, prefix, wildcard}.begin()));
    publisher.say("[16,2,{},'observatory.fake1.feeds.hk.more']");
    CHECK(subscriber.next().at(1)->as_uint() == prefix);
    CHECK(subscriber.silent());
}

TEST_CASE_METHOD(pair, "what a topic matched is forgotten when tables change")
{
    publisher.say("[16,1,{},'a.b']");  // matches nothing, which is remembered
    auto const s = subscribe(subscriber, "a.b");
    publisher.say("[16,2,{},'a.b']");
    CHECK(subscriber.next().at(1)->as_uint() == s);
    auto const p = subscribe(subscriber, "a.", "{'match':'prefix'}");
    publisher.say("[16,3,{},'a.b']");
    subscriber.next();
    subscriber.next();
    subscriber.say("[34,9," + std::to_string(p) + "]");
    subscriber.say("[34,10," + std::to_string(s) + "]");
    subscriber.next();
    subscriber.next();
    publisher.say("[16,4,{},'a.b']");
    CHECK(subscriber.silent());
}

TEST_CASE_METHOD(pair, "a publisher is left out unless it says otherwise")
{
    subscribe(publisher, "a.b");
    publisher.say("[16,1,{},'a.b']");
    CHECK(publisher.silent());
    publisher.say("[16,2,{'exclude_me':false},'a.b']");
    CHECK(publisher.next().at(0)->as_int() == 36);
}

TEST_CASE_METHOD(pair, "receivers are chosen by session, authid and authrole")
{
    auto const me = std::to_string(subscriber.id);
    auto const authid = "'" + subscriber.state().who().authid + "'";
    subscribe(subscriber, "a.b");
    auto const gets = [&](std::string const& options) {
        publisher.say("[16,1,{" + options + "},'a.b']");
        bool const got = !subscriber.silent();
        subscriber.inbox.clear();
        return got;
    };
    CHECK(gets("'exclude':[1,2]"));
    CHECK_FALSE(gets("'exclude':[1," + me + "]"));
    CHECK_FALSE(gets("'exclude':" + me));
    CHECK(gets("'eligible':[" + me + ",99]"));
    CHECK_FALSE(gets("'eligible':[99]"));
    CHECK_FALSE(gets("'eligible':[]"));
    CHECK(gets("'eligible':null"));
    CHECK_FALSE(gets("'eligible':[" + me + "],'exclude':[" + me + "]"));
    CHECK_FALSE(gets("'exclude_authid':[" + authid + "]"));
    CHECK(gets("'eligible_authid':[" + authid + "]"));
    CHECK_FALSE(gets("'eligible_authid':['x']"));
    CHECK_FALSE(gets("'exclude_authrole':['anonymous']"));
    CHECK(gets("'eligible_authrole':['anonymous']"));
    CHECK_FALSE(gets("'eligible_authrole':['reader'],'eligible':[" + me + "]"));
}

TEST_CASE_METHOD(pair, "PUBLISHED comes only when asked for")
{
    publisher.say("[16,1,{},'a.b']");
    CHECK(publisher.silent());
    publisher.say("[16,2,{'acknowledge':true},'a.b']");
    auto const m = publisher.next();
    CHECK(m.at(0)->as_int() == 17);
    CHECK(m.at(1)->as_int() == 2);
}

TEST_CASE_METHOD(pair, "topics that cannot be published to")
{
    auto const refused = [&](std::string const& topic) {
        publisher.say("[16,5,{'acknowledge':true},'" + topic + "']");
        auto const m = publisher.next();
        CHECK(m.at(1)->as_int() == 16);
        CHECK(m.at(2)->as_int() == 5);
        return *m.at(4)->as_text();
    };
    CHECK(refused("") == "wamp.error.invalid_uri");
    CHECK(refused("a..b") == "wamp.error.invalid_uri");
    CHECK(refused("a b") == "wamp.error.invalid_uri");
    CHECK(refused("a#b") == "wamp.error.invalid_uri");
    CHECK(refused("a." + std::string(2000, 'b')) == "wamp.error.invalid_uri");
    CHECK(refused("wamp.session.on_join") == "wamp.error.invalid_uri");
    publisher.say("[16,6,{},'a..b']");
    publisher.say("[16,7,{},'wamp.x']");
    CHECK(publisher.silent());
    CHECK(w.dropped("event_invalid") == 2);
    publisher.say("[16,8,{'acknowledge':true},'wamp.x']");
    CHECK(*publisher.next().at(5) == value(list{"publish with restricted topic URI 'wamp.x'"}));
}

TEST_CASE_METHOD(pair, "subscriptions that cannot be")
{
    auto const refused = [&](std::string const& options, std::string const& topic) {
        subscriber.say("[32,5," + options + ",'" + topic + "']");
        auto const m = subscriber.next();
        REQUIRE(m.at(0)->as_int() == 8);
        CHECK(m.at(1)->as_int() == 32);
        return *m.at(4)->as_text();
    };
    CHECK(refused("{}", "a..b") == "wamp.error.invalid_uri");
    CHECK(refused("{}", "") == "wamp.error.invalid_uri");
    CHECK(refused("{'match':'prefix'}", "a..b") == "wamp.error.invalid_uri");
    CHECK(refused("{'match':'wildcard'}", "a .b") == "wamp.error.invalid_uri");
    CHECK(refused("{'match':'regex'}", "a.b") == "wamp.error.invalid_argument");
    CHECK(refused("{'match':1}", "a.b") == "wamp.error.invalid_argument");
}

TEST_CASE_METHOD(pair, "a role without the right")
{
    client reader(w, codec::serializer::json, anonymous_access("reader"));
    reader.join();
    reader.say("[16,1,{'acknowledge':true},'site.x']");
    auto const denied = reader.next();
    CHECK(*denied.at(4) == value("wamp.error.not_authorized"));
    CHECK(*denied.at(5) == value(list{"session not authorized to publish to topic 'site.x'"}));
    reader.say("[16,2,{},'site.x']");
    CHECK(reader.silent());
    CHECK(w.dropped("event_not_authorized") == 1);
    reader.say("[32,3,{},'other.x']");
    auto const m = reader.next();
    CHECK(*m.at(4) == value("wamp.error.not_authorized"));
    CHECK(*m.at(5) == value(list{"session not authorized to subscribe to topic 'other.x'"}));
    reader.say("[32,4,{},'site.x']");
    CHECK(reader.next().at(0)->as_int() == 33);
}

TEST_CASE_METHOD(pair, "a limited number of subscriptions")
{
    w.logic.env().limits.max_subscriptions = 2;
    subscribe(subscriber, "a.a");
    subscribe(subscriber, "a.b");
    subscriber.say("[32,1,{},'a.c']");
    CHECK(*subscriber.next().at(4) == value("cerro.error.limit_exceeded"));
    subscribe(subscriber, "a.b");  // not a new one
}

TEST_CASE("each receiver gets its own serializer; those of one serializer share one frame")
{
    world w;
    client publisher(w, codec::serializer::cbor);
    publisher.join();
    client j(w, codec::serializer::json);
    client m1(w, codec::serializer::msgpack);
    client m2(w, codec::serializer::msgpack);
    for (auto* c : {&j, &m1, &m2}) {
        c->join();
        c->say("[32,1,{},'a.b']");
        c->next();
    }
    publisher.say("[16,1,{},'a.b',[1,'x'],{'k':2.5}]");
    for (auto* c : {&j, &m1, &m2}) {
        auto const e = c->next();
        CHECK(*e.at(4) == value(list{1, "x"}));
        CHECK(*e.at(5) == value(dict{{"k", 2.5}}));
    }
    CHECK(m1.frames.back() == m2.frames.back());
    CHECK(m1.frames.back() != j.frames.back());
}

TEST_CASE("an event that is too large for one subscriber is dropped for it alone, and counted")
{
    world w;
    client publisher(w);
    client small(w, codec::serializer::json, anonymous_access(), 512);
    client large(w);
    // The WELCOME of the small one does not fit either; subscribe by hand below its limit.
    publisher.join();
    large.join();
    small.say("[1,'realm1',{'roles':{'subscriber':{}}}]");
    small.inbox.clear();
    for (auto* c : {&small, &large}) {
        c->say("[32,1,{},'a.b']");
        REQUIRE(c->next().at(0)->as_int() == 33);
    }
    publisher.say("[16,1,{},'a.b',['" + std::string(600, 'x') + "']]");
    CHECK(small.silent());
    CHECK_FALSE(large.silent());
    CHECK(w.dropped("event_too_large") == 1);
    publisher.say("[16,2,{},'a.b',['short']]");
    CHECK_FALSE(small.silent());
}

TEST_CASE_METHOD(pair, "events to a connection that has just closed are counted")
{
    subscribe(subscriber, "a.b");
    subscriber.refuse_frames = true;
    publisher.say("[16,1,{'acknowledge':true},'a.b']");
    CHECK(publisher.next().at(0)->as_int() == 17);
    CHECK(w.dropped("event_peer_closed") == 1);
}

TEST_CASE_METHOD(pair, "who leaves gets nothing more, and the tables become empty")
{
    client third(w);
    third.join();
    for (auto* c : {&subscriber, &third}) {
        subscribe(*c, "a.b");
        subscribe(*c, "a.", "{'match':'prefix'}");
        subscribe(*c, ".b", "{'match':'wildcard'}");
    }
    auto& broker = w.logic.find_realm("realm1")->broker();
    CHECK(broker.subscription_count() == 3);
    subscriber.drop();
    publisher.say("[16,1,{},'a.b']");
    CHECK(subscriber.silent());
    CHECK(third.inbox.size() == 3);
    third.drop();
    CHECK(broker.subscription_count() == 0);
}

TEST_CASE("the publisher is disclosed when its permission says so")
{
    world w;
    auto open = everything();
    open.allow.disclose_publisher = true;
    w.logic.add_realm("open", {std::make_shared<role>("anonymous", std::vector{open})});
    client publisher(w);
    client subscriber(w);
    for (auto* c : {&publisher, &subscriber}) {
        c->say("[1,'open',{'roles':{}}]");
        c->id = c->next().at(1)->as_uint().value();
    }
    subscribe(subscriber, "a.b");
    publisher.say("[16,1,{},'a.b']");
    auto const details = *subscriber.next().at(3);
    CHECK(*details.find("publisher") == value(publisher.id));
    CHECK(*details.find("publisher_authid") == value(publisher.state().who().authid));
    CHECK(*details.find("publisher_authrole") == value("anonymous"));
}

TEST_CASE("realms know nothing of each other")
{
    world w;
    w.logic.add_realm("realm2", {std::make_shared<role>("anonymous", std::vector{everything()})});
    client here(w);
    here.join();
    subscribe(here, "a.b");
    client there(w);
    there.say("[1,'realm2',{'roles':{}}]");
    there.next();
    there.say("[16,1,{},'a.b']");
    CHECK(here.silent());
}

TEST_CASE("role trusted may publish reserved topics")
{
    world w;
    client c(w, codec::serializer::json, anonymous_access("trusted"));
    c.join();
    c.say("[16,1,{'acknowledge':true},'wamp.x']");
    CHECK(c.next().at(0)->as_int() == 17);
}

TEST_CASE("lists that choose receivers: all of a long list counts, a longer one is refused")
{
    world w;
    client a(w);
    client b(w);
    a.join();
    b.join().say("[32,1,{},'site.x']");
    b.next();
    auto const published = [&](std::size_t n, std::string const& option) {
        std::string ids;
        for (std::size_t i = 1; i < n; ++i) {
            ids += std::to_string(2 * n - i) + ",";  // not in order
        }
        a.say("[16,7,{'acknowledge':true,'" + option + "':[" + ids + std::to_string(b.id) + "]},'site.x']");
        return a.next();
    };
    CHECK(published(10'000, "eligible").at(0)->as_int() == 17);
    CHECK(b.next().at(0)->as_int() == 36);
    CHECK(published(10'000, "exclude").at(0)->as_int() == 17);
    CHECK(b.silent());
    auto const refused = published(10'001, "exclude");
    CHECK(refused.at(0)->as_int() == 8);
    CHECK(*refused.at(4) == value("wamp.error.invalid_argument"));
    CHECK(b.silent());
}

TEST_CASE("a realm with strict URIs")
{
    world w;
    realm_options options;
    options.uri_check = wamp::uri_rule::strict;
    w.logic.add_realm("strict", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client c(w);
    c.say("[1,'strict',{'roles':{'caller':{}}}]");
    CHECK(c.next().at(0)->as_int() == 2);
    for (auto const* request : {"[32,1,{},'site.X']",
                                "[64,1,{},'site.X-1']",
                                "[48,1,{},'site.X-1']",
                                "[16,1,{'acknowledge':true},'site.x y']"}) {
        c.say(request);
        CHECK(*c.next().at(4) == value("wamp.error.invalid_uri"));
    }
    c.say("[32,1,{},'site.x_1']");
    CHECK(c.next().at(0)->as_int() == 33);
}

TEST_CASE("a realm without the meta API")
{
    world w;
    realm_options options;
    options.meta_api = false;
    w.logic.add_realm("quiet", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client c(w);
    c.say("[1,'quiet',{'roles':{'caller':{}}}]");
    CHECK(c.heard().find("'session_meta_api':false") != std::string::npos);
    c.say("[32,1,{},'wamp.session.on_join']");
    CHECK(c.next().at(0)->as_int() == 33);
    client other(w);
    other.say("[1,'quiet',{'roles':{'caller':{}}}]");
    CHECK(c.silent());
    c.say("[48,2,{},'wamp.session.count']");
    CHECK(*c.next().at(4) == value("wamp.error.no_such_procedure"));
}
