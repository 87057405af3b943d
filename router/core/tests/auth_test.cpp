#include "world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

std::shared_ptr<access_rules const> rules()
{
    access_rules r;
    principal joe;
    joe.ticket = "open sesame";
    joe.role = "anonymous";
    r.ticket = method_rules::of({{"joe", joe}});
    principal salted;
    salted.wampcra = {auth::wampcra_derive_key("secret2", "salt123", 100, 32), "salt123", 100, 32};
    salted.role = "reader";
    principal plain;
    plain.wampcra.secret = "secret1";
    plain.role = "anonymous";
    r.wampcra = method_rules::of({{"salted", salted}, {"plain", plain}});
    return std::make_shared<access_rules const>(std::move(r));
}

struct setting {
    world w;
    client c{w, codec::serializer::msgpack, rules()};

    void hello(std::string const& methods, std::string const& authid)
    {
        c.say("[1,'realm1',{'roles':{'caller':{}},'authmethods':" + methods + ",'authid':'" + authid + "'}]");
    }
    /// The time after which every wrong answer is refused.
    void wait()
    {
        CHECK(c.silent());
        w.pass(w.logic.env().limits.auth_answer_time);
    }
    std::string reason()
    {
        auto const m = c.next();
        REQUIRE(m.at(0)->as_int() == 3);
        CHECK(c.closed);
        return *m.at(2)->as_text();
    }
};

}  // namespace

TEST_CASE_METHOD(setting, "a right ticket joins with its role")
{
    hello("['ticket']", "joe");
    CHECK(c.heard() == "[4,'ticket',{}]");
    c.say("[5,'open sesame',{}]");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(*m.at(2)->find("authid") == value("joe"));
    CHECK(*m.at(2)->find("authmethod") == value("ticket"));
}

TEST_CASE_METHOD(setting, "a wrong ticket is refused")
{
    hello("['ticket']", "joe");
    c.next();
    c.say("[5,'open simsim',{}]");
    wait();
    CHECK(c.heard() ==
          "[3,{'message':'ticket in static WAMP-Ticket authentication is "
          "invalid'},'wamp.error.not_authorized']");
    CHECK(c.closed);
}

TEST_CASE_METHOD(setting, "a stranger is asked for his ticket, and refused in the same words")
{
    hello("['ticket']", "nobody");
    CHECK(c.heard() == "[4,'ticket',{}]");
    c.say("[5,'',{}]");
    wait();
    CHECK(c.heard() ==
          "[3,{'message':'ticket in static WAMP-Ticket authentication is "
          "invalid'},'wamp.error.not_authorized']");
}

TEST_CASE_METHOD(setting, "WAMP-CRA without salt")
{
    hello("['wampcra']", "plain");
    auto const m = c.next();
    REQUIRE(*m.at(1) == value("wampcra"));
    CHECK(m.at(2)->find("salt") == nullptr);
    auto const text = *m.at(2)->find("challenge")->as_text();
    auto const challenge = *codec::from_json(text);
    CHECK(*challenge.find("authid") == value("plain"));
    CHECK(*challenge.find("authmethod") == value("wampcra"));
    auto const session = challenge.find("session")->as_uint().value();
    c.say("[5,'" + auth::wampcra_signature("secret1", text) + "',{}]");
    auto const welcome = c.next();
    REQUIRE(welcome.at(0)->as_int() == 2);
    CHECK(welcome.at(1)->as_uint() == session);
    CHECK(*welcome.at(2)->find("authmethod") == value("wampcra"));
}

TEST_CASE_METHOD(setting, "WAMP-CRA with salt: the configured secret is the derived key")
{
    hello("['wampcra']", "salted");
    auto const m = c.next();
    REQUIRE(*m.at(2)->find("salt") == value("salt123"));
    auto const signature = auth::wampcra_answer("secret2", *m.at(2)->as_dict());
    c.say("[5,'" + *signature + "',{}]");
    auto const welcome = c.next();
    REQUIRE(welcome.at(0)->as_int() == 2);
    CHECK(*welcome.at(2)->find("authrole") == value("reader"));
}

TEST_CASE_METHOD(setting, "a wrong signature is refused, and there is no second try")
{
    hello("['wampcra']", "plain");
    c.next();
    c.say("[5,'AAAA',{}]");
    wait();
    CHECK(c.heard() == "[3,{'message':'WAMP-CRA client signature is invalid'},'wamp.error.not_authorized']");
    CHECK(c.closed);
    c.say("[5,'AAAA',{}]");
    CHECK(c.silent());
}

TEST_CASE("an unknown WAMP-CRA user gets the same challenge shape each time, and never joins")
{
    world w;
    auto const access = rules();
    std::string salts[2];
    for (auto& salt : salts) {
        client c(w, codec::serializer::json, access);
        c.say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['wampcra'],'authid':'nobody'}]");
        auto const m = c.next();
        REQUIRE(m.at(0)->as_int() == 4);
        if (auto const* s = m.at(2)->find("salt")) {
            salt = *s->as_text();
        }
        // Not even with the key that the router itself uses for strangers.
        auto const text = *m.at(2)->find("challenge")->as_text();
        c.say("[5,'" + auth::wampcra_signature(w.logic.env().secret, text) + "',{}]");
        w.pass(w.logic.env().limits.auth_answer_time);
        CHECK(*c.next().at(2) == value("wamp.error.not_authorized"));
        CHECK(c.closed);
    }
    CHECK(salts[0] == salts[1]);
}

TEST_CASE_METHOD(setting,
                 "the client's order of methods counts, and methods that are not configured are passed over")
{
    hello("['cryptosign','cookie','wampcra','ticket','x']", "joe");
    CHECK(*c.next().at(1) == value("wampcra"));
}

TEST_CASE_METHOD(setting, "a method that nobody knows ends the attempt, as in crossbar")
{
    hello("['cryptosign','x','ticket']", "joe");
    CHECK(c.heard() == "[3,{'message':'invalid authmethod \\'x\\''},'wamp.error.not_authorized']");
}

TEST_CASE_METHOD(setting, "no common method")
{
    hello("['scram']", "joe");
    CHECK(reason() == "wamp.error.no_auth_method");
}

TEST_CASE_METHOD(setting, "anonymous is refused where only others are configured")
{
    c.say("[1,'realm1',{'roles':{'caller':{}}}]");
    CHECK(reason() == "wamp.error.no_auth_method");
}

TEST_CASE_METHOD(setting, "only AUTHENTICATE may follow CHALLENGE")
{
    hello("['ticket']", "joe");
    c.next();
    c.say("[48,1,{},'a.b']");
    CHECK(reason() == "wamp.error.protocol_violation");
}

TEST_CASE_METHOD(setting, "who does not answer the challenge in time is closed")
{
    hello("['ticket']", "joe");
    c.next();
    w.pass(w.logic.env().limits.auth_timeout);
    CHECK(reason() == "wamp.error.protocol_violation");
}

TEST_CASE("a transport without an auth section takes everybody as role anonymous")
{
    world w;
    client c(w, codec::serializer::cbor, std::make_shared<access_rules const>(access_rules::open()));
    c.join();
    CHECK(c.state().who().authrole == "anonymous");
}

TEST_CASE("ten failed log-ins of one address bring 60 s of refusal, whoever asks from there")
{
    world w;
    auto const say = [&](client& c, std::string const& method, std::string const& authid) {
        c.say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['" + method + "'],'authid':'" + authid +
              "'}]");
    };
    client early(w, codec::serializer::msgpack, rules());
    say(early, "ticket", "joe");
    early.next();
    for (int i = 0; i < 10; ++i) {
        client c(w, codec::serializer::msgpack, rules());
        say(c, i % 2 == 0 ? "ticket" : "wampcra", i % 3 == 0 ? "nobody" : "joe");
        REQUIRE(c.next().at(0)->as_int() == 4);
        c.say("[5,'wrong',{}]");
        w.pass(w.logic.env().limits.auth_answer_time);
        CHECK(c.next().at(0)->as_int() == 3);
    }
    CHECK(w.counter("cerro_router_auth_failures_total") == 10);
    auto const refused = [&] {
        client c(w, codec::serializer::msgpack, rules());
        say(c, "ticket", "joe");
        w.pass(w.logic.env().limits.auth_answer_time);
        return c.heard() ==
               "[3,{'message':'too many failed log-ins from this address; try again later'},"
               "'wamp.error.not_authorized']";
    };
    CHECK(refused());
    // not even a challenge of before lets one more guess through
    early.say("[5,'open sesame',{}]");
    w.pass(w.logic.env().limits.auth_answer_time);
    CHECK(early.next().at(0)->as_int() == 3);
    // who needs no secret is not concerned
    client(w).join();
    w.pass(std::chrono::seconds(59));
    CHECK(refused());
    w.pass(std::chrono::seconds(2));
    CHECK_FALSE(refused());
}

TEST_CASE("the brake knows each host by itself, forgets, and its table is bounded")
{
    auth_brake b;
    steady_time now{};
    b.failed("tcp4:10.0.0.1:1000", now, 2);
    CHECK_FALSE(b.refuses("tcp4:10.0.0.1:1001", now));
    now += std::chrono::seconds(61);
    b.failed("tcp4:10.0.0.1:1000", now, 2);  // the first is forgotten
    CHECK_FALSE(b.refuses("tcp4:10.0.0.1:1001", now));
    b.failed("tcp4:10.0.0.1:1002", now, 2);
    CHECK(b.refuses("tcp4:10.0.0.1:1001", now));
    CHECK_FALSE(b.refuses("tcp4:10.0.0.2:1001", now));
    b.failed("tcp6:[::1]:1000", now, 1);
    CHECK(b.refuses("tcp6:[::1]:7", now));
    b.failed("unix:/run/router", now, 1);
    CHECK_FALSE(b.refuses("unix:/run/router", now));
    for (int i = 0; i < 10'100; ++i) {
        b.failed("tcp4:host" + std::to_string(i) + ":1", now + std::chrono::seconds(1), 2);
    }
    CHECK(b.size() == auth_brake::max_hosts);
}
