#include <cerro/sim372/server.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>
#include <poll.h>

#include <chrono>
#include <thread>

namespace {

using namespace cerro::sim372;
using boost::asio::ip::tcp;
using namespace std::chrono_literals;

/// The server on a thread of its own, and a blocking client.
class bench {
public:
    explicit bench(std::vector<fault> faults = {}, bool control = false)
    {
        server_options o;
        o.port = 0;
        o.faults = std::move(faults);
        o.instrument.autoscan = false;
        if (control) {
            o.control = std::uint16_t{0};
        }
        server_ = server::start(io_, o);
        port = server_->port();
        control_port = server_->control_port();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~bench()
    {
        boost::asio::post(io_, [this] { server_->stop(); });
        thread_.join();
    }

    std::uint16_t port = 0;
    std::uint16_t control_port = 0;

private:
    boost::asio::io_context io_;
    std::shared_ptr<server> server_;
    std::thread thread_;
};

class line_client {
public:
    explicit line_client(std::uint16_t port) : socket_(io_)
    {
        socket_.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
        socket_.set_option(tcp::no_delay(true));
    }

    void send(std::string const& text) { boost::asio::write(socket_, boost::asio::buffer(text)); }

    /// Up to CR LF, or what came until the end or 1.5 s passed (would_block).
    std::string read(boost::system::error_code& ec)
    {
        ec.clear();
        while (input_.find('\n') == std::string::npos && !ec) {
            pollfd wanted{socket_.native_handle(), POLLIN, 0};
            if (::poll(&wanted, 1, 1'500) <= 0) {
                ec = boost::asio::error::would_block;
                break;
            }
            char buffer[512];
            auto const n = socket_.read_some(boost::asio::buffer(buffer), ec);
            input_.append(buffer, n);
        }
        auto const line = ec ? input_ : input_.substr(0, input_.find('\n') + 1);
        input_.erase(0, line.size());
        return line;
    }
    std::string ask(std::string const& text)
    {
        send(text);
        boost::system::error_code ec;
        return read(ec);
    }

private:
    boost::asio::io_context io_;
    tcp::socket socket_;
    std::string input_;
};

}  // namespace

TEST_CASE("simulator server: CR LF, LF and silence end a message; replies end with CR LF")
{
    bench b;
    line_client c(b.port);
    REQUIRE(c.ask("*IDN?\r\n") == "LSCI,MODEL372,LSA372S,1.3\r\n");
    REQUIRE(c.ask("SCAN?\n") == "01,0\r\n");
    REQUIRE(c.ask("INNAME? 3") == "Channel 03\r\n");
    c.send("SCAN");  // in two pieces
    std::this_thread::sleep_for(5ms);
    REQUIRE(c.ask("?\r\n") == "01,0\r\n");
    REQUIRE(c.ask("\n*IDN?;*ESR?\n") == "LSCI,MODEL372,LSA372S,1.3;0\r\n");
}

TEST_CASE("simulator server: two messages in one packet get two replies")
{
    bench b;
    line_client c(b.port);
    REQUIRE(c.ask("SCAN?\r\nINNAME? 2\r\n") == "01,0\r\n");
    boost::system::error_code ec;
    REQUIRE(c.read(ec) == "Channel 02\r\n");
}

TEST_CASE("simulator server: a message without end is cut off")
{
    bench b;
    line_client c(b.port);
    c.send(std::string(20'000, 'x'));
    boost::system::error_code ec;
    REQUIRE(c.read(ec).empty());
    REQUIRE(ec != boost::asio::error::would_block);
    REQUIRE(ec);
}

TEST_CASE("simulator server: faults on command, each in its way, and over when told")
{
    bench b({}, true);
    line_client control(b.control_port);
    boost::system::error_code ec;

    REQUIRE(control.ask("silence 60\r\n") == "ok\r\n");
    {
        line_client c(b.port);
        c.send("*IDN?\r\n");
        REQUIRE(c.read(ec).empty());
        REQUIRE(ec == boost::asio::error::would_block);
    }
    REQUIRE(control.ask("none\r\n") == "ok\r\n");
    REQUIRE(control.ask("close 60\r\n") == "ok\r\n");
    {
        line_client c(b.port);
        c.send("*IDN?\r\n");
        REQUIRE(c.read(ec).empty());
        REQUIRE(ec == boost::asio::error::eof);
    }
    REQUIRE(control.ask("reset 60\r\n") == "ok\r\n");
    {
        line_client c(b.port);
        c.send("*IDN?\r\n");
        REQUIRE(c.read(ec).empty());
        REQUIRE(ec == boost::asio::error::connection_reset);
    }
    REQUIRE(control.ask("half 60\r\n") == "ok\r\n");
    {
        line_client c(b.port);
        c.send("SCAN?\r\n");
        REQUIRE(c.read(ec) == "01");
        REQUIRE(ec == boost::asio::error::would_block);
    }
    REQUIRE(control.ask("garbage 60\r\n") == "ok\r\n");
    {
        line_client c(b.port);
        REQUIRE(c.ask("SCAN?\r\n").find('\xfe') != std::string::npos);
    }
    REQUIRE(control.ask("off 60\r\n") == "ok\r\n");
    REQUIRE_THROWS(line_client(b.port));
    REQUIRE(control.ask("none\r\n") == "ok\r\n");
    REQUIRE(line_client(b.port).ask("SCAN?\r\n") == "01,0\r\n");
    REQUIRE(control.ask("nonsense 3\r\n").find("is no fault") != std::string::npos);
}

TEST_CASE("simulator server: a restart loses the settings and the connections")
{
    bench b({}, true);
    line_client c(b.port);
    c.send("INNAME 2,\"MXC\"\r\n");
    REQUIRE(c.ask("INNAME? 2\r\n") == "MXC\r\n");
    line_client control(b.control_port);
    REQUIRE(control.ask("restart\r\n") == "ok\r\n");
    boost::system::error_code ec;
    REQUIRE(c.read(ec).empty());
    REQUIRE(ec == boost::asio::error::eof);
    REQUIRE(line_client(b.port).ask("INNAME? 2\r\n") == "Channel 02\r\n");
}

TEST_CASE("faults are read from their texts")
{
    auto const f = parse_fault("silence:10:5");
    REQUIRE(f.has_value());
    REQUIRE(f->kind == fault_kind::silence);
    REQUIRE(f->start_s == 10);
    REQUIRE(f->duration_s == 5);
    REQUIRE(parse_fault("restart:3").has_value());
    for (auto const* bad :
         {"", "silence", "silence:1", "silence:1:0", "noise:1:1", "silence:-1:2", "half:a:b"}) {
        REQUIRE_FALSE(parse_fault(bad).has_value());
    }
}
