#include <cerro/codec/base64.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/codec/utf8.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <random>

using namespace cerro;
namespace codec = cerro::codec;
using codec::serializer;

namespace {

constexpr std::array all{serializer::json, serializer::msgpack, serializer::cbor};

/// Random values of every kind that survive JSON: finite numbers, no text beginning with U+0000.
class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    value make(int depth)
    {
        switch (below(depth > 0 ? 10U : 8U)) {
            case 0: return {};
            case 1: return {below(2) == 1};
            case 2: return {static_cast<int>(below(300)) - 150};
            case 3: return {static_cast<long long>(random_())};
            case 4: return {static_cast<unsigned long long>(random_())};
            case 5:
                return {std::ldexp(static_cast<double>(random_() % 1'000'000),
                                   static_cast<int>(below(200)) - 100)};
            case 6: return {text()};
            case 7: return {binary{codec::base64_encode(text())}};
            case 8: {
                list l;
                for (auto n = below(6); n > 0; --n) {
                    l.push_back(make(depth - 1));
                }
                return {std::move(l)};
            }
            default: {
                dict d;
                for (auto n = below(20); n > 0; --n) {
                    d.set(text(), make(depth - 1));
                }
                return {std::move(d)};
            }
        }
    }

private:
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

    std::string text()
    {
        std::string out = "t";
        for (auto n = below(40); n > 0; --n) {
            codec::append_utf8(out, below(4) == 0 ? below(0x110000) : below(0x80));
        }
        return out;
    }

    std::mt19937_64 random_;
};

}  // namespace

TEST_CASE("any value survives each serializer, skipping finds its end, and transcoding changes nothing")
{
    generator g(17);
    for (int i = 0; i < 500; ++i) {
        auto const v = g.make(4);
        for (auto const from : all) {
            INFO(codec::name(from) << ' ' << codec::to_json(v));
            auto const encoded = codec::encode(from, v);
            auto const decoded = codec::decode(from, encoded);
            REQUIRE(decoded.has_value());
            REQUIRE(*decoded == v);
            auto const end = codec::skip(from, encoded + "]}", 0);
            REQUIRE(end.has_value());
            REQUIRE(*end == encoded.size());
            for (auto const to : all) {
                bytes out;
                REQUIRE(codec::transcode(from, encoded, to, out).has_value());
                REQUIRE(out == codec::encode(to, v));
            }
        }
    }
}

TEST_CASE("very many distinct keys, or equal ones, are decoded in little time")
{
    constexpr int count = 50'000;
    for (bool const distinct : {true, false}) {
        dict d;
        for (int i = 0; i < count; ++i) {
            d.append(distinct ? std::to_string(i) : "k", i);
        }
        for (auto const s : all) {
            auto const encoded = codec::encode(s, d);
            auto const from = std::chrono::steady_clock::now();
            auto const decoded = codec::decode(s, encoded);
            auto const took = std::chrono::steady_clock::now() - from;
            REQUIRE(decoded.has_value());
            CHECK(decoded->as_dict()->size() == (distinct ? count : 1));
            CHECK(*decoded->find(distinct ? "999" : "k") == value(distinct ? 999 : count - 1));
            CHECK(took < std::chrono::seconds(5));  // a quadratic way takes ten times that
        }
    }
}

TEST_CASE("base64: known texts both ways, and what is refused")
{
    for (auto const& [plain, text] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                      {"f", "Zg=="},
                                                                                      {"fo", "Zm8="},
                                                                                      {"foo", "Zm9v"},
                                                                                      {"foob", "Zm9vYg=="},
                                                                                      {"\xff\xfe", "//4="}}) {
        CHECK(codec::base64_encode(plain) == text);
        CHECK(codec::base64_decode(text) == plain);
    }
    for (auto const* const bad : {"Z", "Zg", "Zg=", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm-_", "====", "Z==="}) {
        CHECK_FALSE(codec::base64_decode(bad));
    }
}
