#include "hex.hpp"
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace cerro;
namespace codec = cerro::codec;
using codec::serializer;

namespace {

std::string to_hex(byte_view input)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (char const o : input) {
        out += digits[static_cast<unsigned char>(o) >> 4U];
        out += digits[static_cast<unsigned char>(o) & 0xfU];
    }
    return out;
}

int python(std::string const& words)
{
    return std::system(("/usr/bin/python3 " + words).c_str());
}

}  // namespace

TEST_CASE("codecs agree with Python's json, msgpack and cbor2 in both directions")
{
    if (python("-c 'import msgpack, cbor2' 2>/dev/null") != 0) {
        WARN("not tested: python3-msgpack or python3-cbor2 is not installed");
        return;
    }
    auto pattern = (std::filesystem::temp_directory_path() / "cerro-oracle-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    std::filesystem::path const folder = pattern;
    std::string const script = ORACLE_SCRIPT;
    REQUIRE(python(script + " generate " + (folder / "theirs").string()) == 0);

    std::ifstream theirs(folder / "theirs");
    std::ofstream ours(folder / "ours");
    std::array<std::string, 3> forms;
    std::size_t lines = 0;
    while (theirs >> forms[0] >> forms[1] >> forms[2]) {
        ++lines;
        auto const from_msgpack = codec::decode(serializer::msgpack, octets(forms[1]));
        REQUIRE(from_msgpack.has_value());
        auto const& v = *from_msgpack;
        INFO(codec::to_json(v));
        auto const from_json = codec::decode(serializer::json, octets(forms[0]));
        auto const from_cbor = codec::decode(serializer::cbor, octets(forms[2]));
        REQUIRE(from_json.has_value());
        REQUIRE(from_cbor.has_value());
        CHECK(*from_json == v);
        CHECK(*from_cbor == v);
        CHECK(codec::encode(serializer::msgpack, v) == octets(forms[1]));
        ours << to_hex(codec::encode(serializer::json, v)) << ' '
             << to_hex(codec::encode(serializer::msgpack, v)) << ' '
             << to_hex(codec::encode(serializer::cbor, v)) << '\n';
    }
    ours.close();
    CHECK(lines == 400);
    CHECK(python(script + " check " + (folder / "ours").string()) == 0);
    std::filesystem::remove_all(folder);
}
