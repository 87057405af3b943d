// The server over real sockets, with clients that behave and clients that do not.

#include <cerro/http/client.hpp>
#include <cerro/testing/loop.hpp>
#include <cerro/testing/process.hpp>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <catch2/catch.hpp>

#include <random>

using namespace cerro;
using namespace std::chrono_literals;
using http::request;
using http::response;
namespace asio = boost::asio;

namespace {

using headers = std::vector<std::pair<std::string, std::string>>;

asio::awaitable<response> echo(request r)
{
    response reply = response::text(r.method + " " + r.path + " " + r.body);
    reply.headers.emplace_back("X-Query", r.query);
    co_return reply;
}

asio::awaitable<response> fail_always(request)
{
    throw std::runtime_error("a secret of the server");
    co_return response();
}

/// Waits for a year, and says how that ended.
asio::awaitable<response> wait_long(asio::io_context* io, std::string* end, request)
{
    *end = "waiting";
    asio::steady_timer timer(*io, 24h * 365);
    try {
        co_await timer.async_wait(asio::use_awaitable);
    } catch (boost::system::system_error const& e) {
        *end = e.code() == asio::error::operation_aborted ? "cancelled" : e.what();
        throw;
    }
    co_return response();
}

asio::awaitable<response> after(asio::io_context* io, std::chrono::milliseconds time, request r)
{
    asio::steady_timer timer(*io, time);
    co_await timer.async_wait(asio::use_awaitable);
    co_return response::text(r.path);
}

http::server_limits short_limits()
{
    http::server_limits l;
    l.max_head = 2048;
    l.max_body = 4096;
    l.head_timeout = 300ms;
    l.idle_timeout = 600ms;
    return l;
}

struct site {
    explicit site(http::server_limits l = {}) : server(http::server::create(io.get_executor(), "test", l))
    {
        server->route("*", "/echo", echo);
        server->route("POST", "/post", echo);
        server->route("GET", "/fail", fail_always);
        server->route("GET", "/wait", [this](request r) { return wait_long(&io, &wait_end, std::move(r)); });
        server->route("GET", "/slow/", [this](request r) { return after(&io, 50ms, std::move(r)); });
        server->route("GET", "/large", [](request) -> asio::awaitable<response> {
            co_return response::text(std::string(20'000, 'x'));
        });
        port = server->listen({});
    }

    [[nodiscard]] std::string url(std::string const& path) const
    {
        return "http://127.0.0.1:" + std::to_string(port) + path;
    }

    result<response> try_fetch(std::string method, std::string path, bytes body = {}, headers h = {})
    {
        return testing::run(io,
                            http::fetch(std::move(method), url(path), std::move(body), std::move(h), 10s));
    }

    response fetch(std::string method, std::string path, bytes body = {}, headers h = {})
    {
        return try_fetch(std::move(method), std::move(path), std::move(body), std::move(h)).value();
    }

    std::shared_ptr<transport::stream> connect()
    {
        auto const made = testing::run(io, transport::connect_stream("127.0.0.1", port, std::nullopt, 5s));
        return made.value();
    }

    static asio::awaitable<std::string> converse(std::shared_ptr<transport::stream> s,
                                                 std::string sent,
                                                 std::string until,
                                                 std::size_t piece)
    {
        for (std::size_t at = 0; at < sent.size(); at += piece) {
            std::string const part = sent.substr(at, piece);
            auto const written = co_await s->write(part, 5s);
            if (!written) {
                break;  // refused before all was sent: the answer tells why
            }
        }
        std::string got;
        std::vector<char> buffer(4096);
        std::span<char> const into(buffer);
        while (until.empty() || got.find(until) == std::string::npos) {
            auto const n = co_await s->read_some(into, 8s);
            if (!n) {
                got += n.error().code == errc::timed_out ? "<timeout>" : "<end>";
                break;
            }
            got.append(buffer.data(), *n);
        }
        co_return got;
    }

    /// Sends, and reads until `until` appears, or (if it is empty) to the end of the connection.
    std::string talk(std::shared_ptr<transport::stream> s,
                     std::string sent,
                     std::string until = {},
                     std::size_t piece = 1U << 20U)
    {
        return testing::run(io, converse(std::move(s), std::move(sent), std::move(until), piece));
    }
    std::string talk(std::string sent, std::string until = {}, std::size_t piece = 1U << 20U)
    {
        return talk(connect(), std::move(sent), std::move(until), piece);
    }

    asio::io_context io{1};
    std::string wait_end;
    std::shared_ptr<http::server> server;
    std::uint16_t port = 0;
};

/// Answers the first request with `text`, byte by byte, and closes.
asio::awaitable<void> answer_slowly(std::shared_ptr<transport::stream> s, std::string text)
{
    std::vector<char> buffer(4096);
    std::span<char> const into(buffer);
    co_await s->read_some(into, 5s);
    asio::steady_timer pause(s->get_executor());
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string_view const one(text.data() + i, 1);
        co_await s->write(one, 5s);
        pause.expires_after(200us);  // so that each arrives alone
        co_await pause.async_wait(asio::use_awaitable);
    }
    s->close();
}

std::string status_line(std::string const& answer)
{
    return answer.substr(0, answer.find("\r\n"));
}

std::size_t count(std::string const& text, std::string const& what)
{
    std::size_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++n;
    }
    return n;
}

}  // namespace

TEST_CASE("http server: method, path, query and body reach the handler")
{
    site s;
    auto const r = s.fetch("POST", "/echo?a=b%20c", "body");
    CHECK(r.status == 200);
    CHECK(r.body == "POST /echo body");
    CHECK(std::find(r.headers.begin(),
                    r.headers.end(),
                    std::make_pair(std::string("x-query"), std::string("a=b%20c"))) != r.headers.end());
}

TEST_CASE("http server: unknown paths, methods and traversals are refused as JSON")
{
    site s;
    CHECK(s.fetch("GET", "/nothing").status == 404);
    CHECK(s.fetch("GET", "/nothing").body ==
          R"({"error":"Not Found","message":"there is nothing at /nothing"})");
    CHECK(s.fetch("GET", "/post").status == 405);
    CHECK(s.fetch("GET", "/slow/../echo").status == 404);
    CHECK(s.fetch("GET", "/slow/%2e%2e/echo").status == 404);
    CHECK(status_line(s.talk("GET /%zz HTTP/1.1\r\n\r\n")) == "HTTP/1.1 400 Bad Request");
}

TEST_CASE("http server: a handler's exception is a 500 that tells the client nothing")
{
    site s;
    auto const r = s.fetch("GET", "/fail");
    CHECK(r.status == 500);
    CHECK(r.body.find("secret") == std::string::npos);
}

TEST_CASE("http server: HEAD answers with the length alone")
{
    site s;
    auto const r = s.fetch("HEAD", "/large");
    CHECK(r.status == 200);
    CHECK(r.body.empty());
}

TEST_CASE("http server: one connection serves many requests, pipelined ones in order")
{
    site s;
    auto const c = s.connect();
    std::string const one = s.talk(c, "GET /slow/first HTTP/1.1\r\n\r\n", "/slow/first");
    CHECK(status_line(one) == "HTTP/1.1 200 OK");
    std::string const all = s.talk(c,
                                   "GET /slow/1 HTTP/1.1\r\n\r\nGET /echo HTTP/1.1\r\n\r\n"
                                   "POST /echo HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET /slow/4 "
                                   "HTTP/1.1\r\nConnection: close\r\n\r\n");
    CHECK(count(all, "HTTP/1.1 200 OK") == 4);
    CHECK(all.find("/slow/1") < all.find("GET /echo"));
    CHECK(all.find("GET /echo") < all.find("POST /echo ab"));
    CHECK(all.find("POST /echo ab") < all.find("/slow/4"));
    CHECK(all.find("Connection: close") != std::string::npos);
    CHECK(all.find("<end>") != std::string::npos);
}

TEST_CASE("http server: HTTP/1.0 closes unless it asks to stay")
{
    site s;
    CHECK(s.talk("GET /echo HTTP/1.0\r\n\r\n").find("<end>") != std::string::npos);
    CHECK(s.talk("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /echo")
              .find("Connection: keep-alive") != std::string::npos);
}

TEST_CASE("http server: a request sent byte by byte is understood")
{
    site s;
    std::string const answer =
        s.talk("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "abc", 1);
    CHECK(status_line(answer) == "HTTP/1.1 200 OK");
}

TEST_CASE("http server: Expect is answered before the body, a body too long is refused at once")
{
    site s(short_limits());
    auto const c = s.connect();
    CHECK(s.talk(c, "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "\r\n\r\n") ==
          "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(status_line(s.talk(c, "abc", "POST /echo abc")) == "HTTP/1.1 200 OK");
    std::string const refused =
        s.talk("POST /echo HTTP/1.1\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
    CHECK(status_line(refused) == "HTTP/1.1 413 Payload Too Large");
}

TEST_CASE("http server: a client that sends a body too long still gets its answer")
{
    site s(short_limits());
    CHECK(s.fetch("POST", "/echo", std::string(3'000'000, 'x')).status == 413);
    CHECK(s.fetch("POST", "/echo", std::string(4096, 'x')).status == 200);
}

TEST_CASE("http server: heads that are too long, do not come in time, or are garbage")
{
    site s(short_limits());
    CHECK(status_line(s.talk("GET / HTTP/1.1\r\nX: " + std::string(3000, 'x') + "\r\n\r\n")) ==
          "HTTP/1.1 431 Request Header Fields Too Large");
    CHECK(status_line(s.talk("\x16\x03\x01\x02nonsense\r\n\r\n")) == "HTTP/1.1 400 Bad Request");
    CHECK(status_line(s.talk("GET /echo HTTP/1.1\r\nX: ")) == "HTTP/1.1 408 Request Timeout");
    CHECK(status_line(s.talk("POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\na")) ==
          "HTTP/1.1 408 Request Timeout");
    CHECK(s.talk("") == "<end>");  // says nothing at all
}

TEST_CASE("http server: a head that trickles is cut by the deadline for the whole head")
{
    site s(short_limits());
    auto const c = s.connect();
    auto const began = std::chrono::steady_clock::now();
    bool refused = false;
    while (!refused && std::chrono::steady_clock::now() - began < 8s) {
        refused = s.talk(c, "X", "x", 1).find("408") != std::string::npos;
    }
    CHECK(refused);
    CHECK(std::chrono::steady_clock::now() - began < 5s);
}

TEST_CASE("http server: an idle connection is closed without a word")
{
    site s(short_limits());
    auto const c = s.connect();
    s.talk(c, "GET /echo HTTP/1.1\r\n\r\n", "GET /echo");
    CHECK(s.talk(c, "") == "<end>");
}

TEST_CASE("http server: when the client leaves, its handler is cancelled")
{
    site s;
    auto const c = s.connect();
    testing::run(s.io, c->write("GET /wait HTTP/1.1\r\n\r\n", 5s));
    REQUIRE(testing::run_until(s.io, [&] { return s.wait_end == "waiting"; }));
    c->close();
    CHECK(testing::run_until(s.io, [&] { return s.wait_end == "cancelled"; }));
    CHECK(s.fetch("GET", "/echo").status == 200);
}

TEST_CASE("http server: stop() closes connections and cancels handlers")
{
    site s;
    auto const c = s.connect();
    testing::run(s.io, c->write("GET /wait HTTP/1.1\r\n\r\n", 5s));
    REQUIRE(testing::run_until(s.io, [&] { return s.wait_end == "waiting"; }));
    s.server->stop();
    CHECK(testing::run_until(s.io, [&] { return s.wait_end == "cancelled"; }));
    CHECK_FALSE(s.try_fetch("GET", "/echo").has_value());
}

TEST_CASE("http server: a server that goes while handlers wait leaves nothing behind")
{
    site s;
    auto const c = s.connect();
    testing::run(s.io, c->write("GET /wait HTTP/1.1\r\n\r\n", 5s));
    REQUIRE(testing::run_until(s.io, [&] { return s.wait_end == "waiting"; }));
    // s dies here with its loop; sanitizers would show what is wrong
    SUCCEED();
}

TEST_CASE("http server: an upgrade hands over the head as received and what came behind it")
{
    site s;
    std::shared_ptr<transport::stream> taken;
    bytes head;
    bytes rest;
    s.server->route_upgrade("/ws", [&](std::shared_ptr<transport::stream> stream, bytes h, bytes r) {
        taken = std::move(stream);
        head = std::move(h);
        rest = std::move(r);
    });
    CHECK(s.fetch("GET", "/ws").status == 426);
    std::string const asked =
        "GET /ws?x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    auto const c = s.connect();
    s.talk(c, "GET /slow/1 HTTP/1.1\r\n\r\n", "/slow/1");  // an ordinary request first
    testing::run(s.io, c->write(asked + "tail", 5s));
    REQUIRE(testing::run_until(s.io, [&] { return taken != nullptr; }));
    CHECK(head == asked);
    CHECK(rest == "tail");
    testing::run(s.io, taken->write("mine", 5s));
    CHECK(s.talk(c, "", "mine") == "mine");
    s.server->stop();  // no longer concerns the stream
    testing::run(s.io, taken->write("still", 5s));
    CHECK(s.talk(c, "", "still") == "still");
}

TEST_CASE("http server: files below a prefix")
{
    site s;
    testing::temp_dir const folder;
    testing::write_file(folder / "index.html", "<p>hello");
    s.server->route_files("/ui/", folder.path());
    CHECK(s.fetch("GET", "/ui/").body == "<p>hello");
    CHECK(s.fetch("GET", "/ui").status == 308);
    CHECK(s.fetch("GET", "/ui/%2e%2e/%2e%2e/etc/passwd").status == 404);
    CHECK(s.fetch("GET", "/ui/..%2f..%2fetc/passwd").status == 404);
    CHECK(s.fetch("GET", "/ui//etc/passwd").status == 404);
    CHECK(s.fetch("POST", "/ui/").status == 405);
}

TEST_CASE("http server: answers are compressed on request")
{
    site s;
    auto const r = s.fetch("GET", "/large", {}, {{"Accept-Encoding", "gzip"}});
    CHECK(r.body.size() < 1000);
    CHECK(s.fetch("GET", "/large").body.size() == 20'000);
}

TEST_CASE("http server: random bytes never stop it")
{
    site s(short_limits());
    std::mt19937 random(20261121);
    std::string const valid =
        "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    for (int i = 0; i < 60; ++i) {
        std::string text = valid;
        for (int k = 0; k < 8; ++k) {
            text[random() % text.size()] = static_cast<char>(random());
        }
        auto const c = s.connect();
        testing::run(s.io, c->write(text, 5s));
        c->close();
    }
    CHECK(s.fetch("GET", "/echo").status == 200);
}

TEST_CASE("http server: TLS, with keep-alive, a handler cancelled, and a client that trusts nobody")
{
    site s(short_limits());
    std::string const folder = CERRO_TEST_DATA "/transport/";
    transport::listen_options where;
    where.tls = transport::make_server_tls(folder + "server.pem", folder + "server.key");
    std::uint16_t const port = s.server->listen(where);
    transport::tls_options trust;
    trust.ca_file = folder + "server.pem";
    std::string const url = "https://127.0.0.1:" + std::to_string(port) + "/echo";
    auto const got = testing::run(s.io, http::fetch("POST", url, "x", {}, 10s, trust));
    CHECK(got.value().body == "POST /echo x");
    CHECK_FALSE(testing::run(s.io, http::fetch("GET", url, {}, {}, 10s)).has_value());

    auto const connect = [&] {
        return testing::run(s.io, transport::connect_stream("127.0.0.1", port, trust, 5s)).value();
    };
    auto c = connect();
    CHECK(s.talk(c, "GET /echo HTTP/1.1\r\n\r\n", "GET /echo").find("200 OK") != std::string::npos);
    CHECK(s.talk(c, "GET /large HTTP/1.1\r\nConnection: close\r\n\r\n").size() > 20'000);
    c = connect();
    testing::run(s.io, c->write("GET /wait HTTP/1.1\r\n\r\n", 5s));
    REQUIRE(testing::run_until(s.io, [&] { return s.wait_end == "waiting"; }));
    c->close();
    CHECK(testing::run_until(s.io, [&] { return s.wait_end == "cancelled"; }));
    c = connect();
    CHECK(status_line(s.talk(c, "GET /echo HTTP/1.1\r\nX: ")) == "HTTP/1.1 408 Request Timeout");
}

TEST_CASE("http fetch: answers with chunks, with no length, and cut ones")
{
    asio::io_context io{1};
    std::string answer;
    auto const ex = io.get_executor();
    auto const peer = transport::listen(ex, {}, [&](std::shared_ptr<transport::stream> s) {
        asio::co_spawn(ex, answer_slowly(std::move(s), answer), [](std::exception_ptr) {});
    });
    std::string const url = "http://127.0.0.1:" + std::to_string(peer->port()) + "/";
    auto const fetch = [&](std::string text) {
        answer = std::move(text);
        return testing::run(io, http::fetch("GET", url, {}, {}, 10s));
    };
    CHECK(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
              .value()
              .body == "abcde");
    CHECK(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").value().body.empty());
    CHECK(fetch("HTTP/1.1 404 Not Found\r\n\r\ngone").value().body == "gone");
    CHECK(fetch("HTTP/1.1 404 Not Found\r\n\r\ngone").value().status == 404);
    CHECK_FALSE(fetch("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").has_value());
    CHECK_FALSE(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n").has_value());
    CHECK_FALSE(fetch("SSH-2.0-OpenSSH_9.2\r\n").has_value());
    CHECK_FALSE(fetch("").has_value());
}

TEST_CASE("http fetch: problems name the url")
{
    site s;
    std::string const dead = "http://127.0.0.1:" + std::to_string(testing::free_port()) + "/x";
    auto const refused = testing::run(s.io, http::fetch("GET", dead, {}, {}, 5s));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().what.find("GET " + dead) == 0);
    CHECK_FALSE(testing::run(s.io, http::fetch("GET", "ftp://x/", {}, {}, 5s)).has_value());
    auto const late = testing::run(s.io, http::fetch("GET", s.url("/wait"), {}, {}, 100ms));
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().code == errc::timed_out);
}
