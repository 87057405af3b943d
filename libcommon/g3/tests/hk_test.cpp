#include "fixtures.hpp"
#include <cerro/g3/file.hpp>
#include <cerro/g3/hk.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::g3;
using namespace cerro::g3::test;

namespace {

/// The housekeeping frames of a fixture; every one must be readable.
struct hk_file {
    explicit hk_file(std::string const& name) : content(content_of(fixture(name)))
    {
        frame_reader reader(content, name);
        frame_view view;
        while (reader.next(view)) {
            if (view.type != housekeeping_frame) {
                continue;
            }
            auto frame = hk::read_frame(view);
            REQUIRE((frame ? "" : frame.error().what) == std::string());
            frames.push_back(std::move(*frame));
        }
    }
    bytes content;
    std::vector<hk::frame> frames;
};

void same_blocks(hk::data_frame const& a, hk::data_frame const& b)
{
    REQUIRE(a.blocks.size() == b.blocks.size());
    for (std::size_t i = 0; i < a.blocks.size(); ++i) {
        auto const& x = a.blocks[i];
        auto const& y = b.blocks[i];
        CHECK(x.name == y.name);
        CHECK(x.times() == y.times());
        CHECK(x.first == y.first);
        CHECK(x.last == y.last);
        REQUIRE(x.fields.size() == y.fields.size());
        for (std::size_t f = 0; f < x.fields.size(); ++f) {
            CHECK(x.fields[f].name == y.fields[f].name);
            CHECK(*x.fields[f].read() == *y.fields[f].read());
        }
    }
}

}  // namespace

TEST_CASE("session, status and data frames are read as structs", "[g3][hk]")
{
    hk_file const f("v2_minimal.g3");
    REQUIRE(f.frames.size() == 3);
    auto const& session = std::get<hk::session_frame>(f.frames[0].content);
    CHECK(f.frames[0].session_id == 81646385516609813);
    CHECK(session.start_time == 1700000000.0);
    CHECK(session.description == "HK data");
    auto const& status = std::get<hk::status_frame>(f.frames[1].content);
    CHECK(status.timestamp == 1700000001.0);
    CHECK(status.providers == std::vector<hk::provider>{{0, "observatory.dev1.feeds.temps"}});
    CHECK(f.frames[2].offset == 906);
    auto const& data = std::get<hk::data_frame>(f.frames[2].content);
    CHECK(data.prov_id == 0);
    CHECK(data.timestamp == 1700000002.0);
    CHECK(data.address == "observatory.dev1.feeds.temps");
    CHECK(data.provider_session_id == "1699999990.123");
    REQUIRE(data.blocks.size() == 1);
    auto const& block = data.blocks[0];
    CHECK(block.name == "main");
    CHECK(block.count == 2);
    CHECK(block.times() == std::vector<std::int64_t>{170000000200000000, 170000000350000000});
    REQUIRE(block.fields.size() == 4);
    CHECK(block.fields[0].name == "T1");
    CHECK(*block.fields[0].read() == column(std::vector<double>{1.5, -2.25}));
    CHECK(*block.fields[1].read() == column(std::vector<std::int64_t>{7, -8}));
    CHECK(*block.fields[2].read() == column(std::vector<bool>{true, false}));
    CHECK(*block.fields[3].read() == column(std::vector<std::string>{"ok", ""}));
    CHECK(block.fields[3].type == sample_type::text);
}

TEST_CASE("big-endian files give the same structs", "[g3][hk]")
{
    hk_file const f("v2_big_endian.g3");
    auto const want = expected("v2_big_endian.g3");
    auto const& frames = want.at("frames").as_array();
    REQUIRE(f.frames.size() == frames.size());
    auto const& data = std::get<hk::data_frame>(f.frames.back().content);
    auto const& block = frames.back().at_pointer("/objects/blocks/G3VectorFrameObject/0/G3TimesampleMap");
    REQUIRE(data.blocks.size() == 1);
    auto const times = data.blocks[0].times();
    REQUIRE(times.size() == block.at("times").as_array().size());
    for (std::size_t i = 0; i < times.size(); ++i) {
        CHECK(times[i] == block.at("times").as_array()[i].as_int64());
    }
    for (auto const& field : data.blocks[0].fields) {
        REQUIRE(field.read().has_value());
    }
}

TEST_CASE("a block listed twice by pointer is given twice", "[g3][hk]")
{
    hk_file const f("v2_alias_pointer.g3");
    auto const& data = std::get<hk::data_frame>(f.frames.back().content);
    REQUIRE(data.blocks.size() == 2);
    CHECK(data.blocks[0].times() == data.blocks[1].times());
    CHECK(*data.blocks[0].fields.at(0).read() == *data.blocks[1].fields.at(0).read());
}

TEST_CASE("old schemas are read as version 2", "[g3][hk]")
{
    auto const name = GENERATE(as<std::string>{}, "v0_irregblock", "v1_no_block_names");
    hk_file const old(name + ".g3");
    hk_file const converted(name + "_translated_v2.g3");
    REQUIRE(old.frames.size() == converted.frames.size());
    std::size_t compared = 0;
    for (std::size_t i = 0; i < old.frames.size(); ++i) {
        CHECK(old.frames[i].version < 2);
        CHECK(old.frames[i].session_id == converted.frames[i].session_id);
        auto const* const data = std::get_if<hk::data_frame>(&old.frames[i].content);
        if (data != nullptr) {
            same_blocks(*data, std::get<hk::data_frame>(converted.frames[i].content));
            ++compared;
        }
    }
    CHECK(compared > 0);
}

TEST_CASE("a frame without version is of version 0", "[g3][hk]")
{
    hk_file const f("v0_no_version_key.g3");
    REQUIRE_FALSE(f.frames.empty());
    CHECK(f.frames[0].version == 0);
}

TEST_CASE("frames that break the schema are still readable where that is possible", "[g3][hk]")
{
    hk_file const few_names("bad_schema.g3");
    CHECK_FALSE(few_names.frames.empty());
    hk_file const empty_block("bad_empty_block.g3");
    std::size_t empty = 0;
    for (auto const& frame : empty_block.frames) {
        if (auto const* const data = std::get_if<hk::data_frame>(&frame.content)) {
            for (auto const& block : data->blocks) {
                empty += block.count == 0 ? 1 : 0;
                CHECK(block.times().size() == block.count);
            }
        }
    }
    CHECK(empty > 0);
}

TEST_CASE("a housekeeping frame without its objects is refused with offset and object", "[g3][hk]")
{
    frame_view view;
    view.offset = 77;
    view.type = housekeeping_frame;
    auto const frame = hk::read_frame(view);
    REQUIRE(frame.has_error());
    CHECK(frame.error().what == "offset 77: housekeeping frame: session_id: is missing");
}
