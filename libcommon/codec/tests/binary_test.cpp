#include "hex.hpp"
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace cerro;
namespace codec = cerro::codec;
using codec::serializer;

namespace {

struct row {
    std::string_view hex;
    value v;
};

void check_reads(serializer s, std::vector<row> const& rows)
{
    for (auto const& [hex, wanted] : rows) {
        INFO(codec::name(s) << ' ' << hex);
        auto const input = octets(hex);
        auto const v = codec::decode(s, input);
        REQUIRE(v.has_value());
        CHECK(*v == wanted);
        auto const end = codec::skip(s, input, 0);
        REQUIRE(end.has_value());
        CHECK(*end == input.size());
        for (std::size_t size = 0; size < input.size(); ++size) {
            auto const shorter = input.substr(0, size);
            CHECK(codec::decode(s, shorter).has_error());
            CHECK(codec::skip(s, shorter, 0).has_error());
        }
    }
}

void check_writes(serializer s, std::vector<row> const& rows)
{
    for (auto const& [hex, v] : rows) {
        INFO(codec::name(s) << ' ' << hex);
        CHECK(codec::encode(s, v) == octets(hex));
    }
}

void check_refused(serializer s, std::vector<std::string_view> const& inputs)
{
    for (auto const hex : inputs) {
        INFO(codec::name(s) << ' ' << hex);
        CHECK(codec::decode(s, octets(hex)).has_error());
        CHECK(codec::skip(s, octets(hex), 0).has_error());
    }
}

constexpr auto int_min = std::numeric_limits<std::int64_t>::min();
constexpr auto uint_max = std::numeric_limits<std::uint64_t>::max();

}  // namespace

TEST_CASE("msgpack: the smallest form is written")
{
    std::vector<row> const rows{{"c0", {}},
                                {"c2", false},
                                {"c3", true},
                                {"00", 0},
                                {"7f", 127},
                                {"cc80", 128},
                                {"ccff", 255},
                                {"cd0100", 256},
                                {"ce00010000", 65536},
                                {"cf0000000100000000", 4294967296},
                                {"cfffffffffffffffff", uint_max},
                                {"ff", -1},
                                {"e0", -32},
                                {"d0df", -33},
                                {"d1ff7f", -129},
                                {"d2ffff7fff", -32769},
                                {"d38000000000000000", int_min},
                                {"cb3ff8000000000000", 1.5},
                                {"cb3ff0000000000000", 1.0},
                                {"cb8000000000000000", -0.0},
                                {"a0", ""},
                                {"a161", "a"},
                                {"c403000102", binary{octets("000102")}},
                                {"90", list{}},
                                {"9201a162", list{1, "b"}},
                                {"80", dict{}},
                                {"81a16b93c0c2c3", dict{{"k", list{{}, false, true}}}}};
    check_writes(serializer::msgpack, rows);
    check_reads(serializer::msgpack, rows);
    CHECK(codec::encode(serializer::msgpack, std::string(40, 'x')).starts_with("\xd9\x28"));
    CHECK(codec::encode(serializer::msgpack, std::string(300, 'x')).starts_with("\xda\x01\x2c"));
    CHECK(codec::encode(serializer::msgpack, list(16)).substr(0, 3) == octets("dc0010"));
}

TEST_CASE("msgpack: every other width and extension types are read")
{
    check_reads(serializer::msgpack,
                {{"cc05", 5},
                 {"cd0005", 5},
                 {"ce00000005", 5},
                 {"cf0000000000000005", 5},
                 {"d005", 5},
                 {"d10005", 5},
                 {"d200000005", 5},
                 {"d30000000000000005", 5},
                 {"ca3fc00000", 1.5},
                 {"d90161", "a"},
                 {"da000161", "a"},
                 {"db0000000161", "a"},
                 {"c5000161", binary{"a"}},
                 {"c60000000161", binary{"a"}},
                 {"dc000101", list{1}},
                 {"dd0000000101", list{1}},
                 {"de0001a16101", dict{{"a", 1}}},
                 {"df00000001a16101", dict{{"a", 1}}},
                 {"d40561", binary{"a"}},
                 {"d5056162", binary{"ab"}},
                 {"c7020561 62", binary{"ab"}},
                 {"c70005", binary{}}});
}

TEST_CASE("msgpack: keys that are no text become text, lists and dicts as keys are refused")
{
    check_reads(serializer::msgpack,
                {{"8101a161", dict{{"1", "a"}}},
                 {"81c001", dict{{"null", 1}}},
                 {"81c301", dict{{"true", 1}}},
                 {"81c4016101", dict{{"a", 1}}}});
    check_refused(serializer::msgpack, {"819001", "818001", "c1", "91c1"});
}

TEST_CASE("cbor: the smallest form is written, doubles in full")
{
    std::vector<row> const rows{{"f6", {}},
                                {"f4", false},
                                {"f5", true},
                                {"00", 0},
                                {"17", 23},
                                {"1818", 24},
                                {"190100", 256},
                                {"1a00010000", 65536},
                                {"1b0000000100000000", 4294967296},
                                {"1bffffffffffffffff", uint_max},
                                {"20", -1},
                                {"3863", -100},
                                {"3b7fffffffffffffff", int_min},
                                {"fb3ff8000000000000", 1.5},
                                {"60", ""},
                                {"6161", "a"},
                                {"43000102", binary{octets("000102")}},
                                {"80", list{}},
                                {"82016162", list{1, "b"}},
                                {"a0", dict{}},
                                {"a1616b83f6f4f5", dict{{"k", list{{}, false, true}}}}};
    check_writes(serializer::cbor, rows);
    check_reads(serializer::cbor, rows);
}

TEST_CASE("cbor: half and single floats, indefinite lengths, tags and bignums are read")
{
    auto const infinity = std::numeric_limits<double>::infinity();
    check_reads(serializer::cbor,
                {{"f93c00", 1.0},
                 {"f97bff", 65504.0},
                 {"f90001", 5.960464477539063e-8},
                 {"f9c400", -4.0},
                 {"f97c00", infinity},
                 {"f9fc00", -infinity},
                 {"fa47c35000", 100000.0},
                 {"f7", {}},
                 {"9fff", list{}},
                 {"9f0102ff", list{1, 2}},
                 {"bfff", dict{}},
                 {"bf616101616202ff", dict{{"a", 1}, {"b", 2}}},
                 {"7f61616162ff", "ab"},
                 {"5f41614162ff", binary{"ab"}},
                 {"7fff", ""},
                 {"9f9fff80ff", list{list{}, list{}}},
                 {"c11a514b67b0", 1363896240},
                 {"c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"},
                 {"c249010000000000000000", 18446744073709551616.0},
                 {"c2420100", 256},
                 {"c24101", 1},
                 {"c34100", -1},
                 {"c348 ffffffffffffffff", -18446744073709551616.0},
                 {"3bffffffffffffffff", -18446744073709551616.0},
                 {"d9d9f700", 0},
                 {"a10102", dict{{"1", 2}}},
                 {"a1c0616101", dict{{"a", 1}}}});
    CHECK(std::isnan(*codec::decode(serializer::cbor, octets("f97e00"))->as_double()));
}

TEST_CASE("cbor: malformed input is refused")
{
    check_refused(serializer::cbor,
                  {"ff",
                   "81ff",
                   "9f01",
                   "bf6161ff",
                   "a1ff01",
                   "bf01ff",
                   "7f4161ff",
                   "7f7f6161ffff",
                   "1c",
                   "1f",
                   "3f",
                   "df00",
                   "fc",
                   "e0",
                   "f800",
                   "f820",
                   "a18001",
                   "bf8001ff",
                   "5bffffffffffffffff",
                   "7bffffffffffffffff",
                   "9bffffffffffffffff",
                   "bbffffffffffffffff",
                   "1e"});
}

TEST_CASE("binary formats: text must be UTF-8 when it is decoded; nothing may follow the value")
{
    CHECK(codec::decode(serializer::msgpack, octets("a1ff")).has_error());
    CHECK(codec::decode(serializer::cbor, octets("61ff")).has_error());
    CHECK(codec::encode(serializer::msgpack, "\xff") == octets("a3efbfbd"));
    CHECK(codec::encode(serializer::cbor, "\xff") == octets("63efbfbd"));
    CHECK(codec::decode(serializer::msgpack, octets("0101")).has_error());
    CHECK(codec::decode(serializer::cbor, octets("0101")).has_error());
}

TEST_CASE("binary formats: hostile nesting and announced sizes are refused at once")
{
    CHECK(codec::decode(serializer::msgpack, bytes(1'000'000, '\x91')).error().code == errc::limit_exceeded);
    CHECK(codec::skip(serializer::msgpack, bytes(1'000'000, '\x91'), 0).error().code == errc::limit_exceeded);
    CHECK(codec::decode(serializer::cbor, bytes(1'000'000, '\x81')).error().code == errc::limit_exceeded);
    CHECK(codec::decode(serializer::cbor, bytes(1'000'000, '\x9f')).error().code == errc::limit_exceeded);
    CHECK(codec::skip(serializer::cbor, bytes(1'000'000, '\x9f'), 0).error().code == errc::limit_exceeded);
    check_refused(
        serializer::msgpack,
        {"ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff", "dd000f4240", "df000f4240"});
    check_refused(
        serializer::cbor,
        {"9affffffff", "baffffffff", "9a000f4240", "ba000f4240", "9b8000000000000000", "bb8000000000000000"});
    auto const many_tags = bytes(1'000'000, '\xc1') + '\x01';
    CHECK(*codec::decode(serializer::cbor, many_tags) == value(1));
}
