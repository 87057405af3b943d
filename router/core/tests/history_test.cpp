#include "world.hpp"
#include <cerro/router/history_answer.hpp>

#include <algorithm>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

history_entry entry(std::string uri,
                    wamp::match_policy match = wamp::match_policy::exact,
                    std::size_t limit = 100)
{
    history_entry e;
    e.uri = std::move(uri);
    e.match = match;
    e.limit = limit;
    return e;
}

/// A store whose disk the test holds: nothing is written until it says so.
class slow_store final : public history_store {
public:
    std::uint64_t append(history_record& r) override
    {
        if (full) {
            return 0;
        }
        r.position = ++last;
        return last;
    }
    std::uint64_t take_position() override { return ++last; }
    std::uint64_t written() const override { return written_; }
    void on_written(std::function<void()> f) override { told_ = std::move(f); }
    void read(history_query q, std::function<void(history_page)> done) override
    {
        asked = std::move(q);
        answer = std::move(done);
    }
    std::string trouble() const override { return {}; }
    void write_up_to(std::uint64_t position)
    {
        written_ = position;
        told_();
    }

    bool full = false;
    std::uint64_t last = 0;
    history_query asked;
    std::function<void(history_page)> answer;

private:
    std::uint64_t written_ = 0;
    std::function<void()> told_;
};

class kept_world : public world {
public:
    explicit kept_world(std::vector<history_entry> entries, std::unique_ptr<history_store> store = nullptr)
    {
        logic.find_realm("realm1")->keep_history(std::move(entries), std::move(store));
    }
};

/// The id of the subscription to a pattern, by subscribing.
std::string subscribe_to(client& c, std::string const& uri, std::string const& match = "exact")
{
    c.say("[32,77,{'match':'" + match + "'},'" + uri + "']");
    auto const reply = c.next();
    REQUIRE(reply.at(0)->as_int() == 33);
    return std::to_string(*reply.at(2)->as_uint());
}

/// Calls get_events; `rest` follows the procedure.
value call(client& c, std::string const& rest)
{
    c.say("[48,99,{},'wamp.subscription.get_events'," + rest + "]");
    return c.next();
}

list events(client& c, std::string const& rest)
{
    auto const reply = call(c, rest);
    INFO(codec::to_json(reply));
    REQUIRE(reply.at(0)->as_int() == 50);
    return *reply.at(3)->at(0)->as_list();
}

/// The first argument of each event.
std::vector<std::int64_t> numbers(list const& from)
{
    std::vector<std::int64_t> out;
    for (auto const& e : from) {
        out.push_back(e.find("args")->at(0)->as_int().value());
    }
    return out;
}

void publish(client& c, std::string const& topic, int number, std::string const& options = "{}")
{
    c.say("[16,5," + options + ",'" + topic + "',[" + std::to_string(number) + "]]");
}

}  // namespace

TEST_CASE(
    "history: events of chosen topics are kept without subscribers, the newest first as crossbar gives them")
{
    kept_world w({entry("site.a", wamp::match_policy::exact, 5)});
    client p(w);
    client c(w);
    p.join();
    c.join();
    for (int i = 1; i <= 7; ++i) {
        publish(p, "site.a", i);
        publish(p, "site.other", 100 + i);
    }
    auto const id = subscribe_to(c, "site.a");
    CHECK(numbers(events(c, "[" + id + "]")) == std::vector<std::int64_t>{7, 6, 5, 4, 3});
    CHECK(numbers(events(c, "[" + id + ",2]")) == std::vector<std::int64_t>{7, 6});
    CHECK(numbers(events(c, "[" + id + "],{'limit':1}")) == std::vector<std::int64_t>{7});
}

TEST_CASE("history: the specification's keyword arguments choose, all together, in order of occurrence")
{
    kept_world w({entry("site.", wamp::match_policy::prefix)});
    std::chrono::milliseconds now{1'795'253'460'000};
    w.logic.env().wall = [&] { return wall_time(now); };
    client p(w);
    client c(w);
    p.join();
    c.join();
    for (int i = 1; i <= 6; ++i) {
        publish(p, i % 2 == 0 ? "site.even" : "site.odd", i);
        now += std::chrono::seconds(1);
    }
    auto const id = subscribe_to(c, "site.", "prefix");
    auto const all = events(c, "[" + id + "],{'reverse':false}");
    REQUIRE(numbers(all) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6});
    auto const asked = [&](std::string const& kwargs) {
        return numbers(events(c, "[" + id + "],{" + kwargs + "}"));
    };
    using these = std::vector<std::int64_t>;
    CHECK(asked("'topic':'site.even'") == these{2, 4, 6});
    CHECK(asked("'reverse':true,'limit':2") == these{6, 5});
    CHECK(asked("'reverse':false,'limit':2") == these{1, 2});
    CHECK(asked("'from_time':'2026-11-21T09:31:02Z'") == these{3, 4, 5, 6});
    CHECK(asked("'after_time':'2026-11-21T10:31:02.000+01:00'") == these{4, 5, 6});
    CHECK(asked("'before_time':'2026-11-21T09:31:02.000Z'") == these{1, 2});
    CHECK(asked("'until_time':1795253462") == these{1, 2, 3});
    CHECK(asked("'after_time':1795253460.5,'before_time':1795253463,'topic':'site.odd'") == these{3});
    auto const publication = [&](int i) {
        return std::to_string(*all[static_cast<std::size_t>(i - 1)].find("publication")->as_uint());
    };
    CHECK(asked("'from_publication':" + publication(5)) == these{5, 6});
    CHECK(asked("'after_publication':" + publication(5)) == these{6});
    CHECK(asked("'before_publication':" + publication(3)) == these{1, 2});
    CHECK(asked("'until_publication':" + publication(3) + ",'reverse':true") == these{3, 2, 1});
    CHECK(asked("'from_publication':4711").empty());
    CHECK(asked("'after_publication':" + publication(1) + ",'until_time':1795253462") == these{2, 3});
}

TEST_CASE("history: an event is told with the keys of crossbar, of the specification, and ours")
{
    kept_world w({entry("site.a")});
    w.logic.env().wall = [] { return wall_time(std::chrono::milliseconds(1'795'253'460'250)); };
    client p(w);
    client c(w);
    for (auto* const who : {&p, &c}) {
        who->say(
            "[1,'realm1',{'roles':{'caller':{},'publisher':{'features':{'payload_passthru_mode':true}},"
            "'subscriber':{'features':{'payload_passthru_mode':true}}}}]");
        REQUIRE(who->next().at(0)->as_int() == 2);
    }
    auto const id = subscribe_to(c, "site.a");
    p.say("[16,5,{'ppt_scheme':'x_a'},'site.a',[1,'\\u0000AAE='],{'k':{'deep':[null]}}]");
    auto const event = c.next();
    auto const kept = events(c, "[" + id + "]").at(0);
    CHECK(kept.find("time_ns")->as_int() == 1'795'253'460'250'000'000);
    CHECK(*kept.find("timestamp")->as_text() == "2026-11-21T09:31:00.250Z");
    CHECK(*kept.find("realm")->as_text() == "realm1");
    CHECK(*kept.find("topic")->as_text() == "site.a");
    CHECK(*kept.find("publication") == *event.at(2));
    CHECK(*kept.find("subscription") == *event.at(1));
    CHECK(*kept.find("args") == *event.at(4));
    CHECK(*kept.find("kwargs") == *event.at(5));
    CHECK(*kept.find("x_cerro_position") == *event.at(3)->find("x_cerro_position"));
    CHECK(*kept.find("details")->find("ppt_scheme")->as_text() == "x_a");
    // Who published is told only where the permission says so.
    CHECK(kept.find("session_id")->is_null());
    CHECK(kept.find("authid")->is_null());
    CHECK(kept.find("authrole")->is_null());
}

TEST_CASE("history: what one serializer published another reads")
{
    kept_world w({entry("site.a")});
    client p(w, codec::serializer::cbor);
    client c(w, GENERATE(codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor));
    p.join();
    c.join();
    p.say("[16,5,{},'site.a',[1.5,'\\u0000AAE='],{'k':{'deep':[null]}}]");
    auto const kept = events(c, "[" + subscribe_to(c, "site.a") + "]").at(0);
    CHECK(*kept.find("args") == value(list{1.5, binary{std::string("\0\1", 2)}}));
    CHECK(*kept.find("kwargs") == value(dict{{"k", dict{{"deep", list{nullptr}}}}}));
}

TEST_CASE(
    "history: publications for chosen sessions are not kept, those for chosen roles are read by them alone")
{
    kept_world w({entry("site.a")});
    client p(w);
    client c(w);
    client r(w, codec::serializer::json, anonymous_access("reader"));
    p.join();
    c.join();
    r.join();
    auto const id = subscribe_to(c, "site.a");
    publish(p, "site.a", 1, "{'eligible':[" + std::to_string(c.id) + "]}");
    CHECK(c.next().at(3)->find("x_cerro_position") == nullptr);
    publish(p, "site.a", 2, "{'exclude':[" + std::to_string(c.id) + "]}");
    publish(p, "site.a", 3, "{'eligible_authrole':'reader'}");
    publish(p, "site.a", 4, "{'exclude_authrole':['reader','x']}");
    REQUIRE(c.next().at(4)->at(0)->as_int() == 4);
    CHECK(numbers(events(c, "[" + id + "]")) == std::vector<std::int64_t>{4});
    CHECK(numbers(events(r, "[" + id + "]")) == std::vector<std::int64_t>{3});
}

TEST_CASE("history: the right to subscribe is enough to read, and needed")
{
    kept_world w({entry("site.a"), entry("secret.a")});
    client p(w);
    client r(w, codec::serializer::json, anonymous_access("reader"));
    p.join();
    r.join();
    publish(p, "site.a", 1);
    publish(p, "secret.a", 2);
    // "reader" may subscribe and call below "site." only: nothing under "wamp.".
    CHECK(numbers(events(r, "[" + subscribe_to(r, "site.a") + "]")) == std::vector<std::int64_t>{1});
    auto const secret = subscribe_to(p, "secret.a");
    CHECK(*call(r, "[" + secret + "]").at(4)->as_text() == "wamp.error.no_such_subscription");
    CHECK(*call(r, "[4711]").at(4)->as_text() == "wamp.error.no_such_subscription");
    auto const other = subscribe_to(r, "site.not_kept");
    CHECK(*call(r, "[" + other + "]").at(4)->as_text() == "wamp.error.history_unavailable");
    CHECK(*call(r, "['x']").at(4)->as_text() == "wamp.error.invalid_argument");
    auto const wrong = GENERATE("'limit':-1",
                                "'from_time':'soon'",
                                "'reverse':1",
                                "'topic':7",
                                "'from_position':'x'",
                                "'max_bytes':-5");
    auto const refused = call(r, "[" + subscribe_to(r, "site.a") + "],{" + wrong + "}");
    CHECK(*refused.at(4)->as_text() == "wamp.error.invalid_argument");
}

TEST_CASE("history: pages of a bounded size follow each other without a gap, also into another pattern")
{
    kept_world w({entry("..feeds.", wamp::match_policy::wildcard)});
    client p(w);
    client c(w);
    p.join();
    c.join();
    for (int i = 1; i <= 40; ++i) {
        publish(p, "site.agent.feeds.a", i);
        publish(p, "elsewhere.agent.feeds.a", -i);
    }
    auto const id = subscribe_to(c, "site..feeds.", "wildcard");
    std::vector<std::int64_t> seen;
    std::string where = "'from_position':0";
    for (int pages = 0;; ++pages) {
        REQUIRE(pages < 40);
        auto const reply = call(c, "[" + id + "],{'max_bytes':2000," + where + "}");
        auto const& page = *reply.at(3)->at(0)->as_list();
        for (auto const n : numbers(page)) {
            seen.push_back(n);
        }
        CHECK(codec::to_json(value(page)).size() <= 2000);
        auto const* next = reply.at(4)->find("next_position");
        where = "'from_position':" + std::to_string(*next->as_uint());
        if (!*reply.at(4)->find("more")->as_bool()) {
            CHECK(pages > 3);
            break;
        }
        REQUIRE(!page.empty());
    }
    CHECK(seen.size() == 40);
    CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.front() == 1);
    // A single event larger than a page is given all the same.
    auto const one = call(c, "[" + id + "],{'max_bytes':1}");
    CHECK(one.at(3)->at(0)->as_list()->size() == 1);
    // What was published after the last page comes live, or with the next page.
    publish(p, "site.agent.feeds.a", 41);
    CHECK(c.next().at(4)->at(0)->as_int() == 41);
    CHECK(numbers(events(c, "[" + id + "],{" + where + "}")) == std::vector<std::int64_t>{41});
}

TEST_CASE("history: an answer without pages that is larger than the caller takes is an error")
{
    kept_world w({entry("site.a")});
    client p(w);
    client c(w, codec::serializer::json, anonymous_access(), 4096);
    p.join();
    c.join();
    for (int i = 1; i <= 50; ++i) {
        publish(p, "site.a", i);
    }
    auto const id = subscribe_to(c, "site.a");
    CHECK(*call(c, "[" + id + "],{'reverse':false}").at(4)->as_text() == "wamp.error.payload_size_exceeded");
    CHECK(!events(c, "[" + id + "],{'from_position':0}").empty());
}

TEST_CASE("history: memory is bounded in events and in bytes")
{
    auto small = entry("site.a", wamp::match_policy::exact, 1000);
    small.max_bytes = 2000;
    kept_world w({small});
    client p(w);
    client c(w);
    p.join();
    c.join();
    for (int i = 1; i <= 100; ++i) {
        publish(p, "site.a", i);
    }
    auto const kept = numbers(events(c, "[" + subscribe_to(c, "site.a") + ",1000]"));
    CHECK(kept.front() == 100);
    CHECK(kept.size() > 5);
    CHECK(kept.size() < 25);
}

TEST_CASE("history: PUBLISHED waits for the disk, the event does not")
{
    auto durable = entry("site.a");
    durable.durable = true;
    auto made = std::make_unique<slow_store>();
    auto& store = *made;
    kept_world w({durable}, std::move(made));
    client p(w);
    client c(w);
    p.join();
    c.join();
    subscribe_to(c, "site.a");
    for (int i = 1; i <= 3; ++i) {
        p.say("[16," + std::to_string(i) + ",{'acknowledge':true},'site.a',[" + std::to_string(i) + "]]");
        auto const event = c.next();
        CHECK(event.at(4)->at(0)->as_int() == i);
        CHECK(event.at(3)->find("x_cerro_position")->as_int() == i);
    }
    CHECK(p.silent());
    store.write_up_to(2);
    CHECK(p.next().at(1)->as_int() == 1);
    CHECK(p.next().at(1)->as_int() == 2);
    CHECK(p.silent());
    SECTION("a publisher that has left is not waited for")
    {
        p.drop();
        store.write_up_to(3);
        CHECK(p.silent());
    }
    SECTION("a disk that takes no more: ERROR, but the event is delivered; then it goes on")
    {
        store.full = true;
        p.say("[16,4,{'acknowledge':true},'site.a',[4]]");
        auto const refused = p.next();
        CHECK(refused.at(0)->as_int() == 8);
        CHECK(*refused.at(4)->as_text() == "cerro.error.history_full");
        CHECK(c.next().at(4)->at(0)->as_int() == 4);
        store.full = false;
        p.say("[16,5,{'acknowledge':true},'site.a',[5]]");
        store.write_up_to(4);
        CHECK(p.next().at(1)->as_int() == 3);
        CHECK(p.next().at(1)->as_int() == 5);
    }
    SECTION("topics that are not kept are acknowledged at once")
    {
        p.say("[16,9,{'acknowledge':true},'site.b',[4]]");
        CHECK(p.next().at(1)->as_int() == 9);
    }
}

TEST_CASE("history: PUBLISHED comes before GOODBYE, whoever says it first")
{
    auto durable = entry("site.a");
    durable.durable = true;
    auto made = std::make_unique<slow_store>();
    auto& store = *made;
    kept_world w({durable}, std::move(made));
    client p(w);
    p.join();
    p.say("[16,1,{'acknowledge':true},'site.a',[1]]");
    bool const client_first = GENERATE(true, false);
    if (client_first) {
        p.say("[6,{},'wamp.close.normal']");
    } else {
        p.state().say_goodbye(ending::shutdown, "wamp.close.system_shutdown", "the end");
    }
    p.say("[16,2,{'acknowledge':true},'site.a',[2]]");  // too late
    CHECK(p.silent());
    SECTION("written in time")
    {
        store.write_up_to(2);
        CHECK(p.next().at(1)->as_int() == 1);
        CHECK(p.next().at(0)->as_int() == 6);
        CHECK(p.silent());
        CHECK(store.last == 1);
    }
    SECTION("a stalled disk holds nobody for ever")
    {
        w.pass(std::chrono::seconds(3));
        CHECK(p.silent());
        CHECK(p.closed);
        store.write_up_to(2);
        CHECK(p.silent());
    }
}

TEST_CASE("history: WELCOME tells of it where it is")
{
    auto const features = [](value const& welcome) {
        return *welcome.at(2)->find("roles")->find("broker")->find("features");
    };
    world none;
    kept_world some({entry("site.a")});
    client a(none);
    client b(some);
    a.say("[1,'realm1',{'roles':{'subscriber':{}}}]");
    b.say("[1,'realm1',{'roles':{'subscriber':{}}}]");
    CHECK(features(a.next()).find("event_history")->as_bool() == false);
    CHECK(features(b.next()).find("event_history")->as_bool() == true);
}

TEST_CASE("history: a page that comes late finds its caller, or nobody")
{
    auto durable = entry("site.a");
    durable.durable = true;
    auto made = std::make_unique<slow_store>();
    auto& store = *made;
    kept_world w({durable}, std::move(made));
    client c(w);
    c.join();
    auto const id = subscribe_to(c, "site.a");
    c.say("[48,99,{},'wamp.subscription.get_events',[" + id + "]]");
    CHECK(c.silent());
    CHECK(store.asked.uri == "site.a");
    history_page page;
    SECTION("an answer")
    {
        page.events = "[]";
        store.answer(page);
        CHECK(c.heard() == "[50,99,{},[[]]]");
    }
    SECTION("a failure")
    {
        page.error = "wamp.error.history_unavailable";
        page.failure = "the disk is gone";
        store.answer(page);
        CHECK(*c.next().at(4)->as_text() == "wamp.error.history_unavailable");
    }
    SECTION("the caller has left")
    {
        c.drop();
        page.events = "[]";
        store.answer(page);
        CHECK(c.silent());
    }
}

TEST_CASE("history: patterns overlap when one topic can match both")
{
    using m = wamp::match_policy;
    CHECK(patterns_overlap("a.b.feeds.c", m::exact, "..feeds.", m::wildcard));
    CHECK(patterns_overlap("site..feeds.", m::wildcard, "..feeds.", m::wildcard));
    CHECK(patterns_overlap("site.", m::prefix, "..feeds.", m::wildcard));
    CHECK(patterns_overlap("..feeds.", m::wildcard, "site.x.fee", m::prefix));
    CHECK(patterns_overlap("", m::prefix, "a", m::exact));
    CHECK(patterns_overlap("a.b", m::prefix, "a.bc.", m::prefix));
    CHECK_FALSE(patterns_overlap("a.b", m::prefix, "a.c", m::prefix));
    CHECK_FALSE(patterns_overlap("site.x.feel", m::prefix, "..feeds.", m::wildcard));
    CHECK_FALSE(patterns_overlap("a.b.c.d.e", m::prefix, "..feeds.", m::wildcard));
    CHECK_FALSE(patterns_overlap("a..x.", m::wildcard, "..feeds.", m::wildcard));
    CHECK_FALSE(patterns_overlap("a.b", m::exact, "..feeds.", m::wildcard));
}

TEST_CASE("history: times as text")
{
    CHECK(parse_iso_time("1970-01-01T00:00:01.5Z") == 1'500'000'000);
    CHECK(parse_iso_time("1970-01-01 01:00:01+01:00") == 1'000'000'000);
    CHECK(parse_iso_time("1970-01-02T00:00:00-0130") == 91'800'000'000'000);
    CHECK(parse_iso_time("2026-11-21T09:31:00.123456789Z") == 1'795'253'460'123'456'789);
    for (auto const* bad : {"",
                            "x",
                            "2026-11-21",
                            "2026-13-01T00:00:00Z",
                            "2026-11-21T09:31:00.Z",
                            "2026-11-21T09:31:00ZZ",
                            "2026-11-21T-9:31:00Z",
                            "2026-11-21T09:31:00+1",
                            "9999-11-21T09:31:00Z"}) {
        CHECK(parse_iso_time(bad) == std::nullopt);
    }
}

TEST_CASE("history: a record that is cut or padded is none")
{
    history_record r;
    r.position = 7;
    r.topic = "a.b";
    r.authid = "me";
    r.payload = {codec::serializer::json, "[1]", "{}"};
    bytes encoded;
    encode_record(r, encoded);
    auto const read = decode_record(encoded);
    REQUIRE(read.has_value());
    CHECK(read->topic == "a.b");
    CHECK(read->payload.args == "[1]");
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        CHECK_FALSE(decode_record(byte_view(encoded).substr(0, i)).has_value());
    }
    CHECK_FALSE(decode_record(encoded + "x").has_value());
}
