#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::router;
using kind = history_settings::kind;

namespace {

result<settings> parse(std::string const& cerro, std::string const& realm = "", bool keep_feeds = true)
{
    load_options o;
    o.base_dir = "/site";
    o.keep_feeds = keep_feeds;
    return parse_settings(
        R"({"version": 2, "workers": [{"type": "router", "realms": [{"name": "realm1", "roles": [])" + realm +
            R"(}], "transports": [{"type": "rawsocket", "endpoint": {"type": "tcp", "port": 0}}]}])" + cerro +
            "}",
        "config.json",
        o);
}

settings good(std::string const& cerro, std::string const& realm = "")
{
    auto s = parse(cerro, realm);
    INFO((s ? "" : s.error().what));
    REQUIRE(s.has_value());
    return std::move(*s);
}

std::string trouble(std::string const& cerro, std::string const& realm = "")
{
    auto const s = parse(cerro, realm);
    REQUIRE_FALSE(s.has_value());
    return s.error().what;
}

}  // namespace

TEST_CASE("history config: a stock configuration keeps record feeds on disk beside it")
{
    auto const s = good("");
    CHECK(s.history.type == kind::disk);
    CHECK(s.history.folder == "/site/history");
    CHECK(s.history.max_bytes == 1ULL << 30U);
    CHECK(s.history.queue_bytes == 64U << 20U);
    CHECK(s.history.sync_period == std::chrono::seconds(1));
    REQUIRE(s.history.entries.size() == 1);
    auto const& e = s.history.entries[0];
    CHECK(wamp::matches("observatory.agent.feeds.temperatures", e.uri, e.match));
    CHECK_FALSE(wamp::matches("observatory.agent", e.uri, e.match));
    CHECK(e.durable);
    CHECK(parse("", "", false)->history.type == kind::none);
}

TEST_CASE("history config: folder, sizes, period and entries")
{
    auto const s = good(
        R"(,"cerro": {"history": {"folder": "kept/h", "max_bytes": "2GiB", "queue_bytes": "2MiB", "fsync": "none",
            "entries": [{"uri": "a.b"}, {"uri": "a.", "match": "prefix"}]}})");
    CHECK(s.history.type == kind::disk);
    CHECK(s.history.folder == "/site/kept/h");
    CHECK(s.history.max_bytes == 2ULL << 30U);
    CHECK(s.history.queue_bytes == 2U << 20U);
    CHECK(s.history.sync_period == std::nullopt);
    REQUIRE(s.history.entries.size() == 2);
    CHECK(s.history.entries[1].match == wamp::match_policy::prefix);
    CHECK(good(R"(,"cerro": {"history": {"folder": "/h", "fsync": "5s"}})").history.folder == "/h");
    CHECK(good(R"(,"cerro": {"history": {"type": "none"}})").history.type == kind::none);
}

TEST_CASE("history config: memory, ours and crossbar's store")
{
    auto const s = good(
        R"(,"cerro": {"history": {"type": "memory", "entries": [{"uri": "a.b", "limit": 7, "max_bytes": "1MiB"}]}})",
        R"(, "store": {"type": "memory", "limit": 50, "event-history": [
            {"uri": "x.y", "limit": 1000}, {"uri": "x..z", "match": "wildcard"}]})");
    CHECK(s.history.type == kind::memory);
    REQUIRE(s.history.entries.size() == 1);
    CHECK(s.history.entries[0].limit == 7);
    CHECK(s.history.entries[0].max_bytes == 1U << 20U);
    CHECK_FALSE(s.history.entries[0].durable);
    auto const& kept = s.realms.at(0).kept;
    REQUIRE(kept.size() == 2);
    CHECK(kept[0].limit == 1000);
    CHECK(kept[1].limit == 50);
    CHECK(kept[1].match == wamp::match_policy::wildcard);
    CHECK_FALSE(kept[1].durable);
    CHECK(describe(s).find("\"x..z\"") != std::string::npos);
}

TEST_CASE("history config: what is wrong is said where it stands")
{
    CHECK(trouble(R"(,"cerro": {"history": {"type": "tape"}})").find("disk, memory or none") !=
          std::string::npos);
    CHECK(trouble(R"(,"cerro": {"history": {"typ": "disk"}})").find("type") != std::string::npos);
    CHECK(trouble(R"(,"cerro": {"history": {"max_bytes": "1kB"}})").find("1MiB") != std::string::npos);
    CHECK(trouble(R"(,"cerro": {"history": {"type": "memory", "folder": "x"}})").find("disk only") !=
          std::string::npos);
    CHECK(trouble(R"(,"cerro": {"history": {"entries": [{"uri": "a.", "limit": 5}]}})").find("a.") !=
          std::string::npos);
    CHECK(
        trouble(R"(,"cerro": {"history": {"entries": [{"uri": "a.b", "limit": 5}]}})").find("memory only") !=
        std::string::npos);
    CHECK(trouble(R"(,"cerro": {"history": {"entries": [{"uri": "a.b", "match": "glob"}]}})")
              .find("wildcard") != std::string::npos);
    CHECK(trouble("", R"(, "store": {"type": "lmdb"})").find("memory") != std::string::npos);
    CHECK(trouble("", R"(, "store": {"type": "memory", "event-history": [{"uri": "a.b", "limit": 0}]})")
              .find("limit") != std::string::npos);
}
