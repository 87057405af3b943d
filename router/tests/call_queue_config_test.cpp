#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace cerro;
using namespace cerro::router;

namespace {

/// A file with one realm that has these members besides its name (JSON with ' for ").
result<settings> parse(std::string members)
{
    std::string text = "{'version':2,'workers':[{'type':'router','realms':[{'name':'realm1','roles':[]," +
                       std::move(members) +
                       "}],'transports':[{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':"
                       "'127.0.0.1'}}]}]}";
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return parse_settings(text, "config.json");
}

std::string trouble(std::string members)
{
    auto const r = parse(std::move(members));
    return r ? "none" : r.error().what;
}

}  // namespace

TEST_CASE("call-queue of a realm's store")
{
    auto const s = parse(
        "'store':{'type':'memory','call-queue':[{'uri':'a.b'},{'uri':'c.','match':'prefix','limit':5},"
        "{'uri':'','match':'prefix','limit':7}]}");
    REQUIRE(s.has_value());
    auto const& rules = s->realms.at(0).options.call_queues;
    REQUIRE(rules.size() == 3);
    CHECK(rules[0].uri == "a.b");
    CHECK(rules[0].match == wamp::match_policy::exact);
    CHECK(rules[0].limit == 100);
    CHECK(rules[1].match == wamp::match_policy::prefix);
    CHECK(rules[1].limit == 5);
    CHECK(rules[2].uri.empty());
    CHECK(describe(*s).find("\"call_queues\"") != std::string::npos);
}

TEST_CASE("a call-queue that is wrong says so")
{
    auto const queue = [](std::string const& rule) {
        return trouble("'store':{'type':'memory','call-queue':[" + rule + "]}");
    };
    using Catch::Contains;
    CHECK_THAT(queue("{'match':'exact'}"), Contains("uri"));
    CHECK_THAT(queue("{'uri':'a.b','match':'odd'}"), Contains("exact, prefix or wildcard"));
    CHECK_THAT(queue("{'uri':'a..b'}"), Contains("no URI pattern"));
    CHECK_THAT(queue("{'uri':'a.b','limit':0}"), Contains("limit"));
    CHECK_THAT(queue("{'uri':'a.b','size':1}"), Contains("size"));
    CHECK_THAT(trouble("'store':{'type':'memory','call_queue':[]}"), Contains("call_queue"));
}

TEST_CASE("whether peers may disclose themselves is the realm's choice, by default they may not")
{
    CHECK_FALSE(parse("'options':{}")->realms.at(0).options.allow_disclose_me);
    CHECK(parse("'cerro':{'allow_disclose_me':true}")->realms.at(0).options.allow_disclose_me);
    CHECK_THAT(trouble("'cerro':{'allow_disclose':true}"), Catch::Contains("allow_disclose"));
}
