#include "world.hpp"
#include <cerro/router/own_caller.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct setting {
    world w;
    realm& home = *w.logic.find_realm("realm1");
    client callee{w};
    std::optional<own_caller> own;
    std::vector<own_outcome> outcomes;

    setting()
    {
        callee.join();
        callee.say("[64,1,{},'site.ask']");
        callee.next();
        own.emplace(w.logic, home, home.find_role("anonymous"));
    }
    own_caller::done keep()
    {
        return [this](own_outcome o) { outcomes.push_back(std::move(o)); };
    }
    own_caller::call_id ask(std::optional<std::chrono::milliseconds> timeout = std::nullopt)
    {
        return own->call("site.ask", {1, "x"}, {{"k", true}}, timeout, keep());
    }
    /// INVOCATION's request id
    std::string asked()
    {
        auto const m = callee.next();
        REQUIRE(m.at(0)->as_int() == 68);
        CHECK(*m.at(4) == value(list{1, "x"}));
        CHECK(*m.at(5) == value(dict{{"k", true}}));
        return std::to_string(*m.at(1)->as_uint());
    }
    void rest() { w.pass(std::chrono::milliseconds(0)); }
};

}  // namespace

TEST_CASE_METHOD(setting, "a call of the router itself gets its result, and not inside of the dealer")
{
    ask();
    callee.say("[70," + asked() + ",{},[42],{'more':1}]");
    CHECK(outcomes.empty());
    rest();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].error.empty());
    CHECK(outcomes[0].args == list{42});
    CHECK(outcomes[0].kwargs == dict{{"more", 1}});
    CHECK(own->open() == 0);
}

TEST_CASE_METHOD(setting, "errors of the callee, missing procedures and a callee that leaves end it too")
{
    ask();
    callee.say("[8,68," + asked() + ",{},'site.error.no',['because']]");
    own->call("site.nothing", {}, {}, std::nullopt, keep());
    ask();
    asked();
    callee.drop();
    rest();
    REQUIRE(outcomes.size() == 3);
    CHECK(outcomes[0].error == "site.error.no");
    CHECK(outcomes[0].args == list{"because"});
    CHECK(outcomes[1].error == "wamp.error.no_such_procedure");
    CHECK(outcomes[2].error == "wamp.error.canceled");
}

TEST_CASE_METHOD(setting, "a callee that does not answer in time is told, and the call fails")
{
    ask(std::chrono::seconds(2));
    asked();
    w.pass(std::chrono::milliseconds(1999));
    CHECK(outcomes.empty());
    w.pass(std::chrono::milliseconds(1));
    rest();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].error == "wamp.error.timeout");
    CHECK(callee.next().at(0)->as_int() == 69);
    CHECK(home.dealer().calls_open() == 0);
}

TEST_CASE_METHOD(setting, "a cancelled call is never answered")
{
    auto const before = ask();
    auto const request = asked();
    own->cancel(before);
    CHECK(callee.next().at(0)->as_int() == 69);
    callee.say("[70," + request + ",{},[1]]");
    auto const after = ask();
    callee.say("[70," + asked() + ",{},[1]]");
    own->cancel(after);  // answered, not yet delivered
    own->cancel(after);
    rest();
    CHECK(outcomes.empty());
    CHECK(own->open() == 0);
}

TEST_CASE_METHOD(setting, "an outcome may destroy the caller, and a destroyed one leaves nothing behind")
{
    own->call("site.nothing", {}, {}, std::nullopt, [this](own_outcome const&) { own.reset(); });
    ask(std::chrono::seconds(1));
    own->call("site.nothing", {}, {}, std::nullopt, keep());
    rest();
    CHECK_FALSE(own.has_value());
    CHECK(outcomes.empty());
    CHECK(home.session_count() == 1);
    CHECK(home.dealer().calls_open() == 0);
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
}

TEST_CASE_METHOD(setting, "the router itself publishes, with and without an acknowledgement")
{
    client reader(w);
    reader.join();
    reader.say("[32,1,{},'site.news']");
    reader.next();
    own->publish("site.news", {7}, {});
    CHECK(*reader.next().at(4) == value(list{7}));
    own->publish("site.news", {8}, {}, {}, keep());
    rest();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].error.empty());
    CHECK(outcomes[0].args.at(0).as_uint().has_value());
    own->publish("wamp.site", {8}, {}, {}, keep());
    rest();
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[1].error == "wamp.error.invalid_uri");
}

TEST_CASE_METHOD(setting, "the role of the router's own member counts, and it is in no session list")
{
    own.emplace(w.logic, home, home.find_role("reader"));
    own->call("other.ask", {}, {}, std::nullopt, keep());
    rest();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].error == "wamp.error.not_authorized");
    callee.say("[48,9,{},'wamp.session.count']");
    CHECK(*callee.next().at(3) == value(list{1}));
}
