#include "fixtures.hpp"
#include <cerro/g3/hk.hpp>
#include <cerro/g3/writer.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::g3;
using namespace cerro::g3::test;

namespace {

/// Reads a housekeeping file and writes it again with our writer.
bytes rewritten(std::string const& name)
{
    auto const content = content_of(fixture(name));
    frame_reader reader(content, name);
    frame_view view;
    bytes out;
    hk::session_writer writer(0, 0, "");
    while (reader.next(view)) {
        auto const frame = hk::read_frame(view);
        REQUIRE((frame ? "" : frame.error().what) == std::string());
        if (auto const* const session = std::get_if<hk::session_frame>(&frame->content)) {
            writer = hk::session_writer(session->start_time, frame->session_id, session->description);
            out += writer.session_frame();
        } else if (auto const* const status = std::get_if<hk::status_frame>(&frame->content)) {
            out += writer.status_frame(status->timestamp, status->providers);
        } else {
            auto const& data = std::get<hk::data_frame>(frame->content);
            hk::data d;
            d.prov_id = data.prov_id;
            d.timestamp = data.timestamp;
            d.address = data.address;
            d.provider_session_id = data.provider_session_id;
            for (auto const& block : data.blocks) {
                hk::block b;
                b.name = block.name;
                b.times = block.times();
                for (auto const& field : block.fields) {
                    b.fields.emplace(field.name, *field.read());
                }
                d.blocks.push_back(std::move(b));
            }
            out += writer.data_frame(d);
        }
    }
    REQUIRE_FALSE(reader.trouble());
    return out;
}

}  // namespace

TEST_CASE("files of the reference are written again octet for octet", "[g3][hk]")
{
    auto const name = GENERATE(as<std::string>{},
                               "v2_session_only.g3",
                               "v2_minimal.g3",
                               "v2_int_widths.g3",
                               "v2_specials.g3",
                               "v2_two_sessions.g3",
                               "v2_large.g3",
                               "agg_run/17000/1700000100.g3",
                               "agg_run/17000/1700000224.g3",
                               "agg_run/17000/1700000362.g3",
                               "agg_run/17000/1700000486.g3",
                               "agg_run/17000/1700000501.g3");
    INFO(name);
    auto const ours = rewritten(name);
    auto const theirs = content_of(fixture(name));
    REQUIRE(ours.size() == theirs.size());
    CHECK(std::mismatch(ours.begin(), ours.end(), theirs.begin()).first - ours.begin() ==
          static_cast<std::ptrdiff_t>(theirs.size()));
}

TEST_CASE("archives of scalars have the lengths of the format", "[g3]")
{
    CHECK(encode_int(2).size() == 38);
    CHECK(encode_double(2).size() == 41);
    CHECK(encode_string("seven77").size() == 48);
}

TEST_CASE("integers are stored at the smallest width for all", "[g3]")
{
    auto const width = [](std::vector<std::int64_t> values) {
        auto const n = values.size();
        auto const octets = encode_column(std::move(values));
        auto const empty = encode_column(std::vector<std::int64_t>{});
        return n == 0 ? 0 : (octets.size() - empty.size()) / n;
    };
    CHECK(width({127, -128}) == 1);
    CHECK(width({0, 0}) == 1);
    CHECK(width({128}) == 2);
    CHECK(width({-129}) == 2);
    CHECK(width({32768}) == 4);
    CHECK(width({std::int64_t{1} << 31}) == 8);
    CHECK(width({INT64_MIN, 0}) == 8);
}

TEST_CASE("session ids follow the formula", "[g3][hk]")
{
    CHECK(hk::make_session_id(1700000100.25, 4242, "HK data") == 456340302113054132);
    CHECK(hk::make_session_id(1700000101, 1, "HK data") > hk::make_session_id(1700000100, 9999, "HK data"));
}

TEST_CASE("blocks without samples are left out, and a frame may have no providers", "[g3][hk]")
{
    hk::session_writer const writer(1700000000.0, 1);
    hk::data d;
    d.timestamp = 5;
    d.blocks.resize(2);
    d.blocks[0].name = "empty";
    d.blocks[1] = {"full", {10, 20}, {{"x", std::vector<double>{1, 2}}}};
    auto const content = writer.status_frame(1, {}) + writer.data_frame(d);
    frame_reader reader(content, "x");
    frame_view view;
    REQUIRE(reader.next(view));
    CHECK(std::get<hk::status_frame>(hk::read_frame(view)->content).providers.empty());
    REQUIRE(reader.next(view));
    auto const frame = hk::read_frame(view);
    auto const& blocks = std::get<hk::data_frame>(frame->content).blocks;
    REQUIRE(blocks.size() == 1);
    CHECK(blocks[0].name == "full");
    CHECK_FALSE(reader.next(view));
    CHECK_FALSE(reader.trouble());
}
