#include <cerro/router/pattern_table.hpp>
#include <cerro/router/role.hpp>
#include <cerro/router/timers.hpp>

#include <catch2/catch.hpp>

#include <random>
#include <set>

using namespace cerro;
using namespace cerro::router;
using wamp::match_policy;

namespace {

struct entry {
    std::string uri;
    match_policy match;
};

entry& put(pattern_table<entry>& t, std::string uri, match_policy m)
{
    return t.insert(std::make_unique<entry>(entry{std::move(uri), m}));
}

rights can(bool call, bool publish)
{
    rights r;
    r.call = call;
    r.publish = publish;
    return r;
}

}  // namespace

TEST_CASE("match_all finds what matches() finds, for thousands of random tables")
{
    std::mt19937 random(7);
    auto const component = [&] { return std::string(1, static_cast<char>('a' + random() % 3)); };
    auto const uri = [&](bool holes) {
        std::string out;
        for (auto n = 1 + random() % 4; n > 0; --n) {
            out += holes && random() % 3 == 0 ? "" : component();
            out += n > 1 ? "." : "";
        }
        return out;
    };
    for (int round = 0; round < 300; ++round) {
        pattern_table<entry> table;
        std::vector<entry*> all;
        for (int i = 0; i < 12; ++i) {
            auto const m = static_cast<match_policy>(random() % 3);
            auto const text = uri(m == match_policy::wildcard);
            if (table.find(text, m) == nullptr) {
                all.push_back(&put(table, text, m));
            }
            if (random() % 4 == 0 && !all.empty()) {
                auto const at = all.begin() + static_cast<std::ptrdiff_t>(random() % all.size());
                table.erase(**at);
                all.erase(at);
            }
        }
        REQUIRE(table.size() == all.size());
        for (int i = 0; i < 20; ++i) {
            auto const topic = uri(false);
            std::vector<entry*> found;
            table.match_all(topic, found);
            std::set<entry*> wanted;
            for (auto* e : all) {
                if (wamp::matches(topic, e->uri, e->match)) {
                    wanted.insert(e);
                }
            }
            CHECK(std::set<entry*>(found.begin(), found.end()) == wanted);
            CHECK(found.size() == wanted.size());
            auto* const best = table.match_best(topic);
            CHECK((best != nullptr) == !wanted.empty());
            CHECK((best == nullptr || wanted.contains(best)));
        }
    }
}

TEST_CASE("of wildcards the one with the longest leading run wins")
{
    pattern_table<entry> t;
    put(t, "a..c.", match_policy::wildcard);
    auto& longer = put(t, "a.b..", match_policy::wildcard);
    put(t, "...d", match_policy::wildcard);
    CHECK(t.match_best("a.b.c.d") == &longer);
    CHECK(t.match_best("x.y.z.d")->uri == "...d");
    CHECK(t.match_best("x.y.z.e") == nullptr);
    CHECK(t.match_best("a.b.c") == nullptr);
}

TEST_CASE("permissions: default deny, the longest entry decides, no fall back")
{
    role const r("r",
                 {{"site.", match_policy::prefix, can(true, true)},
                  {"site.secret.", match_policy::prefix, can(false, true)},
                  {"site.secret.open", match_policy::exact, can(true, false)}});
    CHECK(r.evaluate("other") == rights{});
    CHECK(r.evaluate("site") == rights{});
    CHECK(r.evaluate("site.x") == can(true, true));
    CHECK(r.evaluate("site.secret.x") == can(false, true));
    CHECK(r.evaluate("site.secret.open") == can(true, false));
    // the exact entry is the longest hit, but not equal
    CHECK(r.evaluate("site.secret.openly") == rights{});
}

TEST_CASE(
    "permissions: an empty prefix is everything, an exact entry beside a prefix of the same text is for that "
    "text")
{
    role const r("r",
                 {{"a.b", match_policy::exact, can(true, false)},
                  {"a.b", match_policy::prefix, can(false, true)},
                  {"", match_policy::prefix, can(true, true)}});
    CHECK(r.evaluate("anything") == can(true, true));
    CHECK(r.evaluate("a.b") == can(true, false));
    CHECK(r.evaluate("a.b.c") == can(false, true));
}

TEST_CASE("permissions: wildcards come before prefixes, not before an exact hit")
{
    role const r("r",
                 {{"a.", match_policy::prefix, can(true, true)},
                  {"a..feeds.hk", match_policy::wildcard, can(false, true)},
                  {"a.x.feeds.hk", match_policy::exact, can(true, false)}});
    CHECK(r.evaluate("a.y.feeds.hk") == can(false, true));
    CHECK(r.evaluate("a.y.feeds.other") == can(true, true));
    CHECK(r.evaluate("a.x.feeds.hk") == can(true, false));
    // the text of a pattern is matched as a URI
    CHECK(r.evaluate("a..feeds.") == can(true, true));
}

TEST_CASE("permissions: trusted may do everything; answers are remembered without end of memory")
{
    role trusted("trusted", {});
    CHECK(trusted.on("wamp.x").register_);
    role r("r", {{"a.", match_policy::prefix, can(true, false)}});
    for (int i = 0; i < 30'000; ++i) {
        CHECK(r.on("a." + std::to_string(i)).call);
    }
    CHECK_FALSE(r.on("b").call);
    CHECK_FALSE(r.on("b").call);
}

TEST_CASE("timers run in order, once, and not when cancelled")
{
    timers t;
    std::string ran;
    steady_time const zero{};
    auto const at = [&](int ms) { return zero + std::chrono::milliseconds(ms); };
    t.add(at(30), [&] { ran += 'c'; });
    t.add(at(10), [&] { ran += 'a'; });
    auto const b = t.add(at(20), [&] { ran += 'b'; });
    CHECK(t.next() == at(10));
    t.run(at(9));
    CHECK(ran.empty());
    t.cancel(b);
    t.cancel(b);
    t.cancel(0);
    t.run(at(100));
    CHECK(ran == "ac");
    CHECK_FALSE(t.next().has_value());
}

TEST_CASE("timers tell when the next deadline has become earlier, and survive heavy cancelling")
{
    timers t;
    int earlier = 0;
    t.on_earlier([&] { ++earlier; });
    steady_time const zero{};
    for (int i = 0; i < 10'000; ++i) {
        t.cancel(t.add(zero + std::chrono::milliseconds(1000 + i), [] {}));
    }
    CHECK_FALSE(t.next().has_value());
    earlier = 0;
    t.add(zero + std::chrono::milliseconds(50), [] {});
    t.add(zero + std::chrono::milliseconds(60), [] {});
    CHECK(earlier == 1);
    t.add(zero + std::chrono::milliseconds(40), [] {});
    CHECK(earlier == 2);
}
