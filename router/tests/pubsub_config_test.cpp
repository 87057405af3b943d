#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace cerro;
using namespace cerro::router;

namespace {

/// A file with one realm that has these members besides its name, and these of "cerro" (JSON with ' for ").
result<settings> parse(std::string const& members, std::string const& own = "")
{
    std::string text = "{'version':2,'cerro':{" + own +
                       "},'workers':[{'type':'router','realms':[{'name':'realm1'" + members +
                       "}],'transports':[{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':"
                       "'127.0.0.1'}}]}]}";
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return parse_settings(text, "config.json");
}

std::string trouble(std::string const& members, std::string const& own = "")
{
    auto const r = parse(members, own);
    return r ? "none" : r.error().what;
}

}  // namespace

TEST_CASE("a realm's dialect of the meta API and the trust levels of its permissions")
{
    auto const s = parse(
        ",'cerro':{'meta_dialect':'specification','allow_disclose_me':true},'roles':[{'name':"
        "'r','permissions':[{'uri':'a.','match':'prefix','cerro':{'trustlevel':3}},"
        "{'uri':'b'}]}]");
    REQUIRE(s.has_value());
    auto const& realm = s->realms.at(0);
    CHECK(realm.options.dialect == meta_dialect::specification);
    CHECK(realm.options.allow_disclose_me);
    auto const& permissions = realm.roles.at(0).second;
    CHECK(permissions.at(0).allow.trustlevel == 3);
    CHECK(permissions.at(1).allow.trustlevel == -1);
    auto const shown = describe(*s);
    CHECK(shown.find("\"meta_dialect\": \"specification\"") != std::string::npos);
    CHECK(shown.find("\"trustlevel\": 3") != std::string::npos);
    CHECK(parse("")->realms.at(0).options.dialect == meta_dialect::crossbar);

    using Catch::Contains;
    CHECK_THAT(trouble(",'cerro':{'meta_dialect':'nexus'}"), Contains("must be crossbar or specification"));
    CHECK_THAT(trouble(",'cerro':{'meta_dialects':1}"), Contains("did you mean 'meta_dialect'?"));
    CHECK_THAT(trouble(",'roles':[{'name':'r','permissions':[{'uri':'a','cerro':{'trustlevel':-2}}]}]"),
               Contains("out of range"));
}

TEST_CASE("limits of retained events, testaments and acknowledged deliveries")
{
    auto const s = parse("",
                         "'limits':{'max_retained':7,'max_retained_bytes':'8MiB','max_testaments':9,"
                         "'max_testament_bytes':'10KiB','max_deliveries_open':11,'delivery_timeout':'12s'}");
    REQUIRE(s.has_value());
    auto const& l = s->sessions;
    CHECK(l.max_retained == 7);
    CHECK(l.max_retained_bytes == 8U << 20U);
    CHECK(l.max_testaments == 9);
    CHECK(l.max_testament_bytes == 10U << 10U);
    CHECK(l.max_deliveries_open == 11);
    CHECK(l.delivery_timeout == std::chrono::seconds(12));
    auto const shown = describe(*s);
    for (auto const* key : {"max_retained",
                            "max_retained_bytes",
                            "max_testaments",
                            "max_testament_bytes",
                            "max_deliveries_open",
                            "delivery_timeout_ms"}) {
        CHECK(shown.find(key) != std::string::npos);
    }
    CHECK_THAT(trouble("", "'limits':{'max_retained':0}"), Catch::Contains("out of range"));
    session_limits const shipped;
    CHECK(shipped.max_retained == 10'000);
    CHECK(shipped.max_retained_bytes == 64U << 20U);
    CHECK(shipped.max_testaments == 100);
    CHECK(shipped.max_testament_bytes == 1U << 20U);
    CHECK(shipped.max_deliveries_open == 1'000);
    CHECK(shipped.delivery_timeout == std::chrono::seconds(10));
}
