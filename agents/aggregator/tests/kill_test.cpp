// A process that writes frames as fast as it can is killed at a random moment, again and again.

#include "messages.hpp"
#include <cerro/aggregator/disk_writer.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;

namespace {

constexpr double start = 1'700'000'000;

/// Records for ever, a file for each 100 seconds of a fast clock. Reports each tick whose frames are written.
[[noreturn]] void record_until_killed(std::string const& dir, int report)
{
    std::shared_ptr<file_layer> const layer = file_layer::system();
    recorder r(start, ::getpid());
    disk_writer disk({dir, 100}, {}, r.session_frame(), start, layer);
    std::uint64_t values = 0;
    for (double now = start + 1;; now += 2) {
        auto const args = message(block("b", {now, now + 0.5}, {{"x", list{1.0, 2.0}}}),
                                  feed("a", "1", {{"frame_length", 1}}));
        (void)take(r, args, at(now));
        values += 2;
        disk.submit(r.tick(at(now + 1.5)), now);
        while (disk.status().written_samples < values) {
            std::this_thread::yield();
        }
        if (::write(report, &values, sizeof values) != sizeof values) {
            ::_exit(1);
        }
    }
}

/// Values in the whole frames of all files; damaged files are counted.
std::uint64_t archived(std::filesystem::path const& dir, std::size_t& torn)
{
    std::uint64_t values = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(dir)) {
        if (!entry.is_regular_file()) {
            continue;
        }
        archive_content const content(testing::read_file(entry.path()));
        torn += content.trouble.empty() ? 0 : 1;
        for (auto const* const data : content.data()) {
            for (auto const& b : data->blocks) {
                values += b.count;
            }
        }
    }
    return values;
}

}  // namespace

TEST_CASE("killed at any moment, all frames that were written are readable, and no file is touched again",
          "[aggregator]")
{
    testing::temp_dir dir;
    std::mt19937 random(20231114);
    std::uint64_t reported = 0;
    for (int round = 0; round < 30; ++round) {
        std::map<std::string, bytes> before;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(dir.path())) {
            if (entry.is_regular_file()) {
                before[entry.path()] = testing::read_file(entry.path());
            }
        }
        int pipe_ends[2];
        REQUIRE(::pipe(pipe_ends) == 0);
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            record_until_killed(dir.path().string(), pipe_ends[1]);
        }
        ::close(pipe_ends[1]);
        std::uint64_t last = 0;
        auto const stop_after = 2 * std::uniform_int_distribution<std::uint64_t>(1, 120)(random);
        while (last < stop_after) {
            std::uint64_t values = 0;
            REQUIRE(::read(pipe_ends[0], &values, sizeof values) == sizeof values);
            last = values;
        }
        REQUIRE(::kill(child, SIGKILL) == 0);
        REQUIRE(::waitpid(child, nullptr, 0) == child);
        std::uint64_t values = 0;
        while (::read(pipe_ends[0], &values, sizeof values) == sizeof values) {
            last = values;
        }
        ::close(pipe_ends[0]);
        reported += last;
        std::size_t torn = 0;
        CHECK(archived(dir.path(), torn) >= reported);
        CHECK(torn <= static_cast<std::size_t>(round + 1));
        for (auto const& [path, octets] : before) {
            CHECK(testing::read_file(path) == octets);
        }
    }
}
