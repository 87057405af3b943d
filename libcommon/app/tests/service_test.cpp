#include <cerro/http/client.hpp>
#include <cerro/testing/process.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

using namespace cerro;
using testing::process;
using testing::process_options;
using words = std::vector<std::string>;

namespace {

process start(words arguments, std::map<std::string, std::string> env = {})
{
    arguments.insert(arguments.begin(), CERRO_TEST_PROGRAM);
    process_options options;
    options.env = std::move(env);
    return process(std::move(arguments), options);
}

http::response get(std::string const& url)
{
    boost::asio::io_context io;
    result<http::response> got = fail(errc::closed, "never ran");
    auto const done = [&got](std::exception_ptr error, result<http::response> r) {
        if (error) {
            std::rethrow_exception(error);
        }
        got = std::move(r);
    };
    boost::asio::co_spawn(io, http::fetch("GET", url, {}, {}, std::chrono::seconds(10)), done);
    io.run();
    return got.value();
}

std::string health_url(process& p)
{
    std::string const line = p.wait_for_line("health_listening");
    return "http://127.0.0.1:" + line.substr(line.find("port=") + 5);
}

}  // namespace

TEST_CASE("service: SIGTERM drains and ends with the service's code")
{
    auto p = start({});
    p.wait_for_line("site=none");
    p.signal(SIGTERM);
    CHECK(p.wait() == 0);
    CHECK(p.output().find("info cerro-test stopping signal=SIGTERM") != std::string::npos);
    CHECK(p.output().find("drained 1\n") != std::string::npos);
    CHECK(p.output().find("info cerro-test stopped exit_code=0") != std::string::npos);
}

TEST_CASE("service: a second signal ends it at once with 1")
{
    auto p = start({"--mode", "stuck"});
    p.wait_for_line("site=");
    p.signal(SIGINT);
    p.wait_for_line("^stuck");
    p.signal(SIGINT);
    CHECK(p.wait() == 1);
}

TEST_CASE("service: SIGHUP reloads, and a failing reload is logged and survived")
{
    auto p = start({});
    p.wait_for_line("site=");
    p.signal(SIGHUP);
    p.wait_for_line("^reload 1");
    p.wait_for_line("error cerro-test reload_failed error=\"bad file\"");
    p.signal(SIGHUP);
    p.wait_for_line("^reload 2");
    p.signal(SIGTERM);
    CHECK(p.wait() == 0);
}

TEST_CASE("service: the exit code says what kind of failure it was")
{
    auto failure = start({"--mode", "failure"});
    CHECK(failure.wait() == 1);
    CHECK(failure.output().find("cerro-test: the port is taken\n") != std::string::npos);
    CHECK(start({"--mode", "configuration"}).wait() == 3);
    auto bug = start({"--mode", "bug"});
    CHECK(bug.wait() == 70);
    CHECK(bug.output().find("internal error: never thought of") != std::string::npos);
    CHECK(start({"--mode", "five"}).wait() == 5);
}

TEST_CASE("service: help and version end with 0, wrong usage with 2")
{
    auto help = start({"--help"});
    CHECK(help.wait() == 0);
    CHECK(help.output().find("--health-port") != std::string::npos);
    CHECK(help.output().find("Runs for a test.") != std::string::npos);
    auto version = start({"--version"});
    CHECK(version.wait() == 0);
    CHECK(version.output() == "cerro-test 0.1.0\n");
    CHECK(start({"--unknown"}).wait() == 2);
    CHECK(start({"--log-level", "loud"}).wait() == 2);
    CHECK(start({"--health-port", "70000"}).wait() == 2);
    CHECK(start({"--log", "info"}).wait() == 2);  // ambiguous prefix
}

TEST_CASE("service: --check says whether the configuration is right")
{
    CHECK(start({"--check"}).wait() == 0);
    auto wrong = start({"--check", "--mode", "configuration"});
    CHECK(wrong.wait() == 3);
    CHECK(wrong.output() == "cerro-test: x.yaml:1:2: wrong\n");
}

TEST_CASE("service: options nobody knows are handed on where the program wants them")
{
    auto p =
        start({"--mode", "five", "--site-ho", "h", "--other", "1", "-x"}, {{"CERRO_TEST_PASS_OVER", "1"}});
    CHECK(p.wait() == 5);
    CHECK(p.output().find("site=h <--other> <1> <-x>\n") != std::string::npos);
}

TEST_CASE("service: LOGLEVEL sets the level, the option wins, lines can be JSON")
{
    CHECK(start({"--mode", "five"}, {{"LOGLEVEL", "error"}}).wait() == 5);
    auto quiet = start({"--mode", "five"}, {{"LOGLEVEL", "error"}});
    quiet.wait();
    CHECK(quiet.output() == "site=none\n");
    auto loud = start({"--mode", "five", "--log-level", "info", "--log-json"}, {{"LOGLEVEL", "error"}});
    loud.wait();
    CHECK(loud.output().find("\"event\":\"starting\"") != std::string::npos);
}

TEST_CASE("service: health and metrics are served on loopback")
{
    auto p = start({"--health-port", "0"});
    std::string const url = health_url(p);
    p.wait_for_line("site=");
    auto const healthy = get(url + "/healthz");
    CHECK(healthy.status == 200);
    CHECK(healthy.body == "ok\n");
    auto const metrics = get(url + "/metrics");
    CHECK(metrics.status == 200);
    CHECK(metrics.body.find("test_events_total 3\n") != std::string::npos);
    CHECK(metrics.body.find("process_resident_memory_bytes") != std::string::npos);
    CHECK(get(url + "/other").status == 404);
    p.signal(SIGTERM);
    CHECK(p.wait() == 0);
}

TEST_CASE("service: trouble shows in the health answer")
{
    auto p = start({"--health-port", "0", "--mode", "sick"});
    std::string const url = health_url(p);
    p.wait_for_line("site=");
    auto const sick = get(url + "/healthz");
    CHECK(sick.status == 503);
    CHECK(sick.body == "the disk is full\n");
}

TEST_CASE("service: the service manager hears READY and STOPPING")
{
    testing::temp_dir const folder;
    std::string const path = folder / "notify";
    int const fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    timeval const limit{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    auto const heard = [fd] {
        char buffer[100];
        auto const n = ::recv(fd, buffer, sizeof buffer, 0);
        return std::string(buffer, n < 0 ? 0 : static_cast<std::size_t>(n));
    };
    auto p = start({}, {{"NOTIFY_SOCKET", path}});
    CHECK(heard() == "READY=1");
    p.signal(SIGTERM);
    CHECK(heard() == "STOPPING=1");
    CHECK(p.wait() == 0);
    ::close(fd);
}

TEST_CASE("tool: says only what it has to say, and is interrupted by the first signal")
{
    auto quick = start({"--mode", "five"}, {{"CERRO_TEST_TOOL", "1"}});
    CHECK(quick.wait() == 5);
    CHECK(quick.output() == "site=none\n");
    auto slow = start({"--mode", "sleep"}, {{"CERRO_TEST_TOOL", "1"}});
    slow.wait_for_line("site=");
    slow.signal(SIGINT);
    CHECK(slow.wait() == 1);
    CHECK(slow.output() == "site=none\ncerro-test: interrupted\n");
    CHECK(start({"--health-port", "0"}, {{"CERRO_TEST_TOOL", "1"}}).wait() == 2);
}
