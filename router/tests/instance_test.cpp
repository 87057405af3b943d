#include "support.hpp"
#include <cerro/app/service.hpp>
#include <cerro/transport/stream.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
namespace asio = boost::asio;

namespace {

/// What the peer says until it closes; the connection is held open by us.
std::string read_to_end(asio::io_context& io, asio::ip::tcp::socket& socket)
{
    std::string all;
    bool done = false;
    std::array<char, 4096> piece{};
    std::function<void()> again = [&] {
        socket.async_read_some(asio::buffer(piece), [&](boost::system::error_code ec, std::size_t n) {
            all.append(piece.data(), n);
            done = bool(ec);
            if (!done) {
                again();
            }
        });
    };
    again();
    CHECK(run_until(io, [&] { return done; }));
    return all;
}

}  // namespace

TEST_CASE("calls and events over RawSocket and WebSocket, with all serializers mixed")
{
    host h(site(std::string(rawsocket) + "," + web));
    std::vector<std::shared_ptr<client>> all;
    for (auto const s : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        all.push_back(h.raw(s));
        auto c = client::connect(h.io, h.url("web", "ws", "/ws"), s);
        c->join();
        all.push_back(c);
    }
    CHECK(h.router->session_count() == 6);
    for (auto const& c : all) {
        c->say("[32,1,{'match':'wildcard'},'observatory..feeds.']");
        CHECK(c->next().at(0)->as_int() == 33);
        auto const name = "observatory.p" + std::to_string(c->id);
        c->say("[64,2,{},'" + name + "']");
        CHECK(c->next().at(0)->as_int() == 65);
    }
    for (auto const& callee : all) {
        for (auto const& caller : all) {
            caller->say("[48,3,{},'observatory.p" + std::to_string(callee->id) + "',[1,'x'],{'k':[true]}]");
            auto const m = callee->next();
            REQUIRE(m.at(0)->as_int() == 68);
            CHECK(*m.at(4) == value(list{1, "x"}));
            callee->say("[70," + std::to_string(m.at(1)->as_uint().value()) + ",{},[2.5]]");
            CHECK(*caller->next().at(3) == value(list{2.5}));
        }
    }
    all.front()->say("[16,4,{'exclude_me':false},'observatory.x.feeds.hk',['" + std::string(100'000, 'y') +
                     "']]");
    for (auto const& c : all) {
        auto const m = c->next();
        CHECK(m.at(4)->at(0)->as_text()->size() == 100'000);
        CHECK(*m.at(3)->find("topic") == value("observatory.x.feeds.hk"));
    }
}

TEST_CASE("TLS and Unix sockets")
{
    auto const dir = std::filesystem::temp_directory_path() / ("router-test-" + std::to_string(getpid()));
    std::filesystem::create_directories(dir);
    std::string const data = CERRO_TEST_DATA "/transport/";
    {
        host h(site(
            "{'type':'websocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1','tls':{'key':'" +
            data + "server.key','certificate':'" + data +
            "server.pem'}},'auth':{'anonymous':{'type':'static','role':'agent'}}},"
            "{'type':'rawsocket','endpoint':{'type':'unix','path':'" +
            (dir / "socket").string() + "'},'auth':{'anonymous':{'type':'static','role':'agent'}}}"));
        transport::connect_options o;
        o.url = h.url("websocket", "wss");
        o.tls.ca_file = data + "server.pem";
        auto secure = client::connect(h.io, o);
        secure->join();
        auto local = client::connect(h.io, "rs+unix:" + (dir / "socket").string());
        local->join();
        local->say("[64,1,{},'observatory.x']");
        local->next();
        secure->say("[48,1,{},'observatory.x']");
        CHECK(local->next().at(0)->as_int() == 68);
    }
    std::filesystem::remove_all(dir);
}

TEST_CASE("WAMP-CRA over a socket")
{
    host h(site(
        "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'auth':{'wampcra':{"
        "'type':'static','users':{'joe':{'secret':'s','role':'agent'}}}}}"));
    auto c = client::connect(h.io, h.url("rawsocket", "rs"));
    c->say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['wampcra'],'authid':'joe'}]");
    auto const challenge = c->next();
    REQUIRE(challenge.at(0)->as_int() == 4);
    c->say("[5,'wrong',{}]");
    CHECK(*c->next().at(2) == value("wamp.error.not_authorized"));
    CHECK(c->wait_closed());
}

TEST_CASE("/call: results, errors, a callee that goes")
{
    host h(site(std::string(rawsocket) + "," + web));
    auto callee = h.raw(codec::serializer::cbor);
    callee->say("[64,1,{},'observatory.x']");
    callee->next();

    auto const none = h.fetch("POST", "/call", R"({"procedure":"observatory.none"})");
    CHECK(none.status == 200);
    CHECK(
        none.body ==
        R"({"error":"wamp.error.no_such_procedure","args":["no callee registered for procedure <observatory.none>"],"kwargs":{}})");
    auto const denied = h.fetch("PUT", "/call", R"({"procedure":"other.x"})");
    CHECK(
        denied.body.find(
            R"(authid=\"None\", authrole=\"controller\") is not authorized to call procedure \"other.x\")") !=
        std::string::npos);
    CHECK(h.fetch("POST", "/call", R"({"procedure":"bad uri#"})").status == 500);
    CHECK(h.fetch("GET", "/call", "").status == 405);
    CHECK(h.fetch("GET", "/nothing", "").status == 404);
    CHECK_THAT(h.fetch("GET", "/ws", "").body, Catch::Contains("wamp.2.json"));
    CHECK(h.fetch("GET", "/old", "").status == 302);

    std::optional<http::response> answer;
    auto const post = [&](std::string body) {
        answer.reset();
        asio::co_spawn(h.io,
                       http::fetch("POST", h.url("web", "http", "/call"), std::move(body), {}, 5s),
                       [&](std::exception_ptr, result<http::response> r) { answer = std::move(*r); });
    };
    post(R"({"procedure":"observatory.x","args":["get_api"],"kwargs":{"k":1}})");
    auto const m = callee->next();
    CHECK(*m.at(4) == value(list{"get_api"}));
    CHECK(*m.at(5) == value(dict{{"k", 1}}));
    callee->say("[70," + std::to_string(m.at(1)->as_uint().value()) + ",{},[{'a':1.5}]]");
    REQUIRE(run_until(h.io, [&] { return answer.has_value(); }));
    CHECK(answer->status == 200);
    CHECK(answer->body == R"({"args":[{"a":1.5}]})");

    post(R"({"procedure":"observatory.x"})");
    callee->next();
    callee->cut();
    REQUIRE(run_until(h.io, [&] { return answer.has_value(); }));
    CHECK(
        answer->body ==
        R"({"error":"wamp.error.canceled","args":["callee disconnected from in-flight request"],"kwargs":{}})");
}

TEST_CASE("/call: an HTTP client that goes away cancels its call")
{
    host h(site(std::string(rawsocket) + "," + web));
    auto callee = client::connect(h.io, h.url("rawsocket", "rs"));
    callee->say("[1,'realm1',{'roles':{'callee':{'features':{'call_canceling':true}}}}]");
    callee->next();
    callee->say("[64,1,{},'observatory.x']");
    callee->next();
    asio::ip::tcp::socket socket(h.io);
    socket.connect({asio::ip::address_v4::loopback(), h.router->port("web")});
    std::string const body = R"({"procedure":"observatory.x"})";
    asio::write(socket,
                asio::buffer("POST /call HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n\r\n" + body));
    CHECK(callee->next().at(0)->as_int() == 68);
    socket.close();
    CHECK(callee->next().at(0)->as_int() == 69);
    CHECK(h.metrics.text().find("cerro_router_calls_open 0") != std::string::npos);
}

TEST_CASE("a subscriber that does not read is dropped, and nobody else notices")
{
    host h(
        site("{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},"
             "'auth':{'anonymous':{'type':'static','role':'agent'}}}",
             "{'limits':{'pending_bytes':'256KiB'}}"));
    auto publisher = h.raw();
    auto reader = h.raw();
    reader->say("[32,1,{},'observatory.x']");
    reader->next();

    // joins and subscribes by hand, then never reads
    asio::ip::tcp::socket stuck(h.io);
    stuck.open(asio::ip::tcp::v4());
    stuck.set_option(asio::socket_base::receive_buffer_size(4096));
    stuck.connect({asio::ip::address_v4::loopback(), h.router->port("rawsocket")});
    auto const framed = [](std::string const& text) {
        std::string out(4, '\0');
        out[2] = static_cast<char>(text.size() >> 8);
        out[3] = static_cast<char>(text.size());
        return out + quoted(text);
    };
    asio::write(
        stuck,
        asio::buffer(std::string("\x7f\xf1\0\0", 4) + framed("[1,'realm1',{'roles':{'subscriber':{}}}]") +
                     framed("[32,1,{},'observatory.x']")));
    REQUIRE(run_until(h.io, [&] { return h.router->session_count() == 3; }));

    std::size_t published = 0;
    std::size_t received = 0;
    std::string const event = "[16,1,{},'observatory.x',['" + std::string(50'000, 'x') + "']]";
    while (h.router->session_count() == 3 && published < 1000) {
        publisher->say(event);
        ++published;
        REQUIRE(run_until(h.io, [&] { return !reader->inbox.empty(); }));
        received += reader->inbox.size();
        reader->inbox.clear();
    }
    CHECK(h.router->session_count() == 2);
    CHECK(received == published);
    CHECK(
        h.metrics.text().find("cerro_router_connections_closed_total{reason=\"slow_consumer_pending\"} 1") !=
        std::string::npos);
}

TEST_CASE("garbage on every port ends that connection alone")
{
    host h(site(std::string(rawsocket) + "," + web,
                "{'limits':{'handshake_timeout':'200ms','hello_timeout':'200ms'}}"));
    auto witness = h.raw();
    std::vector<std::string> const rubbish{
        "",
        std::string(5000, '\0'),
        std::string(5000, '\xff'),
        "GET / HTTP/1.1\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        std::string("\x7f\xf2\0\0", 4) + std::string("\0\0\0\x04", 4) + "junk",
        std::string("\x7f\xf1\0\0", 4) + std::string("\0\xff\xff\xff", 4),
        std::string("\x7f\xf1\0\0\x07\0\0\0", 8),
        std::string("\x7f\xf9\0\0", 4),
        "POST /call HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: "
        "wamp.2.json\r\n\r\n\xff\xff\xff\xff",
    };
    for (auto const* transport : {"rawsocket", "web"}) {
        for (auto const& bytes : rubbish) {
            asio::ip::tcp::socket socket(h.io);
            socket.connect({asio::ip::address_v4::loopback(), h.router->port(transport)});
            boost::system::error_code ec;
            asio::write(socket, asio::buffer(bytes), ec);
            if (std::string_view(transport) == "rawsocket") {
                read_to_end(h.io, socket);
            } else {
                socket.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
                read_to_end(h.io, socket);
            }
        }
    }
    CHECK(h.router->session_count() == 1);
    witness->say("[48,1,{},'observatory.none']");
    CHECK(witness->next().at(0)->as_int() == 8);
}

TEST_CASE("draining says GOODBYE to all and ends when they have gone")
{
    host h(site(rawsocket, "{'drain_time':'5s'}"));
    auto a = h.raw();
    auto b = h.raw();
    bool drained = false;
    asio::co_spawn(h.io, h.router->drain(), [&](std::exception_ptr e) { drained = !e; });
    for (auto const& c : {a, b}) {
        auto const m = c->next();
        CHECK(m.at(0)->as_int() == 6);
        CHECK(*m.at(2) == value("wamp.close.system_shutdown"));
        CHECK_FALSE(drained);
        c->say("[6,{},'wamp.close.goodbye_and_out']");
    }
    CHECK(run_until(
        h.io, [&] { return drained; }, 3s));
    asio::ip::tcp::socket socket(h.io);
    boost::system::error_code ec;
    socket.connect({asio::ip::address_v4::loopback(), h.router->listeners().front().port}, ec);
    CHECK(ec);
}

TEST_CASE("a port in use is a failure that names it")
{
    host h(site(rawsocket));
    auto s =
        parse_settings(site("{'type':'rawsocket','endpoint':{'type':'tcp','interface':'127.0.0.1','port':" +
                            std::to_string(h.router->port("rawsocket")) + "}}"),
                       "c");
    metrics::registry metrics;
    CHECK_THROWS_WITH(instance::start(h.io.get_executor(), std::move(*s), metrics),
                      Catch::Contains(std::to_string(h.router->port("rawsocket"))));
}
