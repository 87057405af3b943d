#include "support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
namespace asio = boost::asio;

namespace {

constexpr auto guarded =
    "{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{"
    "'ws':{'type':'websocket','auth':{'anonymous':{'type':'static','role':'agent'}},"
    "'options':{'allowed_origins':['http://localhost:*'],'allow_null_origin':false}},"
    "'call':{'type':'caller','realm':'realm1','role':'controller',"
    "'options':{'allowed_origins':['http://localhost:*']}}}}";

/// The status line's number in the answer to a WebSocket upgrade with these header lines.
std::string upgrade(host& h, std::string const& headers)
{
    asio::ip::tcp::socket socket(h.io);
    socket.connect({asio::ip::address_v4::loopback(), h.router->port("web")});
    asio::write(socket,
                asio::buffer("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                             "Sec-WebSocket-Protocol: wamp.2.json\r\n" +
                             headers + "\r\n"));
    std::string answer(12, '\0');
    bool done = false;
    asio::async_read(
        socket, asio::buffer(answer), [&](boost::system::error_code, std::size_t) { done = true; });
    REQUIRE(run_until(h.io, [&] { return done; }));
    return answer.substr(9);
}

struct posted {
    posted(host& h, std::string body)
    {
        asio::co_spawn(h.io,
                       http::fetch("POST", h.url("web", "http", "/call"), std::move(body), {}, 5s),
                       [this](std::exception_ptr, result<http::response> r) { answer = std::move(r); });
    }
    std::optional<result<http::response>> answer;
};

}  // namespace

TEST_CASE("WebSocket upgrades of pages that are not in allowed_origins get 403")
{
    host h(site(guarded));
    CHECK(upgrade(h, "Origin: http://localhost:3000\r\n") == "101");
    CHECK(upgrade(h, "") == "101");
    CHECK(upgrade(h, "Origin: http://evil.example.net\r\n") == "403");
    CHECK(upgrade(h, "Origin: null\r\n") == "403");
    CHECK(upgrade(h, "Origin: http://localhost\r\nOrigin: http://evil.example.net\r\n") == "403");
    CHECK(h.metrics.text().find("cerro_router_handshakes_failed_total 3") != std::string::npos);
}

TEST_CASE("/call: a page that is not in allowed_origins gets 403 and no permission to read it")
{
    host h(site(guarded));
    auto const body = R"({"procedure":"observatory.none"})";
    auto const denied = h.fetch("POST", "/call", body, {{"Origin", "http://evil.example.net"}});
    CHECK(denied.status == 403);
    for (auto const& [key, v] : denied.headers) {
        CHECK(key != "access-control-allow-origin");
    }
    CHECK(h.fetch("OPTIONS", "/call", "", {{"Origin", "http://evil.example.net"}}).status == 403);
    CHECK(h.fetch("POST", "/call", body, {{"Origin", "null"}}).status == 403);
    CHECK(h.fetch("POST", "/call", body, {{"Origin", "http://localhost:1"}}).status == 200);
    CHECK(h.fetch("POST", "/call", body).status == 200);

    host open(site(web));
    CHECK(open.fetch("POST", "/call", body, {{"Origin", "http://evil.example.net"}}).status == 200);
}

TEST_CASE("open /call requests are answered when the router drains")
{
    host h(site(std::string(rawsocket) + "," + web, "{'drain_time':'3s'}"));
    auto callee = h.raw(codec::serializer::json);
    callee->say("[64,1,{},'observatory.x']");
    callee->next();
    posted const call(h, R"({"procedure":"observatory.x"})");
    CHECK(callee->next().at(0)->as_int() == 68);

    bool drained = false;
    asio::co_spawn(h.io, h.router->drain(), [&](std::exception_ptr e) { drained = !e; });
    callee->cut();
    REQUIRE(run_until(h.io, [&] { return call.answer.has_value() && drained; }));
    if (!*call.answer) {
        FAIL(call.answer->error().what);
    }
    CHECK((*call.answer)->status == 200);
    CHECK((*call.answer)->body.find("the router is shutting down") != std::string::npos);
}

TEST_CASE("sessions are counted right while the router drains")
{
    host h(site(std::string(rawsocket) + "," + web, "{'drain_time':'3s'}"));
    CHECK(h.router->session_count() == 0);
    auto c = h.raw(codec::serializer::json);
    CHECK(h.router->session_count() == 1);
    bool drained = false;
    asio::co_spawn(h.io, h.router->drain(), [&](std::exception_ptr e) { drained = !e; });
    CHECK(c->next().at(0)->as_int() == 6);
    CHECK(h.router->session_count() == 0);
    CHECK(h.metrics.text().find("cerro_router_sessions 0\n") != std::string::npos);
    c->cut();
    CHECK(run_until(h.io, [&] { return drained; }));
    CHECK(h.router->session_count() == 0);
}

TEST_CASE("a connection that never says HELLO is ended in time")
{
    host h(site(rawsocket, "{'limits':{'hello_timeout':'100ms'}}"));
    auto c = client::connect(h.io, h.url("rawsocket", "rs"));
    CHECK(*c->next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(c->wait_closed());
}

TEST_CASE("guessing tickets over a socket is stopped for that address")
{
    host h(site(
        "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'auth':{'ticket':{"
        "'type':'static','principals':{'joe':{'ticket':'right','role':'agent'}}}}}",
        "{'limits':{'auth_failures':3}}"));
    auto const hello = [&] {
        auto c = client::connect(h.io, h.url("rawsocket", "rs"));
        c->say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['ticket'],'authid':'joe'}]");
        return c;
    };
    for (int i = 0; i < 3; ++i) {
        auto c = hello();
        CHECK(c->next().at(0)->as_int() == 4);
        c->say("[5,'wrong',{}]");
        CHECK(c->next().at(0)->as_int() == 3);
    }
    auto const m = hello()->next();
    CHECK(m.at(0)->as_int() == 3);
    CHECK(m.at(1)->find("message")->as_text()->find("too many failed log-ins") == 0);
    CHECK(h.metrics.text().find("cerro_router_auth_failures_total 3") != std::string::npos);
}
