#include "support.hpp"
#include <cerro/router/ending.hpp>
#include <cerro/testing/process.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
using cerro::testing::temp_dir;
namespace asio = boost::asio;

namespace {

constexpr auto admin_only = "{'admin':{'port':0}}";

http::response ask(host& h,
                   std::string method,
                   std::string const& path,
                   std::vector<std::pair<std::string, std::string>> headers = {})
{
    auto r =
        run(h.io, http::fetch(std::move(method), h.url("admin", "http", path), "", std::move(headers), 5s));
    if (!r) {
        FAIL(r.error().what);
    }
    return std::move(*r);
}

value page(host& h, std::string const& path)
{
    auto const r = ask(h, "GET", path);
    INFO(r.body);
    REQUIRE(r.status == 200);
    auto v = codec::decode(codec::serializer::json, r.body);
    REQUIRE(v.has_value());
    return std::move(*v);
}

/// A line of /metrics, or -1.
double metric(host& h, std::string const& series)
{
    auto const text = "\n" + h.metrics.text();
    auto const at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1.0 : std::stod(text.substr(at + series.size() + 2));
}

double ended(host& h, std::string const& reason)
{
    return metric(h, "cerro_router_connections_closed_total{reason=\"" + reason + "\"}");
}

/// accepted = open + ended, summed over all reasons
bool balanced(host& h)
{
    double closed = 0;
    for (std::size_t i = 1; i < ending_count; ++i) {
        closed += ended(h, std::string(name(static_cast<ending>(i))));
    }
    return metric(h, "cerro_router_connections_opened_total") ==
           metric(h, "cerro_router_connections") + closed;
}

std::shared_ptr<client> connect(host& h)
{
    return client::connect(h.io, h.url("rawsocket", "rs"));
}

/// The connection ended for that reason: in the metric, and last in the admin API's log.
void check_reason(host& h, std::string const& reason)
{
    REQUIRE(run_until(h.io, [&] { return metric(h, "cerro_router_connections") == 0; }));
    CHECK(ended(h, reason) == 1);
    auto const last = page(h, "/api/closed?limit=1");
    CHECK(*last.find("closed")->at(0)->find("reason")->as_text() == reason);
    CHECK(balanced(h));
}

std::vector<value> lines_of(std::string const& file)
{
    std::ifstream in(file);
    std::vector<value> out;
    for (std::string line; std::getline(in, line);) {
        auto v = codec::decode(codec::serializer::json, line);
        REQUIRE(v.has_value());
        out.push_back(std::move(*v));
    }
    return out;
}

}  // namespace

TEST_CASE("each limit of a connection ends it with its reason in metric and admin API")
{
    SECTION("hello_timeout")
    {
        host h(site(rawsocket, "{'admin':{'port':0},'limits':{'hello_timeout':'50ms'}}"));
        auto c = connect(h);
        CHECK(c->wait_closed());
        check_reason(h, "hello_timeout");
    }
    SECTION("auth_timeout, auth_failures")
    {
        host h(
            site("{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'auth':{'"
                 "ticket':{"
                 "'type':'static','principals':{'joe':{'ticket':'right','role':'agent'}}}}}",
                 "{'admin':{'port':0},'limits':{'auth_timeout':'50ms','auth_failures':1}}"));
        auto const hello = [&] {
            auto c = connect(h);
            c->say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['ticket'],'authid':'joe'}]");
            c->next();
            return c;
        };
        CHECK(hello()->wait_closed());
        check_reason(h, "auth_timeout");
        auto guesser = hello();
        guesser->say("[5,'wrong',{}]");
        CHECK(guesser->wait_closed());
        check_reason(h, "auth_failed");
        CHECK(hello()->wait_closed());
        check_reason(h, "auth_refused");
    }
    SECTION("goodbye_timeout")
    {
        host h(site(rawsocket, "{'admin':{'port':0},'limits':{'goodbye_timeout':'50ms'}}"));
        auto c = connect(h);
        c->join();
        CHECK(ask(h, "DELETE", "/api/sessions/" + std::to_string(c->id)).status == 200);
        CHECK(c->wait_closed());
        check_reason(h, "goodbye_timeout");
    }
    SECTION("max_message")
    {
        host h(site(rawsocket, "{'admin':{'port':0},'limits':{'max_message':'1KiB'}}"));
        asio::ip::tcp::socket socket(h.io);
        socket.connect({asio::ip::address_v4::loopback(), h.router->port("rawsocket")});
        asio::write(socket, asio::buffer(std::string("\x7f\xf1\0\0", 4)));
        asio::write(socket, asio::buffer(std::string("\0\xff\xff\xff", 4)));
        REQUIRE(run_until(h.io, [&] { return ended(h, "message_too_big") == 1; }));
        check_reason(h, "message_too_big");
    }
    SECTION("pending_bytes")
    {
        host h(site(rawsocket, "{'admin':{'port':0},'limits':{'pending_bytes':'64KiB'}}"));
        auto publisher = connect(h);
        publisher->join();
        // A subscriber that reads nothing at all.
        asio::ip::tcp::socket socket(h.io, asio::ip::tcp::v4());
        socket.set_option(asio::socket_base::receive_buffer_size(4096));
        socket.connect({asio::ip::address_v4::loopback(), h.router->port("rawsocket")});
        auto const frame = [&](std::string text) {
            text = quoted(std::move(text));
            asio::write(socket, asio::buffer(std::string{0, 0, 0, static_cast<char>(text.size())} + text));
        };
        asio::write(socket, asio::buffer(std::string("\x7f\xf1\0\0", 4)));
        frame("[1,'realm1',{'roles':{'subscriber':{}}}]");
        frame("[32,1,{},'observatory.x']");
        REQUIRE(run_until(h.io, [&] { return page(h, "/api/subscriptions").find("total")->as_int() == 1; }));
        std::string const event = "[16,1,{},'observatory.x',['" + std::string(32'768, 'x') + "']]";
        REQUIRE(run_until(h.io, [&] {
            publisher->say(event);
            return ended(h, "slow_consumer_pending") == 1;
        }));
        auto const last = page(h, "/api/closed?reason=slow_consumer_pending");
        CHECK(last.find("total")->as_int() == 1);
        CHECK(balanced(h));
    }
    SECTION("ping_timeout")
    {
        host h(
            site(rawsocket, "{'admin':{'port':0},'limits':{'ping_interval':'20ms','ping_timeout':'60ms'}}"));
        asio::ip::tcp::socket socket(h.io);
        socket.connect({asio::ip::address_v4::loopback(), h.router->port("rawsocket")});
        asio::write(socket, asio::buffer(std::string("\x7f\xf1\0\0", 4)));
        asio::write(socket, asio::buffer(std::string("\x01\0\0\0", 4)));  // a ping: it knows pings
        REQUIRE(run_until(h.io, [&] { return ended(h, "ping_timeout") == 1; }));
        check_reason(h, "ping_timeout");
    }
    SECTION("peers that end in order or in disorder")
    {
        host h(site(rawsocket, admin_only));
        auto c = connect(h);
        c->join().say("[6,{},'wamp.close.close_realm']");
        CHECK(c->wait_closed());
        check_reason(h, "goodbye");
        c = connect(h);
        c->say("[1,'nowhere',{}]");
        CHECK(c->wait_closed());
        check_reason(h, "no_such_realm");
        c = connect(h);
        c->join().say("[2,1,{}]");
        CHECK(c->wait_closed());
        check_reason(h, "protocol_violation");
        connect(h)->cut();
        check_reason(h, "closed_by_peer");
    }
}

TEST_CASE("limits of a session refuse the request, counted by name; the admin API lists them")
{
    host h(site(
        rawsocket,
        "{'admin':{'port':0},'limits':{'max_subscriptions':1,'max_registrations':1,'max_calls_open':1}}"));
    auto c = connect(h);
    c->join();
    auto const error = [&](std::string const& text) {
        c->say(text);
        auto m = c->next();
        CHECK(m.at(0)->as_int() == 8);
    };
    c->say("[32,1,{},'observatory.a']");
    c->next();
    error("[32,2,{},'observatory.b']");
    c->say("[64,3,{},'observatory.p']");
    c->next();
    error("[64,4,{},'observatory.q']");
    c->say("[48,5,{},'observatory.p']");
    CHECK(c->next().at(0)->as_int() == 68);
    error("[48,6,{},'observatory.p']");
    for (auto const* const limit : {"max_subscriptions", "max_registrations", "max_calls_open"}) {
        CHECK(metric(h, "cerro_router_limits_reached_total{limit=\"" + std::string(limit) + "\"}") == 1);
    }
    auto const all = page(h, "/api/limits");
    int found = 0;
    for (auto const& row : *all.find("limits")->as_list()) {
        if (*row.find("name") == value("max_calls_open")) {
            ++found;
            CHECK(row.find("value")->as_int() == 1);
            CHECK(row.find("reached")->as_int() == 1);
        }
    }
    CHECK(found == 1);
}

TEST_CASE("admin API: sessions are listed, filtered, shown, and killed")
{
    host h(site(rawsocket, admin_only));
    auto a = h.raw();
    auto b = h.raw(codec::serializer::json);
    b->say("[32,1,{},'observatory.t']");
    b->next();
    b->say("[64,2,{},'observatory.p']");
    b->next();

    CHECK(page(h, "/api/sessions").find("total")->as_int() == 2);
    auto const first = page(h, "/api/sessions?limit=1");
    CHECK(first.find("sessions")->as_list()->size() == 1);
    CHECK(page(h, "/api/sessions?limit=1&offset=1").find("sessions")->as_list()->size() == 1);
    CHECK(page(h, "/api/sessions?authrole=nobody").find("total")->as_int() == 0);
    CHECK(page(h, "/api/sessions?transport=rawsocket&realm=realm1").find("total")->as_int() == 2);

    auto const path = "/api/sessions/" + std::to_string(b->id);
    auto const one = page(h, path);
    CHECK(*one.find("serializer") == value("json"));
    CHECK(one.find("messages_in")->as_int() == 3);
    CHECK(one.find("messages_out")->as_int() == 3);
    CHECK(*one.find("subscribed")->at(0)->find("uri") == value("observatory.t"));
    CHECK(*one.find("registered")->at(0)->find("uri") == value("observatory.p"));
    CHECK(*page(h, "/api/registrations?uri=vatory.p").find("registrations")->at(0)->find("sessions")->at(0) ==
          value(b->id));
    CHECK(page(h, "/api/realms").find("realms")->at(0)->find("sessions")->as_int() == 2);
    CHECK(ask(h, "GET", "/api/sessions/abc").status == 400);
    CHECK(ask(h, "GET", "/api/sessions/1").status == 404);
    CHECK(ask(h, "POST", path).status == 405);
    CHECK(ask(h, "POST", "/api/sessions").status == 405);
    CHECK(ask(h, "DELETE", path, {{"Origin", "http://evil.example.net"}}).status == 403);
    CHECK(page(h, "/api/sessions").find("total")->as_int() == 2);

    CHECK(ask(h, "DELETE", path + "?message=enough").status == 200);
    auto const goodbye = b->next();
    CHECK(goodbye.at(0)->as_int() == 6);
    CHECK(*goodbye.at(1)->find("message") == value("enough"));
    CHECK(*goodbye.at(2) == value("wamp.close.killed"));
    b->say("[6,{},'wamp.close.goodbye_and_out']");
    CHECK(b->wait_closed());
    REQUIRE(run_until(h.io, [&] { return ended(h, "killed") == 1; }));
    CHECK(page(h, "/api/closed?reason=killed").find("closed")->at(0)->find("session")->as_uint() == b->id);
    CHECK(ask(h, "GET", "/api/config").body.find("realm1") != std::string::npos);
    CHECK(balanced(h));
}

TEST_CASE("admin API: the most used topics and procedures, messages and octets, latency of routing")
{
    host h(site(rawsocket, admin_only));
    auto c = h.raw(codec::serializer::json);
    c->say("[64,1,{},'observatory.p']");
    c->next();
    for (int i = 0; i < 400; ++i) {
        c->say("[48," + std::to_string(i + 2) + ",{},'observatory.p']");
        auto const invocation = c->next();
        c->say("[70," + std::to_string(invocation.at(1)->as_uint().value()) + ",{}]");
        c->next();
    }
    auto const used = page(h, "/api/topics");
    CHECK(*used.find("procedures")->at(0)->find("uri") == value("observatory.p"));
    CHECK(used.find("topics")->as_list()->empty());
    CHECK(metric(h, "cerro_router_messages_received_total{type=\"CALL\"}") == 400);
    CHECK(metric(h, "cerro_router_messages_sent_total{type=\"RESULT\"}") == 400);
    CHECK(metric(h, "cerro_router_messages_sent_total{type=\"WELCOME\"}") == 1);
    CHECK(metric(h, "cerro_router_bytes_received_total{transport=\"rawsocket\"}") > 400 * 20);
    CHECK(metric(h, "cerro_router_routing_seconds_count") >= 10);
    CHECK(metric(h, "cerro_router_realm_sessions{realm=\"realm1\"}") == 1);
    auto const all = page(h, "/api/overview");
    CHECK(all.find("messages_in")->as_int() == 802);
    CHECK(all.find("messages_out")->as_int() == 802);
    CHECK(*all.find("health") == value("ok"));
}

TEST_CASE("admin API: with a token_file nothing is told without the token")
{
    temp_dir const dir;
    auto const file = dir.path() / "token";
    std::ofstream(file) << "0123456789abcdef0123\n";
    host h(site(rawsocket, "{'admin':{'port':0,'token_file':'" + file.string() + "'}}"));
    CHECK(ask(h, "GET", "/api/sessions").status == 401);
    CHECK(ask(h, "GET", "/metrics").status == 401);
    CHECK(ask(h, "GET", "/healthz").status == 200);
    CHECK(ask(h, "GET", "/metrics", {{"Authorization", "Bearer 0123456789abcdef0123"}}).status == 200);
    CHECK(h.metrics.text().find("0123456789abcdef") == std::string::npos);
    CHECK(ask(h, "GET", "/api/config", {{"Authorization", "Bearer 0123456789abcdef0123"}})
              .body.find("0123456789abcdef") == std::string::npos);
}

TEST_CASE("/healthz says 503 and why while the router drains")
{
    host h(site(rawsocket, "{'admin':{'port':0},'drain_time':'3s'}"));
    CHECK(ask(h, "GET", "/healthz").status == 200);
    auto c = h.raw(codec::serializer::json);
    bool drained = false;
    asio::co_spawn(h.io, h.router->drain(), [&](std::exception_ptr e) { drained = !e; });
    CHECK(c->next().at(0)->as_int() == 6);
    auto const r = ask(h, "GET", "/healthz");
    CHECK(r.status == 503);
    CHECK(r.body.find("shutting down") != std::string::npos);
    c->cut();
    CHECK(run_until(h.io, [&] { return drained; }));
    CHECK(ended(h, "shutdown") == 1);
}

TEST_CASE(
    "access log: joins, leaves, HTTP requests and denials, one JSON object a line; opened anew on request")
{
    temp_dir const dir;
    auto const file = (dir.path() / "access.log").string();
    {
        host h(site(std::string(rawsocket) + "," + web, "{'access_log':{'path':'" + file + "'}}"));
        auto c = h.raw(codec::serializer::json);
        c->say("[32,1,{},'elsewhere.x']");
        CHECK(c->next().at(0)->as_int() == 8);
        CHECK(h.fetch("GET", "/old", "").status == 302);
        REQUIRE(run_until(h.io, [&] { return lines_of(file).size() == 3; }));
        std::filesystem::rename(file, file + ".1");
        h.router->reopen_logs();
        REQUIRE(run_until(h.io, [&] { return std::filesystem::exists(file); }));
        c->cut();
        REQUIRE(run_until(h.io, [&] { return lines_of(file).size() == 1; }));
        CHECK(metric(h, "cerro_router_denied_total{type=\"SUBSCRIBE\"}") == 1);
    }
    auto const before = lines_of(file + ".1");
    CHECK(*before[0].find("event") == value("join"));
    CHECK(*before[0].find("authrole") == value("agent"));
    CHECK(*before[1].find("event") == value("denied"));
    CHECK(*before[1].find("request") == value("SUBSCRIBE"));
    CHECK(*before[2].find("event") == value("http"));
    CHECK(*before[2].find("path") == value("/old"));
    CHECK(before[2].find("status")->as_int() == 302);
    auto const after = lines_of(file);
    CHECK(*after[0].find("event") == value("leave"));
    CHECK(*after[0].find("reason") == value("closed_by_peer"));
}

TEST_CASE("access log: lines above the rate are left out, counted and told of")
{
    temp_dir const dir;
    auto const file = (dir.path() / "access.log").string();
    host h(site(rawsocket, "{'access_log':{'path':'" + file + "','rate':2}}"));
    for (int i = 0; i < 5; ++i) {
        auto c = h.raw();
        c->cut();
        c->wait_closed();
    }
    REQUIRE(run_until(h.io, [&] { return metric(h, "cerro_router_connections") == 0; }));
    CHECK(metric(h, "cerro_router_access_log_dropped_total{reason=\"rate\"}") >= 4);
    REQUIRE(run_until(h.io, [&] {
        auto c = h.raw();
        c->cut();
        c->wait_closed();
        auto const lines = lines_of(file);
        return std::any_of(lines.begin(), lines.end(), [](value const& v) {
            return *v.find("event") == value("suppressed");
        });
    }));
}
