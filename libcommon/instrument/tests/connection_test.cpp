#include "cerro/instrument/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>

#include <vector>

namespace {

namespace asio = boost::asio;
namespace inst = cerro::instrument;
using asio::ip::tcp;
using cerro::errc;
using namespace std::chrono_literals;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> pause(std::chrono::milliseconds d)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

/// The device's side of one connection.
class talk {
public:
    explicit talk(tcp::socket s) : socket(std::move(s)) {}

    /// The next line without CR LF; "" at the end of the connection.
    asio::awaitable<std::string> hear()
    {
        auto [ec, n] = co_await asio::async_read_until(socket, asio::dynamic_buffer(input), '\n', as_result);
        if (ec) {
            co_return "";
        }
        std::string line = input.substr(0, n);
        input.erase(0, n);
        raw += line;
        while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
            line.pop_back();
        }
        co_return line;
    }

    asio::awaitable<void> say(std::string text)
    {
        [[maybe_unused]] auto [ec, n] = co_await asio::async_write(socket, asio::buffer(text), as_result);
    }

    tcp::socket socket;
    std::string input;
    std::string raw;
};

using script = std::function<asio::awaitable<void>(talk&)>;

/// A device that plays one script for each connection; the last one again and again.
class device {
public:
    device(asio::io_context& io, std::vector<script> scripts)
        : io_(io),
          acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          scripts_(std::move(scripts))
    {
        asio::co_spawn(io_, serve(), [](std::exception_ptr) {});
    }

    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    std::size_t connections = 0;

private:
    asio::awaitable<void> serve()
    {
        for (;;) {
            auto [ec, socket] = co_await acceptor_.async_accept(as_result);
            if (ec) {
                co_return;
            }
            script const& play = scripts_[std::min(connections, scripts_.size() - 1)];
            ++connections;
            asio::co_spawn(
                io_, perform(std::make_shared<talk>(std::move(socket)), play), [](std::exception_ptr) {});
        }
    }

    static asio::awaitable<void> perform(std::shared_ptr<talk> t, script play) { co_await play(*t); }

    asio::io_context& io_;
    tcp::acceptor acceptor_;
    std::vector<script> scripts_;
};

asio::awaitable<void> echo(talk& t)
{
    for (;;) {
        auto const line = co_await t.hear();
        if (line.empty()) {
            co_return;
        }
        if (line.find('?') != std::string::npos) {
            co_await t.say("re:" + line + "\r\n");
        }
    }
}

asio::awaitable<void> silence(talk& t)
{
    for (;;) {
        auto const line = co_await t.hear();
        if (line.empty()) {
            co_return;
        }
    }
}

script first_line_then(std::function<asio::awaitable<void>(talk&)> rest)
{
    return [rest](talk& t) -> asio::awaitable<void> {
        auto const line = co_await t.hear();
        co_await rest(t);
        co_await silence(t);
    };
}

inst::options quick(std::uint16_t port)
{
    inst::options o;
    o.host = "127.0.0.1";
    o.port = port;
    o.reply_timeout = 150ms;
    o.connect_timeout = 1000ms;
    o.gap_after_command = 0ms;
    o.quiet = 20ms;
    o.backoff_first = 50ms;
    o.backoff_max = 200ms;
    return o;
}

/// Runs `body` to its end; fails after 20 s.
void run(asio::io_context& io, std::function<asio::awaitable<void>()> body)
{
    bool done = false;
    std::exception_ptr trouble;
    asio::co_spawn(io, body(), [&](std::exception_ptr e) {
        trouble = e;
        done = true;
    });
    auto const deadline = std::chrono::steady_clock::now() + 20s;
    while (!done && std::chrono::steady_clock::now() < deadline) {
        io.restart();
        io.run_one_for(100ms);
    }
    if (trouble) {
        std::rethrow_exception(trouble);
    }
    REQUIRE(done);
}

/// One question, for tests that look at its error only.
cerro::result<std::string> ask_once(asio::io_context& io,
                                    std::shared_ptr<inst::connection> c,
                                    std::string question,
                                    inst::reply_check check = nullptr)
{
    cerro::result<std::string> answer{std::string("nothing")};
    run(io, [&]() -> asio::awaitable<void> {
        auto got = co_await c->query(question, check);
        answer = std::move(got);
    });
    return answer;
}

}  // namespace

TEST_CASE("connection: a question gets its answer without terminators; messages end in CR LF")
{
    asio::io_context io;
    std::string raw;
    device dev(io, {[&raw](talk& t) -> asio::awaitable<void> {
                   co_await t.hear();
                   co_await t.hear();
                   raw = t.raw;
                   co_await t.say("+1.5E+00\r\n");
               }});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    run(io, [&]() -> asio::awaitable<void> {
        auto const sent = co_await c->command("RANGE 0,4");
        REQUIRE(sent.has_value());
        auto const answer = co_await c->query("KRDG? 1");
        REQUIRE(answer.has_value());
        REQUIRE(*answer == "+1.5E+00");
    });
    REQUIRE(raw == "RANGE 0,4\r\nKRDG? 1\r\n");
    REQUIRE(c->state().connected);
    REQUIRE(c->state().connects == 1);
    REQUIRE(c->state().last_attempt > 1e9);
}

TEST_CASE("connection: requests of many coroutines are answered in the order of the calls")
{
    asio::io_context io;
    device dev(io, {echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    std::vector<int> order;
    int left = 20;
    run(io, [&]() -> asio::awaitable<void> {
        auto one = [&](int i) -> asio::awaitable<void> {
            auto const question = "Q? " + std::to_string(i);
            auto const answer = co_await c->query(question);
            REQUIRE(answer.has_value());
            REQUIRE(*answer == "re:" + question);
            order.push_back(i);
            --left;
        };
        for (int i = 0; i < 20; ++i) {
            asio::co_spawn(io, one(i), [](std::exception_ptr e) { REQUIRE(!e); });
        }
        while (left > 0) {
            co_await pause(5ms);
        }
    });
    REQUIRE(std::is_sorted(order.begin(), order.end()));
    REQUIRE(dev.connections == 1);
}

TEST_CASE("connection: an answer that comes too late is never taken for the next one's")
{
    asio::io_context io;
    device dev(io,
               {first_line_then([](talk& t) -> asio::awaitable<void> {
                    co_await pause(300ms);  // twice the time allowed
                    co_await t.say("late\r\n");
                }),
                echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const first = ask_once(io, c, "A?");
    REQUIRE_FALSE(first.has_value());
    REQUIRE(first.error().code == errc::timed_out);
    REQUIRE(first.error().what.find("no answer to 'A?' within 150 ms") != std::string::npos);
    REQUIRE_FALSE(c->state().connected);
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(*second == "re:B?");
    REQUIRE(c->state().timeouts == 1);
    REQUIRE(c->state().connects == 2);
}

TEST_CASE("connection: half a line is a time-out, and its rest is not read as an answer")
{
    asio::io_context io;
    device dev(io, {first_line_then([](talk& t) -> asio::awaitable<void> { co_await t.say("+1.2"); }), echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const first = ask_once(io, c, "A?");
    REQUIRE(first.error().code == errc::timed_out);
    REQUIRE(first.error().what.find("'+1.2'") != std::string::npos);
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(*second == "re:B?");
}

TEST_CASE(
    "connection: FIN and RST instead of an answer are a lost connection, and the next request connects again")
{
    bool const reset = GENERATE(false, true);
    asio::io_context io;
    device dev(io,
               {[reset](talk& t) -> asio::awaitable<void> {
                    co_await t.hear();
                    if (reset) {
                        t.socket.set_option(asio::socket_base::linger(true, 0));
                    }
                    t.socket.close();
                },
                echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const first = ask_once(io, c, "A?");
    REQUIRE(first.error().code == errc::closed);
    REQUIRE(c->state().losses == 1);
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(dev.connections == 2);
}

TEST_CASE("connection: a FIN between requests costs no request")
{
    asio::io_context io;
    bool gone = false;
    device dev(io,
               {[&gone](talk& t) -> asio::awaitable<void> {
                    co_await t.hear();
                    co_await t.say("one\r\n");
                    t.socket.close();
                    gone = true;
                },
                echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const first = ask_once(io, c, "A?");
    REQUIRE(first.has_value());
    run(io, [&]() -> asio::awaitable<void> {
        while (!gone) {
            co_await pause(5ms);
        }
        co_await pause(20ms);
    });
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(*second == "re:B?");
}

TEST_CASE("connection: bytes that nobody asked for are dropped with the connection")
{
    asio::io_context io;
    bool said = false;
    device dev(io,
               {[&said](talk& t) -> asio::awaitable<void> {
                    co_await t.hear();
                    co_await t.say("one\r\n");
                    co_await pause(30ms);
                    co_await t.say("surplus\r\n");
                    said = true;
                    co_await silence(t);
                },
                echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    REQUIRE(ask_once(io, c, "A?").has_value());
    run(io, [&]() -> asio::awaitable<void> {
        while (!said) {
            co_await pause(5ms);
        }
        co_await pause(20ms);
    });
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(*second == "re:B?");
    REQUIRE(c->state().refusals == 1);
}

TEST_CASE("connection: two lines for one question are refused, since either may be the answer")
{
    asio::io_context io;
    device dev(
        io,
        {first_line_then([](talk& t) -> asio::awaitable<void> { co_await t.say("one\r\ntwo\r\n"); }), echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    REQUIRE(ask_once(io, c, "A?").error().code == errc::malformed);
    REQUIRE(ask_once(io, c, "B?").has_value());
}

TEST_CASE("connection: garbage, endless lines and what the caller's check refuses reset the connection")
{
    struct row {
        std::string answer;
        errc expected;
    };
    auto const r = GENERATE(row{"\x01\xff\x80garbage\r\n", errc::malformed},
                            row{std::string(5'000, 'x'), errc::limit_exceeded},
                            row{"no number\r\n", errc::malformed});
    asio::io_context io;
    device dev(io,
               {first_line_then([r](talk& t) -> asio::awaitable<void> { co_await t.say(r.answer); }), echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const first = ask_once(io, c, "A?", [](std::string_view s) { return s.find("no number") != 0; });
    REQUIRE_FALSE(first.has_value());
    REQUIRE(first.error().code == r.expected);
    REQUIRE(c->state().refusals == 1);
    REQUIRE(ask_once(io, c, "B?").has_value());
}

TEST_CASE("connection: what an earlier talk left in the line is dropped after connecting")
{
    asio::io_context io;
    device dev(io, {[](talk& t) -> asio::awaitable<void> {
                   co_await t.say("stale answer\r\n");
                   co_await echo(t);
               }});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    auto const answer = ask_once(io, c, "A?");
    REQUIRE(answer.has_value());
    REQUIRE(*answer == "re:A?");
}

TEST_CASE(
    "connection: while refused, requests fail at once and say when the next attempt is; later it connects")
{
    asio::io_context io;
    std::uint16_t port = 0;
    {
        tcp::acceptor gone(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        port = gone.local_endpoint().port();
    }
    auto const c = inst::connection::create(io.get_executor(), quick(port));
    auto const first = ask_once(io, c, "A?");
    REQUIRE(first.error().code == errc::closed);
    REQUIRE(first.error().what.find("refused") != std::string::npos);
    auto const begin = std::chrono::steady_clock::now();
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.error().what.find("next attempt in") != std::string::npos);
    REQUIRE(std::chrono::steady_clock::now() - begin < 45ms);

    tcp::acceptor later(io, tcp::endpoint(asio::ip::address_v4::loopback(), port));
    bool heard = false;
    run(io, [&]() -> asio::awaitable<void> {
        auto serve = [&]() -> asio::awaitable<void> {
            auto [ec, socket] = co_await later.async_accept(as_result);
            talk t(std::move(socket));
            co_await echo(t);
        };
        asio::co_spawn(io, serve(), [](std::exception_ptr) {});
        for (int i = 0; i < 100 && !heard; ++i) {
            auto const answer = co_await c->query("C?");
            heard = answer.has_value();
            co_await pause(20ms);
        }
        c->close();
        co_await pause(20ms);
    });
    REQUIRE(heard);
    REQUIRE(c->state().connects == 1);
}

TEST_CASE("connection: the identity check comes first on each connection, and its problem fails the request")
{
    asio::io_context io;
    device dev(io, {echo});
    auto const c = inst::connection::create(io.get_executor(), quick(dev.port()));
    int checks = 0;
    c->on_connect([&](inst::dialogue& d) -> asio::awaitable<cerro::result<void>> {
        ++checks;
        auto const who = co_await d.query("*IDN?");
        if (!who || *who != "re:*IDN?" || checks == 1) {
            co_return cerro::fail(errc::refused, "this is another instrument");
        }
        co_return cerro::result<void>();
    });
    auto const first = ask_once(io, c, "A?");
    REQUIRE(first.error().code == errc::refused);
    REQUIRE(first.error().what.find("another instrument") != std::string::npos);
    REQUIRE_FALSE(c->state().connected);
    run(io, [&]() -> asio::awaitable<void> { co_await pause(60ms); });
    auto const second = ask_once(io, c, "B?");
    REQUIRE(second.has_value());
    REQUIRE(*second == "re:B?");
    REQUIRE(checks == 2);
}

TEST_CASE("connection: the gap after a command is kept")
{
    asio::io_context io;
    device dev(io, {echo});
    auto o = quick(dev.port());
    o.gap_after_command = 80ms;
    auto const c = inst::connection::create(io.get_executor(), o);
    std::chrono::steady_clock::duration took{};
    run(io, [&]() -> asio::awaitable<void> {
        auto const warm = co_await c->query("W?");
        REQUIRE(warm.has_value());
        auto const begin = std::chrono::steady_clock::now();
        auto const first = co_await c->command("X 1");
        auto const second = co_await c->query("X?");
        REQUIRE(first.has_value());
        REQUIRE(second.has_value());
        took = std::chrono::steady_clock::now() - begin;
    });
    REQUIRE(took >= 80ms);
}

TEST_CASE("connection: the time to connect is for all addresses of a name together")
{
    asio::io_context io;
    // The empty name has both loopback addresses. Each has a listener whose queue is full: it answers no SYN.
    tcp::acceptor v6(io);
    boost::system::error_code no_v6;
    v6.open(tcp::v6(), no_v6);
    tcp::acceptor v4(io, tcp::v4());
    v4.bind(tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto const port = v4.local_endpoint().port();
    v4.listen(0);
    if (!no_v6) {
        v6.set_option(asio::ip::v6_only(true));
        v6.bind(tcp::endpoint(asio::ip::address_v6::loopback(), port), no_v6);
    }
    if (no_v6) {
        WARN("no second loopback address (" << no_v6.message() << "): only one is tried");
    } else {
        v6.listen(0);
    }
    std::vector<tcp::socket> waiting;
    for (auto const* acceptor : {&v4, &v6}) {
        for (int i = 0; i < 3 && acceptor->is_open(); ++i) {
            waiting.emplace_back(io).async_connect(acceptor->local_endpoint(),
                                                   [](boost::system::error_code) {});
        }
    }
    auto o = quick(port);
    o.host.clear();
    o.connect_timeout = 200ms;
    auto const c = inst::connection::create(io.get_executor(), o);
    auto const begin = std::chrono::steady_clock::now();
    auto const answer = ask_once(io, c, "X?");
    CHECK(std::chrono::steady_clock::now() - begin < 2s);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().what.find("no answer in time") != std::string::npos);
}

TEST_CASE("connection: close() ends a request that waits for its answer, and the ones behind it")
{
    asio::io_context io;
    device dev(io, {silence});
    auto o = quick(dev.port());
    o.reply_timeout = 10'000ms;
    auto const c = inst::connection::create(io.get_executor(), o);
    int ended = 0;
    run(io, [&]() -> asio::awaitable<void> {
        auto one = [&]() -> asio::awaitable<void> {
            auto const answer = co_await c->query("A?");
            REQUIRE_FALSE(answer.has_value());
            REQUIRE(answer.error().code == errc::closed);
            ++ended;
        };
        for (int i = 0; i < 3; ++i) {
            asio::co_spawn(io, one(), [](std::exception_ptr e) { REQUIRE(!e); });
        }
        co_await pause(100ms);
        c->close();
        while (ended < 3) {
            co_await pause(5ms);
        }
    });
    REQUIRE(ended == 3);
}
