#include "fixtures.hpp"
#include <cerro/base/crc32c.hpp>
#include <cerro/g3/file.hpp>
#include <cerro/g3/frames.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace cerro;
using namespace cerro::g3;
using namespace cerro::g3::test;

TEST_CASE("the CRC has no initial value and no inversion, and chains", "[g3]")
{
    CHECK(crc32c("") == 0);
    CHECK(crc32c("123456789") == 0x58E3FA20U);
    CHECK(crc32c("6789", crc32c("12345")) == 0x58E3FA20U);
}

TEST_CASE("a file cut at any octet gives all whole frames and never one more", "[g3]")
{
    auto const whole = content_of(fixture("v2_minimal.g3"));
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        frame_reader reader(byte_view(whole).substr(0, cut), "cut.g3");
        frame_view frame;
        std::size_t frames = 0;
        while (reader.next(frame)) {
            ++frames;
        }
        INFO("cut at " << cut);
        CHECK(frames == (cut < 354 ? 0U : cut < 906 ? 1U : 2U));
        bool const at_border = cut == 0 || cut == 354 || cut == 906;
        CHECK(reader.trouble().has_value() == !at_border);
    }
}

TEST_CASE("a frame with a wrong CRC can be passed over", "[g3]")
{
    auto const content = content_of(fixture("bad_payload_frame4.g3"));
    frame_reader reader(content, "x.g3");
    frame_view frame;
    std::size_t frames = 0;
    while (reader.next(frame)) {
        ++frames;
    }
    CHECK(reader.offset() == 2695);
    REQUIRE(reader.resume());
    while (reader.next(frame)) {
        ++frames;
    }
    CHECK(frames == 17);
    CHECK_FALSE(reader.trouble());
    CHECK_FALSE(reader.resume());
}

TEST_CASE("a truncated frame cannot be passed over", "[g3]")
{
    auto const content = content_of(fixture("trunc_mid_frame.g3"));
    frame_reader reader(content, "x.g3", 12010);
    frame_view frame;
    CHECK_FALSE(reader.next(frame));
    CHECK_FALSE(reader.resume());
}

TEST_CASE("an object count that cannot be is refused before memory is taken for it", "[g3]")
{
    auto content = content_of(fixture("v2_session_only.g3"));
    content[5] = content[6] = content[7] = content[8] = '\xff';
    frame_reader reader(content, "x.g3");
    frame_view frame;
    CHECK_FALSE(reader.next(frame));
    REQUIRE(reader.trouble());
    CHECK(reader.trouble()->what == damage::kind::limit);
}

TEST_CASE("the first object of a name counts", "[g3]")
{
    frame_view frame;
    frame.objects = {{"a", "1", 0}, {"b", "2", 0}, {"a", "3", 0}};
    REQUIRE(frame.find("a") != nullptr);
    CHECK(frame.find("a")->archive == "1");
    CHECK(frame.find("c") == nullptr);
}

TEST_CASE("frame types of several characters are shown in order", "[g3]")
{
    CHECK(frame_type_text('H') == "H");
    CHECK(frame_type_text(0x5171) == "Qq");
    CHECK(frame_type_text(0x0148) == "?H");
}

TEST_CASE("files that cannot be opened or unpacked are refused by name", "[g3]")
{
    auto const missing = file::open("/nonexistent/1.g3");
    REQUIRE(missing.has_error());
    CHECK(missing.error().code == errc::not_found);
    CHECK_THAT(missing.error().what, Catch::Contains("/nonexistent/1.g3"));

    auto const folder = file::open("/tmp");
    REQUIRE(folder.has_error());
    CHECK_THAT(folder.error().what, Catch::Contains("not a regular file"));

    char name[] = "/tmp/g3-test-XXXXXX";
    std::filesystem::path const dir = ::mkdtemp(name);
    for (auto const* const suffix : {"gz", "bz2"}) {
        auto const packed = content_of(fixture(std::string("v2_minimal_c.g3.") + suffix));
        auto const cut = dir / (std::string("cut.g3.") + suffix);
        std::ofstream(cut, std::ios::binary) << packed.substr(0, packed.size() - 40);
        auto const broken = file::open(cut);
        REQUIRE(broken.has_error());
        CHECK(broken.error().code == errc::malformed);
        CHECK_THAT(broken.error().what, Catch::Contains(cut.string()));

        file_limits small;
        small.max_unpacked = 100;
        auto const large = file::open(fixture(std::string("v2_minimal_c.g3.") + suffix), small);
        REQUIRE(large.has_error());
        CHECK(large.error().code == errc::limit_exceeded);
    }
    std::filesystem::remove_all(dir);
}
