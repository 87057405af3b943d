#include "failing_files.hpp"
#include "messages.hpp"
#include <cerro/g3/writer.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

#include <filesystem>

using namespace cerro;
using namespace cerro::aggregator;
using namespace cerro::aggregator::test;

namespace {

constexpr double start = 1'700'000'100;

struct frames {
    g3::hk::session_writer writer{start, 1};
    bytes session = writer.session_frame();
    [[nodiscard]] bytes status() const
    {
        std::vector<g3::hk::provider> const providers{{0, "observatory.a.feeds.f"}};
        return writer.status_frame(start, providers);
    }
    [[nodiscard]] bytes data(double timestamp) const
    {
        g3::hk::data d;
        d.timestamp = timestamp;
        d.address = "observatory.a.feeds.f";
        d.blocks.push_back({"b", {*g3::to_ticks(timestamp)}, {{"x", std::vector<double>{1.0}}}});
        return writer.data_frame(d);
    }
};

}  // namespace

TEST_CASE("a new file begins with the session and the status in force", "[aggregator]")
{
    frames const f;
    failing_files layer;
    archive a({"/data", 100}, f.session, layer);
    REQUIRE(a.open(start).has_value());
    CHECK(a.current_file() == "/data/17000/1700000100.g3");
    REQUIRE(a.write_status(f.status(), start + 1).has_value());
    REQUIRE(a.write_data(f.data(start + 50), start + 50).has_value());
    REQUIRE(a.rotate(start + 100).has_value());
    CHECK_FALSE(a.current_file().empty());
    REQUIRE(a.rotate(start + 101).has_value());
    CHECK(a.current_file().empty());
    CHECK(layer.contents().size() == 1);  // the next file waits for a frame
    REQUIRE(a.write_data(f.data(start + 150), start + 150).has_value());
    auto const contents = layer.contents();
    CHECK(contents.at("/data/17000/1700000100.g3") == f.session + f.status() + f.data(start + 50));
    CHECK(contents.at("/data/17000/1700000250.g3") == f.session + f.status() + f.data(start + 150));
}

TEST_CASE("a status frame that opens a file is not written twice", "[aggregator]")
{
    frames const f;
    failing_files layer;
    archive a({"/data", 10}, f.session, layer);
    REQUIRE(a.write_status(f.status(), start).has_value());
    REQUIRE(a.rotate(start + 11).has_value());
    REQUIRE(a.write_status(f.status(), start + 20).has_value());
    REQUIRE(a.write_data(f.data(start + 20), start + 20).has_value());
    CHECK(layer.contents().at("/data/17000/1700000120.g3") == f.session + f.status() + f.data(start + 20));
}

TEST_CASE("no name is used twice", "[aggregator]")
{
    frames const f;
    testing::temp_dir dir;
    auto const layer = file_layer::system();
    auto const earlier = dir / "17000" / "1700000100.g3";
    std::filesystem::create_directories(earlier.parent_path());
    testing::write_file(earlier, "precious");
    archive a({dir.path().string(), 100}, f.session, *layer);
    REQUIRE(a.open(start).has_value());
    CHECK(a.current_file() == (dir / "17000" / "1700000101.g3").string());
    REQUIRE(a.close().has_value());
    REQUIRE(a.open(start).has_value());
    CHECK(a.current_file() == (dir / "17000" / "1700000102.g3").string());
    CHECK(testing::read_file(earlier) == "precious");
}

TEST_CASE("the folder follows the second that was free", "[aggregator]")
{
    frames const f;
    failing_files layer;
    archive first({"/data", 100}, f.session, layer);
    REQUIRE(first.open(1'700'099'999.5).has_value());
    archive second({"/data", 100}, f.session, layer);
    REQUIRE(second.open(1'700'099'999.5).has_value());
    CHECK(second.current_file() == "/data/17001/1700100000.g3");
}

TEST_CASE("a full disk leaves whole frames only, and the next write opens another file", "[aggregator]")
{
    frames const f;
    failing_files layer;
    archive a({"/data", 100}, f.session, layer);
    REQUIRE(a.write_status(f.status(), start).has_value());
    layer.set_space(100);
    auto const failed = a.write_data(f.data(start + 5), start + 5);
    REQUIRE(failed.has_error());
    CHECK_THAT(failed.error().what,
               Catch::Contains("/data/17000/1700000100.g3: cannot write: No space left"));
    CHECK(a.current_file().empty());
    CHECK(layer.contents().at("/data/17000/1700000100.g3") == f.session + f.status());

    layer.set_space(400);  // room for the session frame, not for more
    REQUIRE(a.write_data(f.data(start + 6), start + 6).has_error());
    CHECK(layer.contents().size() == 1);  // no file without content stays behind

    layer.set_space(SIZE_MAX);
    REQUIRE(a.write_data(f.data(start + 7), start + 7).has_value());
    CHECK(layer.contents().at("/data/17000/1700000107.g3") == f.session + f.status() + f.data(start + 7));
}

TEST_CASE("a file removed while it is written is noticed", "[aggregator]")
{
    frames const f;
    testing::temp_dir dir;
    auto const layer = file_layer::system();
    archive a({dir.path().string(), 100}, f.session, *layer);
    REQUIRE(a.write_status(f.status(), start).has_value());
    std::filesystem::remove_all(dir / "17000");
    auto const failed = a.write_data(f.data(start + 1), start + 1);
    REQUIRE(failed.has_error());
    CHECK_THAT(failed.error().what, Catch::Contains("removed while it was written"));
    REQUIRE(a.write_data(f.data(start + 1), start + 1).has_value());
    CHECK(testing::read_file(dir / "17000" / "1700000101.g3") == f.session + f.status() + f.data(start + 1));
}

TEST_CASE("a data folder that cannot be made is named", "[aggregator]")
{
    frames const f;
    auto const layer = file_layer::system();
    archive a({"/proc/nowhere", 100}, f.session, *layer);
    auto const failed = a.open(start);
    REQUIRE(failed.has_error());
    CHECK_THAT(failed.error().what, Catch::Contains("/proc/nowhere/17000"));
}
