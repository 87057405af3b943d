// Who is let in: limits, PROXY headers, other protocols, all kinds of place to listen at.

#include "support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace cerro::transport {

using boost::asio::ip::tcp;
using testing::run;
using testing::run_until;
using namespace std::string_literals;

namespace {

struct bare {
    tcp::socket socket;
    std::string got;
    bool ended = false;
    std::array<char, 256> buffer{};

    bare(boost::asio::io_context& io, std::uint16_t port, std::string const& octets = {}) : socket(io)
    {
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        if (!octets.empty()) {
            boost::asio::write(socket, boost::asio::buffer(octets));
        }
        read_on();
    }
    void read_on()
    {
        socket.async_read_some(boost::asio::buffer(buffer),
                               [this](boost::system::error_code ec, std::size_t n) {
                                   got.append(buffer.data(), n);
                                   ended = bool(ec);
                                   if (!ec) {
                                       read_on();
                                   }
                               });
    }
};

std::string const hello = "\x7f\xf2\0\0"s;

std::string data(std::string const& file)
{
    return std::string(CERRO_TEST_DATA) + "/transport/" + file;
}

listen_options limited(admission_limits const& limits)
{
    listen_options where;
    where.gate = std::make_shared<admission>(limits);
    return where;
}

std::size_t resident_kib()
{
    std::ifstream in("/proc/self/statm");
    std::size_t all = 0;
    std::size_t resident = 0;
    in >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

/// PROXY header, version 2, of a TCP connection over IPv4 from 203.0.113.7:4711.
std::string proxy_header(char command = 0x21)
{
    return "\r\n\r\n\0\r\nQUIT\n"s + command + "\x11\0\x0C"s + "\xCB\0\x71\x07"s + "\x7F\0\0\1"s +
           "\x12\x67"s + "\x1F\x41"s;
}

}  // namespace

TEST_CASE("listener: connections of one address are limited in number, also when they come again")
{
    boost::asio::io_context io(1);
    admission_limits limits;
    limits.connections_per_address = 2;
    limits.limit_loopback = true;
    auto const where = limited(limits);
    server s(io, where);
    bare first(io, s.door->port(), hello);
    bare second(io, s.door->port(), hello);
    bare third(io, s.door->port(), hello);
    REQUIRE(run_until(io, [&] { return third.ended; }));
    CHECK(where.gate->refusals(entry_refusal::too_many_of_address) == 1);
    CHECK(where.gate->open() == 2);
    first.socket.close();
    REQUIRE(run_until(io, [&] { return s.owners.size() == 2 && s.owners[0]->closed; }));
    s.channels.clear();
    REQUIRE(run_until(io, [&] { return where.gate->open() == 1; }));
    bare fourth(io, s.door->port(), hello);
    REQUIRE(run_until(io, [&] { return fourth.got == hello; }));
}

TEST_CASE("listener: connections of one address are limited in rate")
{
    boost::asio::io_context io(1);
    admission_limits limits;
    limits.connection_rate = 5;
    limits.limit_loopback = true;
    auto const where = limited(limits);
    server s(io, where);
    std::vector<std::unique_ptr<bare>> all;
    for (int i = 0; i != 20; ++i) {
        all.push_back(std::make_unique<bare>(io, s.door->port()));
    }
    REQUIRE(run_until(io, [&] {
        return std::count_if(all.begin(), all.end(), [](auto const& b) { return b->ended; }) >= 13;
    }));
    CHECK(where.gate->refusals(entry_refusal::too_fast) >= 13);
    auto const inside = where.gate->open();
    // The bucket fills again.
    REQUIRE(run_until(io, [&] {
        if (all.back()->ended) {
            all.push_back(std::make_unique<bare>(io, s.door->port()));
        }
        return where.gate->open() > inside;
    }));
}

TEST_CASE("admission: each address has its own bucket and count; loopback is free unless it is limited too")
{
    admission_limits limits;
    limits.connections = 100;
    limits.connections_per_address = 3;
    limits.connection_rate = 2;
    limits.addresses = 2;
    auto const gate = std::make_shared<admission>(limits);
    auto const a = *parse_host_address("10.0.0.1");
    auto const b = *parse_host_address("2001:db8::1");
    auto const c = *parse_host_address("10.0.0.3");
    auto now = admission::clock::now();
    entry_refusal why{};
    std::vector<admission::ticket> inside;
    auto const enters = [&](std::optional<host_address> from) {
        auto t = gate->enter(from, now, why);
        if (t) {
            inside.push_back(std::move(*t));
        }
        return inside.size();
    };
    CHECK(enters(a) == 1);
    CHECK(enters(a) == 2);
    CHECK(enters(a) == 2);
    CHECK(why == entry_refusal::too_fast);
    now += std::chrono::milliseconds(500);
    CHECK(enters(a) == 3);
    now += std::chrono::seconds(1);
    CHECK(enters(a) == 3);
    CHECK(why == entry_refusal::too_many_of_address);
    CHECK(enters(b) == 4);
    CHECK(enters(c) == 4);  // no room in the table
    CHECK(why == entry_refusal::too_fast);
    inside.clear();
    CHECK(gate->open() == 0);
    now += std::chrono::seconds(2);
    CHECK(enters(c) == 1);
    for (int i = 0; i != 50; ++i) {
        enters(host_address::from_v4({127, 0, 0, 1}));
        enters(std::nullopt);
    }
    CHECK(inside.size() == 100);
    CHECK(why == entry_refusal::too_many);
}

TEST_CASE("listener: out of descriptors it pauses, keeps the present connections, and goes on")
{
    boost::asio::io_context io(1);
    auto const where = limited({});
    server s(io, where);
    s.echo = true;
    connect_options o;
    o.url = url("rs", s);
    auto const present = open_client(io, o);
    REQUIRE(run_until(io, [&] { return s.channels.size() == 1; }));

    std::vector<std::unique_ptr<bare>> waiting;
    waiting.push_back(std::make_unique<bare>(io, s.door->port(), hello));
    REQUIRE(run_until(io, [&] { return waiting[0]->got == hello; }));
    tcp::socket late(io);
    late.open(tcp::v4());
    int const highest = ::dup(0);
    ::close(highest);
    rlimit old{};
    ::getrlimit(RLIMIT_NOFILE, &old);
    rlimit tight = old;
    tight.rlim_cur = static_cast<rlim_t>(highest);
    ::setrlimit(RLIMIT_NOFILE, &tight);
    late.connect({boost::asio::ip::make_address("127.0.0.1"), s.door->port()});
    bool const refused =
        run_until(io, [&] { return where.gate->refusals(entry_refusal::no_descriptors) >= 2; });
    present.line->send(recorder::frame_of("unharmed"));
    bool const unharmed = run_until(io, [&] { return !present.owner->messages.empty(); });
    ::setrlimit(RLIMIT_NOFILE, &old);
    CHECK(refused);
    CHECK(unharmed);
    boost::asio::write(late, boost::asio::buffer(hello));
    CHECK(run_until(io, [&] { return s.channels.size() == 3; }));
}

TEST_CASE("listener: behind a trusted proxy the peer is the one in the PROXY header")
{
    boost::asio::io_context io(1);
    admission_limits limits;
    limits.connections_per_address = 1;
    auto where = limited(limits);
    where.proxies = std::make_shared<networks>(*networks::parse({"127.0.0.0/8"}));
    where.tls_timeout = std::chrono::milliseconds(100);
    server s(io, where);
    bare first(io, s.door->port(), proxy_header() + hello);
    REQUIRE(run_until(io, [&] { return first.got == hello; }));
    CHECK(s.channels.at(0)->info().peer == "203.0.113.7:4711");
    bare same(io, s.door->port(), proxy_header() + hello);
    REQUIRE(run_until(io, [&] { return same.ended; }));
    CHECK(where.gate->refusals(entry_refusal::too_many_of_address) == 1);
    bare check(io, s.door->port(), proxy_header(0x20) + hello);
    REQUIRE(run_until(io, [&] { return check.got == hello; }));
    CHECK(s.channels.at(1)->info().peer.find("127.0.0.1:") == 0);
    bare none(io, s.door->port(), hello + "\0\0\0\x0Cnot a header"s);
    bare silent(io, s.door->port());
    REQUIRE(run_until(io, [&] { return none.ended && silent.ended; }));
    CHECK(where.gate->refusals(entry_refusal::proxy_refused) == 2);
}

TEST_CASE("listener: a PROXY header from elsewhere is refused")
{
    boost::asio::io_context io(1);
    auto where = limited({});
    where.proxies = std::make_shared<networks>(*networks::parse({"192.0.2.1"}));
    server s(io, where);
    bare c(io, s.door->port(), proxy_header() + hello);
    REQUIRE(run_until(io, [&] { return c.ended; }));
    CHECK(where.gate->refusals(entry_refusal::proxy_refused) == 1);
    CHECK(s.channels.empty());
}

TEST_CASE("listener: other protocols on a TLS port are refused at once")
{
    boost::asio::io_context io(1);
    auto where = limited({});
    where.tls = make_server_tls(data("server.pem"), data("server.key"));
    server s(io, where);
    for (auto const& octets :
         {"GET / HTTP/1.1\r\n\r\n"s, hello, "\x10\x0c\0\4MQTT"s, "\0"s, "SSH-2.0-x\r\n"s}) {
        auto const begin = std::chrono::steady_clock::now();
        bare c(io, s.door->port(), octets);
        CHECK(run_until(io, [&] { return c.ended; }));
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
    }
    CHECK(run_until(io, [&] { return where.gate->refusals(entry_refusal::tls_failed) == 5; }));
    CHECK(where.gate->open() == 0);
}

TEST_CASE("listener: a TLS handshake that stalls ends at its timeout, and is counted as late")
{
    boost::asio::io_context io(1);
    auto where = limited({});
    where.tls = make_server_tls(data("server.pem"), data("server.key"));
    where.tls_timeout = std::chrono::milliseconds(100);
    server s(io, where);
    bare silent(io, s.door->port());
    bare begun(io, s.door->port(), "\x16\3\1\2\0\1\0"s);
    REQUIRE(run_until(io, [&] { return silent.ended && begun.ended; }));
    CHECK(run_until(io, [&] { return where.gate->refusals(entry_refusal::tls_timeout) == 2; }));
    CHECK(where.gate->refusals(entry_refusal::tls_failed) == 0);
}

TEST_CASE("listener: a thousand failing handshakes leave nothing behind")
{
    boost::asio::io_context io(1);
    auto where = limited({});
    where.tls = make_server_tls(data("server.pem"), data("server.key"));
    server s(io, where);
    std::uint64_t failed = 0;
    auto const round = [&](int n) {
        for (int i = 0; i != n; ++i) {
            bare c(io, s.door->port(), "\x16\3\1\0\x05\1\0\0\1\0"s);  // a ClientHello of one octet
            REQUIRE(run_until(io, [&] { return c.ended; }));
        }
        failed += static_cast<std::uint64_t>(n);
        REQUIRE(run_until(io, [&] { return where.gate->refusals(entry_refusal::tls_failed) == failed; }));
    };
    round(200);
    auto const before = resident_kib();
    round(1'000);
    CHECK(where.gate->open() == 0);
#ifdef __SANITIZE_ADDRESS__
    constexpr int growth = 1 << 20;  // it keeps what was freed for a while; leaks it tells itself
#else
    constexpr int growth = 512;
#endif
    CHECK(resident_kib() < before + growth);
}

TEST_CASE("listener: the first free port of a range is taken")
{
    boost::asio::io_context io(1);
    server first(io);
    listen_options where;
    where.port = first.door->port();
    where.last_port = static_cast<std::uint16_t>(std::min(65'535, where.port + 20));
    server second(io, where);
    CHECK(second.door->port() > where.port);
    CHECK(second.door->port() <= where.last_port);
    where.last_port = where.port;
    CHECK_THROWS_WITH(server(io, where), Catch::Contains("Address already in use"));
}

TEST_CASE("listener: a shared port takes two listeners")
{
    boost::asio::io_context io(1);
    listen_options where;
    where.shared = true;
    server first(io, where);
    where.port = first.door->port();
    server second(io, where);
    CHECK(second.door->port() == first.door->port());
}

TEST_CASE("listener: IPv6, and IPv4 clients of an IPv6 socket under their own address")
{
    boost::asio::io_context io(1);
    listen_options where;
    where.address = "::1";
    server s(io, where);
    connect_options o;
    o.url = "rs://[::1]:" + std::to_string(s.door->port());
    auto const c = open_client(io, o);
    REQUIRE(run_until(io, [&] { return s.channels.size() == 1; }));
    CHECK(s.channels[0]->info().peer.find("[::1]:") == 0);
    where.address = "::";
    server both(io, where);
    bare v4(io, both.door->port(), hello);
    REQUIRE(run_until(io, [&] { return both.channels.size() == 1; }));
    CHECK(both.channels[0]->info().peer.find("127.0.0.1:") == 0);
}

TEST_CASE("listener: a Unix socket has its mode, replaces what a dead process left, but not a living one")
{
    boost::asio::io_context io(1);
    std::string const path = "/tmp/listener-test-" + std::to_string(::getpid()) + ".sock";
    listen_options where;
    where.unix_path = path;
    where.unix_mode = 0600;
    {
        server s(io, where);
        struct stat found {};
        REQUIRE(::stat(path.c_str(), &found) == 0);
        CHECK((found.st_mode & 0777U) == 0600);
        CHECK_THROWS_WITH(server(io, where), "cannot listen on " + path + ": Address already in use");
        s.door->stop();
    }
    CHECK(::access(path.c_str(), F_OK) != 0);
    {
        boost::asio::local::stream_protocol::acceptor dead(io);
        dead.open();
        dead.bind(boost::asio::local::stream_protocol::endpoint(path));
    }
    REQUIRE(::access(path.c_str(), F_OK) == 0);
    where.unix_mode = 0666;
    server s(io, where);
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0666);
    connect_options o;
    o.url = "rs+unix:" + path;
    CHECK(open_client(io, o).line->info().peer == "unix");
}

}  // namespace cerro::transport
