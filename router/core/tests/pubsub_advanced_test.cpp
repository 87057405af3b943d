#include "pubsub_world.hpp"

#include <map>
#include <set>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

constexpr auto passthru =
    "'publisher':{'features':{'payload_passthru_mode':true}},"
    "'subscriber':{'features':{'payload_passthru_mode':true}}";
constexpr auto acknowledging = "'subscriber':{'features':{'acknowledge_event_received':true}}";

struct pair {
    world w;
    client publisher{w};
    client subscriber{w};

    pair()
    {
        join_with(publisher, passthru);
        subscriber.join();
    }
};

}  // namespace

// --- disclosure
// -------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(pair,
                 "disclose_me is refused where the realm does not allow it, and never obeyed in silence")
{
    subscribe(subscriber, "a.b");
    publisher.say("[16,1,{'disclose_me':true,'acknowledge':true},'a.b']");
    CHECK(*publisher.next().at(4) == value("wamp.error.option_disallowed.disclose_me"));
    CHECK(subscriber.silent());
    publisher.say("[16,2,{'disclose_me':true},'a.b']");
    CHECK(publisher.silent());
    CHECK(*subscriber.next().at(3) == value(dict{}));
}

TEST_CASE("disclose_me where the realm allows it")
{
    world w;
    realm_options options;
    options.allow_disclose_me = true;
    w.logic.add_realm("open", {std::make_shared<role>("anonymous", std::vector{everything()})}, options);
    client publisher(w);
    client subscriber(w);
    join_with(publisher, "", "open");
    join_with(subscriber, "", "open");
    subscribe(subscriber, "a.b");
    publisher.say("[16,1,{'disclose_me':true,'acknowledge':true},'a.b']");
    CHECK(publisher.next().at(0)->as_int() == 17);
    CHECK(*subscriber.next().at(3) == value(dict{{"publisher", publisher.id},
                                                 {"publisher_authid", publisher.state().who().authid},
                                                 {"publisher_authrole", "anonymous"}}));
    publisher.say("[16,2,{},'a.b']");
    CHECK(*subscriber.next().at(3) == value(dict{}));
}

TEST_CASE_METHOD(pair, "below crossbar. publishers are always disclosed")
{
    subscribe(subscriber, "crossbar.x");
    publisher.say("[16,1,{},'crossbar.x']");
    CHECK(*subscriber.next().at(3)->find("publisher") == value(publisher.id));
}

TEST_CASE("trust levels come from the permission")
{
    world w;
    auto trusting = everything("site.");
    trusting.allow.trustlevel = 3;
    w.logic.add_realm("levels", {std::make_shared<role>("anonymous", std::vector{everything(), trusting})});
    client publisher(w);
    client subscriber(w);
    join_with(publisher, "", "levels");
    join_with(subscriber, "", "levels");
    subscribe(subscriber, "", "{'match':'prefix'}");
    publisher.say("[16,1,{},'site.x']");
    CHECK(*subscriber.next().at(3)->find("trustlevel") == value(3));
    publisher.say("[16,1,{},'other.x']");
    CHECK(subscriber.next().at(3)->find("trustlevel") == nullptr);
}

// --- what passes through
// ----------------------------------------------------------------------------------------

TEST_CASE_METHOD(pair, "keys of payload passthru go to the subscribers that know them, and to no others")
{
    client capable(w);
    join_with(capable, passthru);
    subscribe(capable, "a.b");
    subscribe(subscriber, "a.b");
    publisher.say(
        "[16,1,{'ppt_scheme':'wamp','ppt_serializer':'cbor','ppt_cipher':'xsalsa20poly1305',"
        "'ppt_keyid':'k1','acknowledge':true},'a.b',['\\u0000AQID']]");
    CHECK(publisher.next().at(0)->as_int() == 17);
    auto const e = capable.next();
    CHECK(*e.at(3) == value(dict{{"ppt_scheme", "wamp"},
                                 {"ppt_serializer", "cbor"},
                                 {"ppt_cipher", "xsalsa20poly1305"},
                                 {"ppt_keyid", "k1"}}));
    CHECK(*e.at(4) == value(list{binary{"\1\2\3"}}));
    CHECK(subscriber.silent());
    CHECK(w.dropped("event_passthru") == 1);
}

TEST_CASE_METHOD(pair, "payload passthru without having announced it breaks the protocol")
{
    subscriber.say("[16,1,{'ppt_scheme':'wamp'},'a.b',['x']]");
    auto const m = subscriber.next();
    CHECK(m.at(0)->as_int() == 3);
    CHECK(*m.at(2) == value("wamp.error.protocol_violation"));
    CHECK(subscriber.closed);
}

TEST_CASE_METHOD(pair,
                 "crossbar's keys of encrypted payloads, forward_for and transaction_hash pass to everybody")
{
    subscribe(subscriber, "a.b");
    publisher.say(
        "[16,1,{'enc_algo':'cryptobox','enc_key':'k','enc_serializer':'json',"
        "'forward_for':[{'session':1,'authid':'x','authrole':'y'}],'transaction_hash':'h',"
        "'x_mine':1},'a.b','\\u0000AQID']");
    auto const e = subscriber.next();
    CHECK(*e.at(3) ==
          value(dict{{"enc_algo", "cryptobox"},
                     {"enc_key", "k"},
                     {"enc_serializer", "json"},
                     {"forward_for", list{dict{{"session", 1}, {"authid", "x"}, {"authrole", "y"}}}},
                     {"transaction_hash", "h"}}));
    CHECK(*e.at(4) == value(binary{"\1\2\3"}));
}

TEST_CASE_METHOD(pair, "keys of the wrong type do not pass")
{
    subscribe(subscriber, "a.b");
    publisher.say("[16,1,{'forward_for':'x','transaction_hash':7},'a.b']");
    CHECK(*subscriber.next().at(3) == value(dict{}));
}

// --- shards
// -----------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(pair, "of subscribers with nkey one gets each rkey, always the same, and all get some")
{
    std::vector<std::unique_ptr<client>> shards;
    for (int i = 0; i < 4; ++i) {
        shards.push_back(std::make_unique<client>(w));
        shards.back()->join();
        subscribe(*shards.back(), "a.b", "{'nkey':'node" + std::to_string(i) + "'}");
    }
    subscribe(subscriber, "a.b");  // without nkey
    std::map<int, std::size_t> owner;
    std::set<std::size_t> busy;
    for (int round = 0; round < 2; ++round) {
        for (int key = 0; key < 64; ++key) {
            publisher.say("[16,1,{'rkey':'" + std::to_string(key) + "'},'a.b']");
            CHECK(subscriber.inbox.size() == 1);
            subscriber.inbox.clear();
            std::size_t got = 0;
            for (std::size_t i = 0; i < shards.size(); ++i) {
                got += shards[i]->inbox.size();
                if (!shards[i]->silent()) {
                    busy.insert(i);
                    CHECK(owner.emplace(key, i).first->second == i);
                    shards[i]->inbox.clear();
                }
            }
            CHECK(got == 1);
        }
    }
    CHECK(busy.size() == 4);
    // One leaves: only its own keys move.
    shards[0]->drop();
    for (int key = 0; key < 64; ++key) {
        publisher.say("[16,1,{'rkey':'" + std::to_string(key) + "'},'a.b']");
        for (std::size_t i = 1; i < shards.size(); ++i) {
            if (!shards[i]->silent()) {
                CHECK((owner[key] == i || owner[key] == 0));
                shards[i]->inbox.clear();
            }
        }
    }
    publisher.say("[16,1,{},'a.b']");  // without rkey: to all
    for (std::size_t i = 1; i < shards.size(); ++i) {
        CHECK(shards[i]->inbox.size() == 1);
    }
}

TEST_CASE_METHOD(pair,
                 "subscribers with the same nkey are one shard; a subscriber may change or drop its nkey")
{
    client other(w);
    other.join();
    subscribe(subscriber, "a.b", "{'nkey':7}");
    subscribe(other, "a.b", "{'nkey':'7'}");
    publisher.say("[16,1,{'rkey':1},'a.b']");
    CHECK(subscriber.inbox.size() == 1);
    CHECK(other.inbox.size() == 1);
    subscriber.inbox.clear();
    other.inbox.clear();
    subscribe(subscriber, "a.b");
    for (int key = 0; key < 8; ++key) {
        publisher.say("[16,1,{'rkey':" + std::to_string(key) + "},'a.b']");
    }
    CHECK(subscriber.inbox.size() == 8);
    CHECK(other.inbox.size() == 8);
}

// --- acknowledged delivery
// --------------------------------------------------------------------------------------

TEST_CASE_METHOD(pair, "PUBLISHED waits for EVENT_RECEIVED of each subscriber that can say it, when asked so")
{
    client first(w);
    client second(w);
    join_with(first, acknowledging);
    join_with(second, "'publisher':{'features':{'x_acknowledged_event_delivery':true}}");  // as autobahn does
    for (auto* c : {&first, &second, &subscriber}) {
        subscribe(*c, "a.b");
    }
    subscribe(first, "a.", "{'match':'prefix'}");
    publisher.say("[16,4,{'acknowledge':true,'x_acknowledged_delivery':true},'a.b',[1]]");
    CHECK(publisher.silent());
    CHECK(*subscriber.next().at(3) == value(dict{}));
    auto const e = first.next();
    CHECK(*e.at(3) == value(dict{{"x_acknowledged_delivery", true}}));
    CHECK(*first.next().at(3) == value(dict{{"x_acknowledged_delivery", true}, {"topic", "a.b"}}));
    CHECK(*second.next().at(3) == value(dict{{"x_acknowledged_delivery", true}}));
    auto const received = "[37," + text(*e.at(2)->as_uint()) + "]";
    subscriber.say(received);  // was not asked
    first.say(received);
    first.say(received);
    CHECK(publisher.silent());
    second.say(received);
    CHECK(publisher.heard() == "[17,4," + text(*e.at(2)->as_uint()) + "]");
    CHECK(w.logic.find_realm("realm1")->broker().open_deliveries().open() == 0);
}

TEST_CASE_METHOD(pair,
                 "without a subscriber that acknowledges, or without the option, PUBLISHED comes at once")
{
    client capable(w);
    join_with(capable, acknowledging);
    subscribe(capable, "a.c");
    subscribe(subscriber, "a.b");
    publisher.say("[16,4,{'acknowledge':true,'x_acknowledged_delivery':true},'a.b']");
    CHECK(publisher.next().at(0)->as_int() == 17);
    publisher.say("[16,5,{'acknowledge':true},'a.c']");
    CHECK(publisher.next().at(0)->as_int() == 17);
    CHECK(*capable.next().at(3) == value(dict{}));
    publisher.say("[16,6,{'x_acknowledged_delivery':true},'a.c']");
    CHECK(publisher.silent());
    CHECK(*capable.next().at(3) == value(dict{}));
}

TEST_CASE_METHOD(pair, "a delivery that is not acknowledged ends with an error")
{
    client capable(w);
    join_with(capable, acknowledging);
    subscribe(capable, "a.b");
    publisher.say("[16,4,{'acknowledge':true,'x_acknowledged_delivery':true},'a.b']");
    SECTION("in time")
    {
        w.pass(w.logic.env().limits.delivery_timeout);
        auto const m = publisher.next();
        CHECK(m.at(2)->as_int() == 4);
        CHECK(*m.at(4) == value("wamp.error.timeout"));
        CHECK(limited(w, "delivery_timeout") == 1);
    }
    SECTION("because the subscriber left")
    {
        capable.drop();
        CHECK(*publisher.next().at(4) == value("wamp.error.canceled"));
        w.pass(w.logic.env().limits.delivery_timeout);
        CHECK(publisher.silent());
    }
    SECTION("and the publisher may be gone by then")
    {
        publisher.drop();
        auto const sent = publisher.frames.size();
        capable.say("[37," + text(*capable.next().at(2)->as_uint()) + "]");
        w.pass(w.logic.env().limits.delivery_timeout);
        CHECK(publisher.frames.size() == sent);
    }
    CHECK(w.logic.find_realm("realm1")->broker().open_deliveries().open() == 0);
}

TEST_CASE_METHOD(pair, "a limited number of deliveries may wait")
{
    w.logic.env().limits.max_deliveries_open = 2;
    client capable(w);
    join_with(capable, acknowledging);
    subscribe(capable, "a.b");
    auto const publish = [&] {
        publisher.say("[16,4,{'acknowledge':true,'x_acknowledged_delivery':true},'a.b']");
    };
    publish();
    publish();
    CHECK(publisher.silent());
    publish();
    CHECK(*publisher.next().at(4) == value("cerro.error.limit_exceeded"));
    CHECK(limited(w, "max_deliveries_open") == 1);
    CHECK(capable.inbox.size() == 2);
    capable.say("[37," + text(*capable.next().at(2)->as_uint()) + "]");
    CHECK(publisher.next().at(0)->as_int() == 17);
    publish();
    CHECK(publisher.silent());
}

// --- order
// ------------------------------------------------------------------------------------------------------

TEST_CASE_METHOD(pair, "events of one publisher keep their order across topics and patterns")
{
    subscribe(subscriber, "a.", "{'match':'prefix'}");
    subscribe(subscriber, "b.c");
    for (int i = 0; i < 20; ++i) {
        auto const topic = i % 3 == 0 ? "b.c" : "a.x" + std::to_string(i % 2);
        publisher.say("[16,1,{" + std::string(i % 2 == 0 ? "'acknowledge':true" : "") + "},'" + topic +
                      "',[" + std::to_string(i) + "]]");
    }
    for (int i = 0; i < 20; ++i) {
        CHECK(*subscriber.next().at(4) == value(list{i}));
    }
}
