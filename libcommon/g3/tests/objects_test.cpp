#include "../src/encoder.hpp"
#include "fixtures.hpp"
#include <cerro/g3/objects.hpp>
#include <cerro/g3/writer.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::g3;

namespace {

template <class Body>
bytes archive(std::string_view class_name, std::uint32_t version, Body body)
{
    bytes out;
    encoder e(out);
    e.open_archive(class_name, version);
    body(e);
    return out;
}

object_ptr decoded(bytes const& octets)
{
    auto o = decode_object(octets);
    REQUIRE((o ? "" : o.error().what) == std::string());
    REQUIRE(*o != nullptr);
    return *o;
}

std::string refusal(bytes const& octets)
{
    auto const o = decode_object(octets);
    return o ? "" : o.error().what;
}

}  // namespace

TEST_CASE("scalars are decoded", "[g3]")
{
    CHECK(*decoded(encode_int(-3))->as<std::int64_t>() == -3);
    CHECK(*decoded(encode_double(0.5))->as<double>() == 0.5);
    CHECK(*decoded(encode_string("x"))->as<std::string>() == "x");
    CHECK(*decoded(archive("G3Bool", 1, [](auto& e) { e.template number<std::uint8_t>(1); }))->as<bool>());
    CHECK(decoded(archive("G3Time", 1, [](auto& e) { e.template number<std::int64_t>(5); }))
              ->as<ticks>()
              ->count == 5);
}

TEST_CASE("maps of plain values are decoded, also in their older form", "[g3]")
{
    auto const doubles = decoded(archive("G3MapDouble", 1, [](auto& e) {
        e.template number<std::uint64_t>(1);
        e.text("k");
        e.number(2.5);
    }));
    auto const* const map = doubles->as<object_map>();
    REQUIRE((map != nullptr && map->entries.size() == 1));
    CHECK(map->entries[0].first == "k");
    CHECK(*map->entries[0].second->as<double>() == 2.5);

    auto const old_ints = decoded(archive("G3MapInt", 1, [](auto& e) {
        e.template number<std::uint64_t>(1);
        e.text("k");
        e.template number<std::int32_t>(-7);
    }));
    CHECK(*old_ints->as<object_map>()->entries.at(0).second->as<std::int64_t>() == -7);

    auto const int_vectors = decoded(archive("G3MapVectorInt", 2, [](auto& e) {
        e.u32(1);
        e.text("k");
        e.template number<std::int32_t>(16);
        e.template number<std::uint64_t>(2);
        e.template number<std::int16_t>(-300);
        e.template number<std::int16_t>(300);
    }));
    CHECK(*int_vectors->as<object_map>()->entries.at(0).second->as<std::vector<std::int64_t>>() ==
          std::vector<std::int64_t>{-300, 300});

    auto const old_vector = decoded(archive("G3VectorInt", 1, [](auto& e) {
        e.template number<std::uint64_t>(1);
        e.template number<std::int32_t>(-9);
    }));
    CHECK(*old_vector->as<std::vector<std::int64_t>>() == std::vector<std::int64_t>{-9});
}

TEST_CASE("an unknown class is passed over where its extent is known", "[g3]")
{
    auto const unknown = archive("SomeNewClass", 9, [](auto& e) { e.raw("anything"); });
    CHECK(class_of(unknown) == "SomeNewClass");
    CHECK(decoded(unknown)->as<std::monostate>() != nullptr);

    auto const map = decoded(archive("G3MapFrameObject", 1, [&](auto& e) {
        e.u32(2);
        e.text("a");
        e.text(unknown);
        e.text("b");
        e.text(encode_int(1));
    }));
    auto const& entries = map->as<object_map>()->entries;
    REQUIRE(entries.size() == 2);
    CHECK(entries[0].second->class_name == "SomeNewClass");
    CHECK(*entries[1].second->as<std::int64_t>() == 1);

    auto const in_list = archive("G3VectorFrameObject", 1, [](auto& e) {
        e.template number<std::uint64_t>(1);
        e.first_of_class("SomeNewClass", 1, 2, 2);
    });
    CHECK(refusal(in_list) == "class SomeNewClass in a list is not known");
}

TEST_CASE("newer class versions are refused in the reference's words", "[g3]")
{
    auto const octets = archive("G3Int", 2, [](auto& e) { e.template number<std::int64_t>(1); });
    auto const o = decode_object(octets);
    REQUIRE(o.has_error());
    CHECK(o.error().code == errc::unsupported);
    CHECK(o.error().what ==
          "G3Int: Trying to read newer class version (2) than supported (1). Please upgrade your software.");
}

TEST_CASE("hostile lengths are refused before memory is taken", "[g3]")
{
    for (auto const* const name : {"G3VectorDouble",
                                   "G3VectorString",
                                   "G3VectorBool",
                                   "G3VectorTime",
                                   "G3VectorFrameObject",
                                   "G3MapDouble",
                                   "G3MapVectorString",
                                   "G3VectorUnsignedChar",
                                   "G3VectorComplexDouble"}) {
        INFO(name);
        auto const octets =
            archive(name, 1, [](auto& e) { e.template number<std::uint64_t>(std::uint64_t{1} << 61U); });
        CHECK(refusal(octets) != "");
    }
    auto const map = archive("G3MapFrameObject", 1, [](auto& e) { e.u32(0xFFFFFFFFU); });
    CHECK_THAT(refusal(map), Catch::Contains("4294967295 elements announced"));
}

TEST_CASE("octets left over, a foreign byte-order flag and a self-reference are refused", "[g3]")
{
    CHECK(refusal(encode_int(1) + "x") == "1 octets left over after the object");
    CHECK_THAT(refusal("\x02" + encode_int(1).substr(1)), Catch::Contains("byte-order flag"));
    CHECK(refusal("") != "");
    auto const cycle = archive("G3VectorFrameObject", 1, [](auto& e) {
        e.template number<std::uint64_t>(1);
        e.u32(1);
        e.u32(1);
    });
    CHECK_THAT(refusal(cycle), Catch::Contains("names no finished object"));
}

TEST_CASE("nesting and repetition by aliases have limits", "[g3]")
{
    bytes nested = encode_int(1);
    for (int i = 0; i < 40; ++i) {
        nested = archive("G3MapFrameObject", 1, [&](auto& e) {
            e.u32(1);
            e.text("k");
            e.text(nested);
        });
    }
    auto const deep = decode_object(nested);
    REQUIRE(deep.has_error());
    CHECK(deep.error().code == errc::limit_exceeded);

    // Each list holds the one before ten times: 10^20 objects for who would walk them.
    auto const bomb = archive("G3VectorFrameObject", 1, [](auto& e) {
        e.template number<std::uint64_t>(20);
        for (std::uint32_t id = 2; id < 22; ++id) {
            e.next_of_class(1, id);
            e.template number<std::uint64_t>(id == 2 ? 0 : 10);
            for (int i = 0; id > 2 && i < 10; ++i) {
                e.u32(1);
                e.u32(id - 1);
            }
        }
    });
    auto const wide = decode_object(bomb);
    REQUIRE(wide.has_error());
    CHECK(wide.error().code == errc::limit_exceeded);
}
