#include "fixtures.hpp"

#include <cerro/g3/file.hpp>
#include <cerro/g3/frames.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::g3;
using namespace cerro::g3::test;

namespace {

void check_frame(frame_view const& frame, boost::json::value const& want)
{
    INFO("frame at offset " << frame.offset);
    CHECK(frame.offset == want.at("offset").to_number<std::uint64_t>());
    CHECK(frame.end == want.at("end").to_number<std::uint64_t>());
    CHECK(frame_type_text(frame.type) == want.at("type").as_string());
    auto const& objects = want.at("objects").as_object();
    CHECK(frame.objects.size() == objects.size());
    for (auto const& view : frame.objects) {
        INFO("object " << view.name);
        auto const object = decode_object(view.archive);
        REQUIRE((object ? "" : object.error().what) == std::string());
        CHECK(difference(object->get(), objects.at(std::string(view.name))) == "");
        CHECK(class_of(view.archive) == (*object)->class_name);
    }
}

/// Reads all frames, comparing with the first ones expected. @return how many, and what is wrong at the end
std::pair<std::size_t, std::optional<damage>> read_all(std::string const& name)
{
    auto const content = file::open(fixture(name));
    REQUIRE((content ? "" : content.error().what) == std::string());
    auto const want = expected(name);
    auto const& frames = want.at("frames").as_array();
    frame_reader reader(content->content(), name);
    frame_view frame;
    std::size_t n = 0;
    while (reader.next(frame)) {
        REQUIRE(n < frames.size());
        check_frame(frame, frames[n++]);
    }
    return {n, reader.trouble()};
}

}  // namespace

TEST_CASE("good files are read to their expected content", "[g3]")
{
    auto const name = GENERATE(as<std::string>{},
                               "v2_session_only.g3",
                               "v2_minimal.g3",
                               "v2_int_widths.g3",
                               "v2_specials.g3",
                               "v2_two_sessions.g3",
                               "v2_mixed_frames.g3",
                               "v2_large.g3",
                               "v2_minimal_c.g3.gz",
                               "v2_minimal_c.g3.bz2",
                               "v2_big_endian.g3",
                               "v2_alias_pointer.g3",
                               "v0_irregblock.g3",
                               "v0_irregblock_translated_v2.g3",
                               "v0_no_version_key.g3",
                               "v1_no_block_names.g3",
                               "v1_no_block_names_translated_v2.g3",
                               "bad_schema.g3",
                               "bad_empty_block.g3",
                               "empty.g3",
                               "agg_run/17000/1700000100.g3",
                               "agg_run/17000/1700000224.g3",
                               "agg_run/17000/1700000362.g3",
                               "agg_run/17000/1700000486.g3",
                               "agg_run/17000/1700000501.g3");
    INFO(name);
    auto const [count, trouble] = read_all(name);
    CHECK((trouble ? trouble->text : "") == "");
    CHECK(count == expected(name).at("frames").as_array().size());
}

TEST_CASE("damaged files give their good frames, then the file and the offset of the damage", "[g3]")
{
    struct expectation {
        std::string name;
        std::size_t frames;
        std::uint64_t offset;
        damage::kind what;
        std::string text;
    };
    using kind = damage::kind;
    // The two tails are where we differ from the reference on purpose: it takes runs of 17 zeros for frames.
    auto const want = GENERATE(values<expectation>({
        {"trunc_mid_frame.g3", 17, 12010, kind::truncated, "object buffer needs 261 octets"},
        {"trunc_one_byte.g3", 17, 12010, kind::truncated, "frame is cut"},
        {"trunc_in_crc.g3", 17, 12010, kind::truncated, "content ends at 12872"},
        {"trunc_in_name.g3", 17, 12010, kind::truncated, "object name needs 7 octets"},
        {"bad_huge_length.g3", 17, 12010, kind::truncated, "object name needs 9223372036854775807 octets"},
        {"bad_crc_frame4.g3",
         4,
         2695,
         kind::checksum,
         "recorded CRC 0x8476b27e does not match calculated 0x7b76b27e"},
        {"bad_payload_frame4.g3",
         4,
         2695,
         kind::checksum,
         "recorded CRC 0x7b76b27e does not match calculated 0x5c278fb3"},
        {"garbage_tail.g3", 18, 12874, kind::end_padding, "37 zero octets follow"},
        {"zero_tail.g3", 3, 1844, kind::end_padding, "34 zero octets follow"},
    }));
    INFO(want.name);
    auto const [count, trouble] = read_all(want.name);
    CHECK(count == want.frames);
    REQUIRE(trouble);
    CHECK(trouble->what == want.what);
    CHECK(trouble->offset == want.offset);
    CHECK_THAT(trouble->text, Catch::Contains(want.name + ": offset " + std::to_string(want.offset) + ": "));
    CHECK_THAT(trouble->text, Catch::Contains(want.text));
}
