#include "service/admin.hpp"
#include "service/heavy_hitters.hpp"
#include "service/metrics.hpp"
#include "top/screen.hpp"
#include <cerro/router/settings.hpp>
#include <cerro/wamp/message.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace std::chrono_literals;

TEST_CASE("heavy hitters: rates of the last seconds, the greatest first")
{
    heavy_hitters h(4);
    steady_time const begin{1000s};
    for (int i = 0; i < 10; ++i) {
        h.add("often", 64, begin + i * 1s);
        h.add("rare", 1, begin + i * 1s);
    }
    auto const top = h.top(10, begin + 10s);
    REQUIRE(top.size() == 2);
    CHECK(top[0].key == "often");
    CHECK(top[0].rate == Approx(64.0));
    CHECK(top[1].rate == Approx(1.0));
    CHECK(h.top(1, begin + 10s).size() == 1);
    CHECK(h.top(10, begin + 40s).empty());
}

TEST_CASE("heavy hitters: a flood of new keys does not drive out what is used most, and memory is bounded")
{
    heavy_hitters h(16);
    steady_time const now{1000s};
    for (int i = 0; i < 10'000; ++i) {
        h.add("once." + std::to_string(i), 1, now);
        h.add("often", 1, now);
    }
    auto const top = h.top(100, now + 1s);
    CHECK(top.size() == 16);
    CHECK(top[0].key == "often");
    CHECK(top[0].rate >= 10'000);
}

TEST_CASE("heavy hitters: what was used in an earlier window fades")
{
    heavy_hitters h;
    steady_time const begin{1000s};
    h.add("old", 1000, begin);
    h.add("new", 10, begin + 11s);
    CHECK(h.top(1, begin + 12s)[0].key == "old");
    h.add("new", 10, begin + 21s);
    auto const top = h.top(5, begin + 22s);
    REQUIRE(top.size() == 1);
    CHECK(top[0].key == "new");
}

TEST_CASE("metrics: the type of a message that the router wrote is in its first octets")
{
    for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        for (auto const t :
             {wamp::message_type::welcome, wamp::message_type::error, wamp::message_type::published}) {
            wamp::message m;
            m.type = t;
            m.request = 1;
            m.id2 = 2;
            m.uri = "a.b";
            auto const frame = wamp::frame(s, m);
            CHECK(type_of(s, byte_view(*frame).substr(4)) == static_cast<std::uint8_t>(t));
        }
        wamp::message event;
        event.type = wamp::message_type::event;
        auto const frame = wamp::frame(s, event);
        CHECK(type_of(s, byte_view(*frame).substr(4)) == 36);
        CHECK(type_of(s, "") == 0);
    }
}

TEST_CASE("metrics: samples stand for all messages")
{
    metrics::registry r;
    connection_metrics m(r);
    std::uint64_t stood_for = 0;
    int samples = 0;
    for (int i = 0; i < 100'000; ++i) {
        auto const weight = m.sample(1);
        stood_for += weight;
        samples += weight != 0 ? 1 : 0;
    }
    CHECK(stood_for > 99'800);
    CHECK(samples > 1'300);
    CHECK(samples < 1'900);
}

namespace {

http::request request(std::string method,
                      std::string path,
                      std::vector<std::pair<std::string, std::string>> headers)
{
    http::request r;
    r.method = std::move(method);
    r.path = std::move(path);
    r.headers = std::move(headers);
    return r;
}

int status(admin_guard const& g, http::request const& r)
{
    std::string why;
    auto const out = g.refuses(r, why);
    CHECK((out == 0) == why.empty());
    return out;
}

}  // namespace

TEST_CASE("admin: without a token only names of this host are served, to no page of another origin")
{
    admin_guard const open{""};
    CHECK(status(open, request("GET", "/api/sessions", {{"host", "127.0.0.1:8090"}})) == 0);
    CHECK(status(open, request("GET", "/api/sessions", {{"host", "localhost"}})) == 0);
    CHECK(status(open, request("GET", "/api/sessions", {{"host", "[::1]:8090"}})) == 0);
    CHECK(status(open, request("GET", "/api/sessions", {{"host", "evil.example.net:8090"}})) == 403);
    CHECK(status(open, request("GET", "/api/sessions", {})) == 403);
    CHECK(status(open, request("DELETE", "/api/sessions/1", {{"host", "127.0.0.1:8090"}})) == 0);
    CHECK(status(open,
                 request("DELETE",
                         "/api/sessions/1",
                         {{"host", "127.0.0.1:8090"}, {"origin", "http://127.0.0.1:8090"}})) == 0);
    CHECK(status(open,
                 request("DELETE",
                         "/api/sessions/1",
                         {{"host", "127.0.0.1:8090"}, {"origin", "http://127.0.0.1:3000"}})) == 403);
    CHECK(status(open,
                 request("DELETE", "/api/sessions/1", {{"host", "127.0.0.1:8090"}, {"origin", "null"}})) ==
          403);
    CHECK(status(open,
                 request("POST",
                         "/api/sessions/1",
                         {{"host", "127.0.0.1:8090"}, {"sec-fetch-site", "cross-site"}})) == 403);
}

TEST_CASE("admin: with a token nothing but /healthz is answered without it")
{
    admin_guard const guarded{"0123456789abcdef"};
    CHECK(status(guarded, request("GET", "/healthz", {{"host", "router"}})) == 0);
    CHECK(status(guarded, request("GET", "/metrics", {{"host", "router"}})) == 401);
    CHECK(status(guarded, request("GET", "/api/sessions", {{"authorization", "Bearer 0123456789abcdeX"}})) ==
          401);
    CHECK(status(guarded, request("GET", "/api/sessions", {{"authorization", "0123456789abcdef"}})) == 401);
    CHECK(status(guarded,
                 request("GET",
                         "/api/sessions",
                         {{"host", "router"}, {"authorization", "Bearer 0123456789abcdef"}})) == 0);
    CHECK(status(guarded,
                 request("DELETE",
                         "/api/sessions/1",
                         {{"host", "router"},
                          {"authorization", "Bearer 0123456789abcdef"},
                          {"origin", "http://evil.example.net"}})) == 403);
}

TEST_CASE("configuration: an admin address other than loopback demands a token")
{
    auto const parse = [](std::string const& cerro) {
        return parse_settings(
            R"({"version":2,"workers":[{"type":"router","realms":[{"name":"r","roles":[]}],"transports":[
               {"type":"rawsocket","endpoint":{"type":"tcp","port":0,"interface":"127.0.0.1"}}]}],"cerro":)" +
                cerro + "}",
            "config.json",
            {"/etc/cerro", false});
    };
    CHECK_FALSE(parse(R"({"admin":{"address":"0.0.0.0","port":8090}})").has_value());
    CHECK_FALSE(parse(R"({"admin":{}})").has_value());
    CHECK_FALSE(parse(R"({"admin":{"port":8090,"tokn_file":"x"}})").has_value());
    auto const s = parse(R"({"admin":{"address":"0.0.0.0","port":8090,"token_file":"token"},
                             "access_log":{"path":"access.log","rate":"none","http":false}})");
    REQUIRE(s.has_value());
    CHECK(s->admin->token_file == "/etc/cerro/token");
    CHECK(s->access_log->path == "/etc/cerro/access.log");
    CHECK(s->access_log->rate == 0);
    CHECK_FALSE(s->access_log->http);
    CHECK(describe(*s).find("\"rate\": \"none\"") != std::string::npos);
    CHECK_FALSE(parse(R"({"access_log":{"rate":0}})").has_value());
}

TEST_CASE("top: numbers and times are short")
{
    CHECK(top::short_number(0) == "0");
    CHECK(top::short_number(7) == "7");
    CHECK(top::short_number(2.5) == "2.50");
    CHECK(top::short_number(999) == "999");
    CHECK(top::short_number(1234567) == "1.23M");
    CHECK(top::short_time(0.000123) == "123us");
    CHECK(top::short_time(0.0025) == "2.50ms");
    CHECK(top::short_time(61) == "61s");
    CHECK(top::short_time(7200) == "2h");
}

TEST_CASE("top: rates come from two readings; names of clients cannot move the cursor; lines fit the window")
{
    auto const page = [](std::uint64_t in) {
        return dict{
            {"version", "1"},
            {"health", "ok"},
            {"messages_in", in},
            {"closed", dict{{"goodbye", 3}}},
            {"slow",
             list{dict{
                 {"session", 17}, {"authid", "\033[2Jevil"}, {"peer", "x"}, {"pending_bytes", 2'000'000}}}},
            {"topics",
             list{dict{{"uri",
                        "a\xc2\x9b"
                        "b"},
                       {"realm", "r"},
                       {"rate", 12.0}}}}};
    };
    auto const lines = top::lines(page(3000), page(1000), 2.0, {});
    std::string all;
    for (auto const& line : lines) {
        CHECK(line.size() <= 80);
        all += line + "\n";
    }
    CHECK(lines.size() <= 24);
    CHECK(all.find("messages/s in 1k") != std::string::npos);
    CHECK(all.find("ended: goodbye 3") != std::string::npos);
    CHECK(all.find("2MB") != std::string::npos);
    CHECK(all.find('\033') == std::string::npos);
    CHECK(all.find("\xc2\x9b") == std::string::npos);
    CHECK(top::lines(page(1), {}, 0, {20, 3}).size() == 3);
    CHECK(top::lines({}, {}, 0, {}).size() >= 2);
}
