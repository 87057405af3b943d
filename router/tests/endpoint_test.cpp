// The configuration of listeners and of slow sessions.

#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace cerro;
using namespace cerro::router;

namespace {

std::string quoted(std::string text)
{
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

/// A file with this realm and these transports (JSON with ' for ").
result<settings> parse(std::string const& realm, std::string const& transports, std::string const& more = "")
{
    return parse_settings(quoted("{'version':2,'workers':[{'type':'router','realms':[" + realm +
                                 "],'transports':[" + transports + "]}]" + more + "}"),
                          "config.json");
}

constexpr auto raw = "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'}}";

}  // namespace

TEST_CASE("config: a role's slow sessions are disconnected, or lose events where that is said")
{
    auto const role = [](std::string const& more) {
        return "{'name':'r1','roles':[{'name':'watcher','permissions':[]" + more + "}]}";
    };
    CHECK(parse(role(""), raw)->realms[0].drop_oldest.empty());
    CHECK(parse(role(",'cerro':{'slow':'disconnect'}"), raw)->realms[0].drop_oldest.empty());
    CHECK(parse(role(",'cerro':{'slow':'drop-oldest'}"), raw)->realms[0].drop_oldest ==
          std::vector<std::string>{"watcher"});
    auto const wrong = parse(role(",'cerro':{'slow':'drop'}"), raw);
    REQUIRE(wrong.has_error());
    CHECK(wrong.error().what.find("'drop' must be disconnect or drop-oldest") != std::string::npos);
}
