#include "failing_files.hpp"
#include "messages.hpp"
#include <cerro/aggregator/disk_writer.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;
using std::chrono::milliseconds;

namespace {

constexpr double start = 1'700'000'100;

/// Some feeds recorded under a fake clock onto a file system in memory.
struct site {
    explicit site(disk_options o = {}) : disk({"/data", 3600}, o, r.session_frame(), start, files) {}

    void second(std::size_t values = 1)
    {
        now += 1;
        list times;
        list numbers;
        for (std::size_t i = 0; i < values; ++i) {
            times.emplace_back(now);
            numbers.emplace_back(1.0 * static_cast<double>(i));
        }
        auto const args =
            message(block("b", times, {{"x", numbers}}), feed("a", "1", {{"frame_length", 0.5}}));
        REQUIRE(take(r, args, at(now)).empty());
        disk.submit(r.tick(at(now + 0.9)), now);
    }
    bool until(std::function<bool(disk_status const&)> const& holds)
    {
        return testing::eventually(testing::patience, [&] { return holds(disk.status()); });
    }
    void end()
    {
        disk.submit(r.finish(at(now)), now);
        disk.finish();
        REQUIRE(until([](auto const& s) { return s.finished; }));
    }
    /// Values in all files; every file must be whole.
    std::uint64_t archived()
    {
        std::uint64_t values = 0;
        for (auto const& [path, octets] : layer.contents()) {
            archive_content const content(octets);
            CHECK(content.trouble.empty());
            for (auto const* const data : content.data()) {
                for (auto const& b : data->blocks) {
                    values += b.count;
                }
            }
        }
        return values;
    }

    std::shared_ptr<failing_files> files = std::make_shared<failing_files>();
    failing_files& layer = *files;
    recorder r{start, 1};
    disk_writer disk;
    double now = start;
};

}  // namespace

TEST_CASE("everything submitted is on disk at the end", "[aggregator]")
{
    site s;
    for (int i = 0; i < 100; ++i) {
        s.second();
    }
    s.end();
    CHECK(s.archived() == 100);
    auto const status = s.disk.status();
    CHECK(status.written_samples == 100);
    CHECK(status.queued_octets == 0);
    CHECK(status.dropped_frames == 0);
    CHECK(status.trouble.empty());
}

TEST_CASE("a stalled disk does not stall who submits, and nothing is lost below the bound", "[aggregator]")
{
    disk_options o;
    o.stall_after = milliseconds(50);
    site s(o);
    REQUIRE(s.until([](auto const& d) { return d.opened; }));
    s.layer.set_stalled(true);
    auto const before = std::chrono::steady_clock::now();
    for (int i = 0; i < 60; ++i) {
        s.second();
    }
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
    CHECK(s.until([](auto const& d) { return d.trouble.find("stalled") != std::string::npos; }));
    CHECK(s.disk.status().queued_octets > 0);
    s.layer.set_stalled(false);
    s.end();
    CHECK(s.archived() == 60);
    CHECK(s.disk.status().dropped_frames == 0);
}

TEST_CASE("above the bound the oldest data frames go, counted, and the rest is readable", "[aggregator]")
{
    disk_options o;
    o.max_queue = 20'000;
    site s(o);
    REQUIRE(s.until([](auto const& d) { return d.opened; }));
    s.layer.set_stalled(true);
    for (int i = 0; i < 60; ++i) {
        s.second(100);
    }
    CHECK(s.disk.status().queued_octets <= 20'000 + 2'000);
    s.layer.set_stalled(false);
    s.end();
    auto const status = s.disk.status();
    CHECK(status.dropped_samples > 0);
    CHECK(s.archived() + status.dropped_samples == 6'000);
    CHECK(s.archived() > 0);
}

TEST_CASE("a full disk is reported, retried, and recording goes on in a new file", "[aggregator]")
{
    disk_options o;
    o.retry_period = milliseconds(20);
    site s(o);
    s.second();
    REQUIRE(s.until([](auto const& d) { return d.written_samples == 1; }));
    s.layer.set_space(0);
    s.second();
    s.second();
    REQUIRE(s.until([](auto const& d) { return d.failures > 2; }));
    CHECK_THAT(s.disk.status().trouble, Catch::Contains("No space left"));
    s.layer.set_space(SIZE_MAX);
    REQUIRE(s.until([](auto const& d) { return d.written_samples == 3; }));
    CHECK(s.disk.status().trouble.empty());
    s.end();
    CHECK(s.archived() == 3);
    CHECK(s.layer.contents().size() == 2);
}

TEST_CASE("a first file that cannot be made is reported", "[aggregator]")
{
    auto const layer = std::make_shared<failing_files>();
    layer->set_permission(false);
    recorder r(start, 1);
    disk_writer disk({"/data", 3600}, {}, r.session_frame(), start, layer);
    REQUIRE(testing::eventually(testing::patience, [&] { return !disk.status().trouble.empty(); }));
    CHECK_FALSE(disk.status().opened);
    CHECK_THAT(disk.status().trouble, Catch::Contains("Permission denied"));
}

TEST_CASE("the end does not wait for a disk that stays full: what is left is counted", "[aggregator]")
{
    site s;
    REQUIRE(s.until([](auto const& d) { return d.opened; }));
    s.layer.set_space(0);
    s.second();
    s.second();
    s.end();
    CHECK(s.disk.status().dropped_samples == 2);
}

TEST_CASE("a writer that the disk holds up can be given up, and writes the rest when the disk moves again",
          "[aggregator]")
{
    auto s = std::make_unique<site>();
    auto const files = s->files;
    REQUIRE(s->until([](auto const& d) { return d.opened; }));
    files->set_stalled(true);
    s->second();
    REQUIRE(testing::eventually(testing::patience, [&] { return files->waiting() == 1; }));
    s->second();
    auto const before = std::chrono::steady_clock::now();
    s->disk.finish();
    s.reset();
    CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
    CHECK(files->waiting() == 1);
    files->set_stalled(false);
    CHECK(testing::eventually(testing::patience, [&] {
        auto const contents = files->contents();
        archive_content const content(contents.begin()->second);
        return content.trouble.empty() && content.data().size() == 2;
    }));
}
