#include <cerro/wamp/uri.hpp>

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace cerro::wamp;

namespace {

std::vector<std::string> components(std::string const& uri)
{
    std::vector<std::string> parts(1);
    for (char const ch : uri) {
        if (ch == '.') {
            parts.emplace_back();
        } else {
            parts.back() += ch;
        }
    }
    return parts;
}

/// Says the rule of the specification in the plainest words.
bool matches_plainly(std::string const& uri, std::string const& pattern)
{
    auto const given = components(uri);
    auto const wanted = components(pattern);
    if (given.size() != wanted.size()) {
        return false;
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (!wanted[i].empty() && wanted[i] != given[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace

TEST_CASE("URIs: loose and strict rules")
{
    for (auto const* const good : {"a", "a.b.c", "com.myapp.topic1", "A-b.\u00e9"}) {
        CHECK(valid_uri(good));
    }
    for (auto const* const bad : {"", ".", "a.", ".a", "a..b", "a b", "a.b#", "a\t", "a\n", "a\x1f"}) {
        CHECK_FALSE(valid_uri(bad));
    }
    CHECK(valid_uri("com.my_app.v2", uri_rule::strict));
    CHECK_FALSE(valid_uri("com.MyApp", uri_rule::strict));
    CHECK_FALSE(valid_uri("com.my-app", uri_rule::strict));
    CHECK_FALSE(valid_uri("com.\u00e9", uri_rule::strict));
}

TEST_CASE("patterns: a prefix may end in an empty component, a wildcard may have them anywhere")
{
    CHECK(valid_pattern("a.b.", match_policy::prefix));
    CHECK(valid_pattern("", match_policy::prefix));
    CHECK_FALSE(valid_pattern("a..b", match_policy::prefix));
    CHECK_FALSE(valid_pattern(".a", match_policy::prefix));
    CHECK(valid_pattern("observatory..feeds.", match_policy::wildcard));
    CHECK(valid_pattern("..", match_policy::wildcard));
    CHECK_FALSE(valid_pattern("a b..", match_policy::wildcard));
    CHECK_FALSE(valid_pattern("a..b", match_policy::exact));
    CHECK_FALSE(valid_pattern("A..b", match_policy::wildcard, uri_rule::strict));
}

TEST_CASE("matching: prefixes are of text, wildcards of whole components")
{
    CHECK(matches("a.bc", "a.b", match_policy::prefix));
    CHECK(matches("a.b", "", match_policy::prefix));
    CHECK_FALSE(matches("a", "a.b", match_policy::prefix));
    CHECK(matches("observatory.lakeshore.feeds.temps", "observatory..feeds.", match_policy::wildcard));
    CHECK_FALSE(matches("observatory.lakeshore.feeds", "observatory..feeds.", match_policy::wildcard));
    CHECK_FALSE(matches("observatory.lakeshore.feeds.a.b", "observatory..feeds.", match_policy::wildcard));
    CHECK(matches("a", "", match_policy::wildcard));
    CHECK_FALSE(matches("a.b", "", match_policy::wildcard));
    CHECK(matches("a.b", "a.b", match_policy::exact));
    CHECK_FALSE(matches("a.b", "a.", match_policy::exact));
}

TEST_CASE("matching: wildcards agree with the plain rule on random URIs")
{
    std::mt19937 random(5);
    constexpr std::string_view letters = "ab..";
    auto const text = [&] {
        std::string out(random() % 8, ' ');
        for (char& ch : out) {
            ch = letters[random() % letters.size()];
        }
        return out;
    };
    std::size_t hits = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto const uri = text();
        auto const pattern = text();
        INFO('"' << uri << "\" against \"" << pattern << '"');
        auto const wanted = matches_plainly(uri, pattern);
        hits += wanted ? 1 : 0;
        REQUIRE(matches(uri, pattern, match_policy::wildcard) == wanted);
    }
    CHECK(hits > 1000);
}

TEST_CASE("match policies have names")
{
    for (auto const m : {match_policy::exact, match_policy::prefix, match_policy::wildcard}) {
        CHECK(parse_match_policy(name(m)) == m);
    }
    CHECK_FALSE(parse_match_policy("regex"));
}
