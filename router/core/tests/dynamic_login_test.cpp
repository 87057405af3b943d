// Dynamic authenticators: a procedure says who may join.

#include "world.hpp"
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct setting {
    world w;
    access_rules rules;
    client judge{w};

    setting()
    {
        judge.join();
        judge.say("[64,1,{},'site.authenticate']");
        judge.next();
        method_rules asked;
        asked.authenticator = dynamic_authenticator{"site.authenticate", "", "trusted"};
        rules.ticket = rules.wampcra = rules.scram = rules.cryptosign = rules.tls = asked;
        rules.anonymous_authenticator = asked.authenticator;
    }
    client connect()
    {
        return client(w, codec::serializer::json, std::make_shared<access_rules const>(rules));
    }
    static void hello(client& c, std::string const& method, std::string const& realm = "realm1")
    {
        c.say("[1,'" + realm + "',{'roles':{'caller':{}},'authid':'joe','authmethods':['" + method +
              "'],'authextra':{'desk':7}}]");
    }
    /// The arguments that the authenticator gets.
    list asked()
    {
        auto const m = judge.next();
        REQUIRE(m.at(0)->as_int() == 68);
        last = *m.at(1)->as_uint();
        return *m.at(4)->as_list();
    }
    void rest() { w.pass(std::chrono::milliseconds(0)); }
    void answer(std::string const& result)
    {
        judge.say("[70," + std::to_string(last) + ",{},[" + result + "]]");
        rest();
    }
    void wait() { w.pass(w.logic.env().limits.auth_answer_time); }
    std::string refusal(client& c)
    {
        wait();
        auto const m = c.next();
        REQUIRE(m.at(0)->as_int() == 3);
        return *m.at(2)->as_text();
    }

    std::uint64_t last = 0;
};

}  // namespace

TEST_CASE_METHOD(setting, "a ticket is judged by the procedure, which is told realm, name and details")
{
    auto c = connect();
    hello(c, "ticket");
    CHECK(c.heard() == "[4,'ticket',{}]");
    CHECK(judge.silent());
    c.say("[5,'open sesame',{}]");
    auto const args = asked();
    REQUIRE(args.size() == 3);
    CHECK(args[0] == value("realm1"));
    CHECK(args[1] == value("joe"));
    CHECK(*args[2].find("authmethod") == value("ticket"));
    CHECK(*args[2].find("ticket") == value("open sesame"));
    CHECK(*args[2].find("authextra") == value(dict{{"desk", 7}}));
    CHECK(args[2].find("transport")->is_dict());
    CHECK(c.silent());
    answer("'reader'");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(m.at(1)->as_uint() == args[2].find("session")->as_uint());
    CHECK(*m.at(2)->find("authrole") == value("reader"));
    CHECK(*m.at(2)->find("authprovider") == value("dynamic"));
}

TEST_CASE_METHOD(setting, "the answer gives realm, role, name and what WELCOME tells besides")
{
    w.logic.add_realm("realm2", {std::make_shared<role>("guest", std::vector{everything()})});
    auto c = connect();
    hello(c, "anonymous");
    asked();
    answer("{'realm':'realm2','role':'guest','authid':'g7','extra':{'x':1}}");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(*m.at(2)->find("realm") == value("realm2"));
    CHECK(*m.at(2)->find("authid") == value("g7"));
    CHECK(*m.at(2)->find("authextra")->find("x") == value(1));
}

TEST_CASE_METHOD(setting, "for WAMP-CRA and cryptosign it gives what the client must show")
{
    auto c = connect();
    hello(c, "wampcra");
    asked();
    answer("{'role':'reader','secret':'s'}");
    auto const challenge = c.next();
    REQUIRE(challenge.at(0)->as_int() == 4);
    c.say("[5,'" + *auth::wampcra_answer("s", *challenge.at(2)->as_dict()) + "',{}]");
    CHECK(c.next().at(0)->as_int() == 2);

    bytes const seed(32, 's');
    auto d = connect();
    hello(d, "cryptosign");
    asked();
    answer("{'role':'reader','pubkey':'" + auth::hex_encode(auth::ed25519_public_key(seed)) + "'}");
    auto const second = d.next();
    d.say("[5,'" + *auth::cryptosign_answer(seed, *second.at(2)->as_dict()) + "',{}]");
    CHECK(d.next().at(0)->as_int() == 2);
}

TEST_CASE_METHOD(setting, "its error is the refusal, and counts as a wrong guess")
{
    auto c = connect();
    hello(c, "ticket");
    c.next();
    c.say("[5,'open simsim',{}]");
    asked();
    judge.say("[8,68," + std::to_string(last) + ",{},'site.error.no',['not today']]");
    rest();
    CHECK(c.silent());
    wait();
    CHECK(c.heard() == "[3,{'message':'not today'},'site.error.no']");
    CHECK(w.counter("cerro_router_auth_failures_total") == 1);
}

TEST_CASE_METHOD(setting,
                 "no authenticator, no answer in time, or a strange one: nobody joins, and nobody guessed")
{
    for (auto const* const bad :
         {"17", "null", "{'role':17}", "{'role':'nosuch'}", "{}", "{'role':'reader','realm':'x'}"}) {
        auto c = connect();
        hello(c, "tls");
        asked();
        answer(bad);
        CHECK(c.next().at(0)->as_int() == 3);
        CHECK(c.closed);
    }
    auto late = connect();
    hello(late, "wampcra");
    asked();
    w.pass(w.logic.env().limits.auth_timeout);
    rest();
    CHECK(refusal(late) == "wamp.error.authentication_failed");
    CHECK(judge.next().at(0)->as_int() == 69);
    auto bare = connect();
    hello(bare, "wampcra");
    asked();
    answer("{'role':'reader'}");
    CHECK(*bare.next().at(2) == value("wamp.error.authentication_failed"));
    judge.drop();
    auto c = connect();
    hello(c, "scram");
    rest();
    CHECK(refusal(c) == "wamp.error.authentication_failed");
    auto elsewhere = connect();
    hello(elsewhere, "scram", "nosuch");
    CHECK(*elsewhere.next().at(2) == value("wamp.error.no_such_realm"));
    CHECK(w.counter("cerro_router_auth_failures_total") == 0);
}

TEST_CASE_METHOD(setting, "who leaves or says something else while the authenticator thinks is gone")
{
    {
        auto c = connect();
        hello(c, "wampcra");
        asked();
        c.say("[48,1,{},'site.x']");
        CHECK(*c.next().at(2) == value("wamp.error.protocol_violation"));
        CHECK(judge.next().at(0)->as_int() == 69);
        answer("{'role':'reader','secret':'s'}");
        CHECK(c.silent());
    }
    auto d = connect();
    hello(d, "wampcra");
    asked();
    d.drop();
    answer("{'role':'reader','secret':'s'}");
    CHECK(w.logic.find_realm("realm1")->dealer().calls_open() == 0);
}
