#include "pubsub_world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct retaining {
    world w;
    client publisher{w};
    client late{w};

    retaining()
    {
        publisher.join();
        late.join();
    }
    /// Subscribes with get_retained; the first argument of each event that comes with it.
    std::string given(std::string const& topic, std::string const& match = "exact")
    {
        late.say("[32,1,{'match':'" + match + "','get_retained':true},'" + topic + "']");
        auto const subscribed = late.next();
        REQUIRE(subscribed.at(0)->as_int() == 33);
        std::string out;
        while (!late.silent()) {
            auto const e = late.next();
            CHECK(e.at(0)->as_int() == 36);
            CHECK(*e.at(1) == *subscribed.at(2));
            CHECK(*e.at(3)->find("retained") == value(true));
            CHECK((e.at(3)->find("topic") != nullptr) == (match != "exact"));
            out += codec::to_json(*e.at(4)->at(0)) + " ";
        }
        late.say("[34,2," + text(*subscribed.at(2)->as_uint()) + "]");
        late.next();
        return out;
    }
};

}  // namespace

TEST_CASE_METHOD(retaining, "the latest retained event of a topic is given to who asks for it")
{
    CHECK(given("a.b").empty());
    publisher.say("[16,1,{'retain':true},'a.b',[1]]");
    publisher.say("[16,2,{'retain':true},'a.b',[2],{'k':3}]");
    publisher.say("[16,3,{},'a.b',[4]]");
    CHECK(given("a.b") == "2 ");
    CHECK(given("a.c").empty());
    late.say("[32,1,{},'a.b']");
    CHECK(late.next().at(0)->as_int() == 33);
    CHECK(late.silent());
}

TEST_CASE_METHOD(retaining, "a retained event keeps its publication id, its payload and its live receivers")
{
    client live(w);
    live.join();
    subscribe(live, "a.b");
    publisher.say("[16,1,{'retain':true,'acknowledge':true},'a.b',[1],{'k':[2.5]}]");
    auto const publication = *publisher.next().at(2);
    auto const at_once = live.next();
    CHECK(*at_once.at(2) == publication);
    CHECK(at_once.at(3)->find("retained") == nullptr);
    publisher.drop();  // who published it need not stay
    late.say("[32,1,{'get_retained':true},'a.b']");
    late.next();
    auto const e = late.next();
    CHECK(*e.at(2) == publication);
    CHECK(*e.at(3) == value(dict{{"retained", true}}));
    CHECK(*e.at(4) == value(list{1}));
    CHECK(*e.at(5) == value(dict{{"k", list{2.5}}}));
}

TEST_CASE_METHOD(retaining, "patterns get the retained event of each topic that they match")
{
    for (auto const* topic : {"a.b", "a.bc", "a.c.x", "b.c.x", "b"}) {
        publisher.say("[16,1,{'retain':true},'" + std::string(topic) + "',['" + topic + "']]");
    }
    CHECK(given("a.b", "prefix") == "\"a.b\" \"a.bc\" ");
    CHECK(given("", "prefix") == "\"a.b\" \"a.bc\" \"a.c.x\" \"b\" \"b.c.x\" ");
    CHECK(given(".c.x", "wildcard") == "\"a.c.x\" \"b.c.x\" ");
    CHECK(given("a.d", "prefix").empty());
}

TEST_CASE_METHOD(retaining, "of several with lists of receivers the newest that may be seen is given")
{
    auto const me = text(late.id);
    publisher.say("[16,1,{'retain':true},'a.b',[1]]");
    publisher.say("[16,2,{'retain':true,'eligible':[" + me + "]},'a.b',[2]]");
    CHECK(given("a.b") == "2 ");
    publisher.say("[16,3,{'retain':true,'exclude':[" + me + "]},'a.b',[3]]");
    CHECK(given("a.b") == "2 ");
    publisher.say("[16,4,{'retain':true,'eligible':[" + me + "]},'a.b',[4]]");
    CHECK(given("a.b") == "4 ");
    auto const& kept = w.logic.find_realm("realm1")->broker().retained();
    CHECK(kept.count() == 3);
    publisher.say("[16,5,{'retain':true},'a.b',[5]]");
    CHECK(given("a.b") == "5 ");
    CHECK(kept.count() == 1);
}

TEST_CASE_METHOD(retaining, "retained events are bounded in number; an acknowledged publisher is told")
{
    w.logic.env().limits.max_retained = 2;
    publisher.say("[16,1,{'retain':true},'a.a',[1]]");
    publisher.say("[16,2,{'retain':true},'a.b',[2]]");
    publisher.say("[16,3,{'retain':true,'acknowledge':true},'a.c',[3]]");
    CHECK(*publisher.next().at(4) == value("cerro.error.limit_exceeded"));
    client live(w);
    live.join();
    subscribe(live, "a.c");
    publisher.say("[16,4,{'retain':true},'a.c',[4]]");
    CHECK(live.next().at(0)->as_int() == 36);  // not kept, but published
    CHECK(limited(w, "max_retained") == 2);
    publisher.say("[16,5,{'retain':true},'a.b',[5]]");  // in place of an older one
    CHECK(given("a.", "prefix") == "1 5 ");
}

TEST_CASE_METHOD(retaining, "retained events are bounded in bytes, lists of receivers and details included")
{
    w.logic.env().limits.max_retained_bytes = 20'000;
    auto const& kept = w.logic.find_realm("realm1")->broker().retained();
    std::string const large(15'000, 'x');
    auto const refused = [&](std::string const& options, std::string const& args) {
        publisher.say("[16,3,{'retain':true,'acknowledge':true" + options + "},'a.c'," + args + "]");
        return publisher.next().at(0)->as_int() == 8;
    };
    CHECK_FALSE(refused("", "['" + large + "']"));
    CHECK(refused(",'eligible_authid':['" + large + "']", "[]"));
    CHECK(refused(",'eligible':[1],'transaction_hash':'" + large + "'", "[]"));
    CHECK(refused("", "['" + large + large + "']"));
    CHECK_FALSE(refused("", "['short']"));
    CHECK(kept.count() == 1);
    CHECK(kept.bytes_held() < 1'000);
}

TEST_CASE_METHOD(retaining, "a retained event tells its publisher as it would have told it live")
{
    auto open = everything();
    open.allow.disclose_publisher = true;
    w.logic.add_realm("open", {std::make_shared<role>("anonymous", std::vector{open})});
    client p(w);
    client s(w);
    join_with(p, "", "open");
    join_with(s, "", "open");
    p.say("[16,1,{'retain':true},'a.b']");
    auto const id = p.id;
    p.drop();
    s.say("[32,1,{'get_retained':true},'a.b']");
    s.next();
    CHECK(*s.next().at(3)->find("publisher") == value(id));
}

TEST_CASE_METHOD(retaining, "realms do not see each other's retained events")
{
    w.logic.add_realm("realm2", {std::make_shared<role>("anonymous", std::vector{everything()})});
    publisher.say("[16,1,{'retain':true},'a.b',[1]]");
    client there(w);
    join_with(there, "", "realm2");
    there.say("[32,1,{'get_retained':true},'a.b']");
    there.next();
    CHECK(there.silent());
}
