#include "format.hpp"
#include <cerro/base/result.hpp>
#include <cerro/log/spawn.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>

using namespace cerro;
using log::level;

namespace {

std::string text(log::fields f)
{
    return log::text_line("T", level::info, "router", "event", f);
}

std::string json(log::fields f)
{
    return log::json_line("T", level::warn, "router", "event", f);
}

std::string contents(std::filesystem::path const& path)
{
    std::ifstream file(path);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// Puts standard output and the settings back at the end of a test.
struct restore_log {
    int saved = ::dup(1);
    ~restore_log()
    {
        ::dup2(saved, 1);
        ::close(saved);
        log::configure({});
    }
};

}  // namespace

TEST_CASE("log: the time is UTC in the form of OCS")
{
    CHECK(log::stamp(std::chrono::system_clock::from_time_t(1795233451)) == "2026-11-21T03:57:31+0000");
}

TEST_CASE("log: a text line has its parts in order and numbers bare")
{
    CHECK(
        log::text_line("2026-11-21T03:57:31+0000",
                       level::info,
                       "router",
                       "session_joined",
                       {{"session", 17}, {"realm", "test_realm"}, {"tls", true}, {"load", 0.5}}) ==
        "2026-11-21T03:57:31+0000 info router session_joined session=17 realm=test_realm tls=true load=0.5");
}

TEST_CASE("log: text that could be taken for another field or line is quoted and escaped")
{
    CHECK(text({{"a", "two words"}}) == R"(T info router event a="two words")");
    CHECK(text({{"a", ""}}) == R"(T info router event a="")");
    CHECK(text({{"a", "x=1"}}) == R"(T info router event a="x=1")");
    CHECK(text({{"a", "say \"hi\" \\"}}) == R"(T info router event a="say \"hi\" \\")");
    CHECK(text({{"a", "x\nT error forged"}}) == R"(T info router event a="x\nT error forged")");
    CHECK(text({{"a", std::string("\x1b[0m\0", 5)}}) == "T info router event a=\"\\u001b[0m\\u0000\"");
}

TEST_CASE("log: a JSON line holds the same data, typed")
{
    CHECK(
        json({{"n", 17}, {"ok", false}, {"s", "17"}, {"q", "a\"b"}}) ==
        R"({"time":"T","level":"warn","component":"router","event":"event","n":17,"ok":false,"s":"17","q":"a\"b"})");
}

TEST_CASE("log: what JSON cannot hold is made harmless")
{
    CHECK(json({{"x", std::numeric_limits<double>::quiet_NaN()}}).find(R"("x":"nan")") != std::string::npos);
    CHECK(json({{"x", -std::numeric_limits<double>::infinity()}}).find(R"("x":"-inf")") != std::string::npos);
    CHECK(json({{"x", "a\xff\xc3"}}).find("\"x\":\"a\xef\xbf\xbd\xef\xbf\xbd\"") != std::string::npos);
    CHECK(json({{"x", "\xed\xa0\x80"}}).find("\xed\xa0\x80") == std::string::npos);
    CHECK(json({{"x", "caf\xc3\xa9"}}).find("caf\xc3\xa9") != std::string::npos);
}

TEST_CASE("log: the names of LOGLEVEL")
{
    CHECK(log::parse_level("critical") == level::error);
    CHECK(log::parse_level("error") == level::error);
    CHECK(log::parse_level("warn") == level::warn);
    CHECK(log::parse_level("debug") == level::debug);
    CHECK(log::parse_level("trace") == level::trace);
    CHECK(log::parse_level("loud") == level::info);
}

TEST_CASE("log: lines at or above the threshold are appended to the file, others are not")
{
    restore_log const restore;
    auto const path = std::filesystem::temp_directory_path() / ("cerro-log-" + std::to_string(::getpid()));
    std::ofstream(path) << "before\n";
    log::settings s;
    s.threshold = level::warn;
    s.file = path;
    log::configure(s);
    CHECK_FALSE(log::enabled(level::info));
    CHECK(log::configured().file == path.string());
    log::info("test", "not_this");
    log::warn("test", "this", {{"n", 1}});
    std::string const all = contents(path);
    std::filesystem::remove(path);
    CHECK(all.substr(0, 7) == "before\n");
    CHECK(all.find("not_this") == std::string::npos);
    CHECK(all.find(" warn test this n=1\n") != std::string::npos);
}

TEST_CASE("log: a file that cannot be written is refused by name")
{
    restore_log const restore;
    log::settings s;
    s.file = "/proc/nowhere/x.log";
    CHECK_THROWS_WITH(log::configure(s), Catch::Contains("/proc/nowhere/x.log"));
}

TEST_CASE("log: the exception that ended a task is logged with the task's name, success is not")
{
    restore_log const restore;
    auto const path = std::filesystem::temp_directory_path() / ("cerro-task-" + std::to_string(::getpid()));
    log::settings s;
    s.file = path.string();
    log::configure(s);
    auto const done = log::log_exception("hub", "watching the bees");
    done(nullptr);
    done(std::make_exception_ptr(std::runtime_error("stung")));
    done(std::make_exception_ptr(7), 42);
    std::string const all = contents(path);
    std::filesystem::remove(path);
    CHECK(std::count(all.begin(), all.end(), '\n') == 2);
    CHECK(all.find(" error hub task_failed task=\"watching the bees\" error=stung\n") != std::string::npos);
    CHECK(all.find("no std::exception") != std::string::npos);
}

TEST_CASE("log: a closed standard output is survived")
{
    restore_log const restore;
    ::close(1);
    log::error("test", "nobody_hears");
    SUCCEED();
}

TEST_CASE("log: a limiter lets one through each period and counts the rest")
{
    log::limiter hourly(3600.0);
    std::uint64_t suppressed = 99;
    CHECK(hourly.allow(suppressed));
    CHECK(suppressed == 0);
    CHECK_FALSE(hourly.allow(suppressed));
    CHECK_FALSE(hourly.allow(suppressed));

    log::limiter never(0.0);
    CHECK(never.allow(suppressed));
    CHECK(never.allow(suppressed));
    CHECK(suppressed == 0);
}
