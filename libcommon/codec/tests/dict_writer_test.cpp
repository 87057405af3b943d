#include <cerro/codec/dict_writer.hpp>

#include <catch2/catch.hpp>

using namespace cerro;

TEST_CASE("dict_writer: what it writes, of few and of many entries, is read back in each serializer")
{
    auto const s = GENERATE(codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor);
    auto const count = GENERATE(
        std::size_t{0}, std::size_t{3}, std::size_t{15}, std::size_t{16}, std::size_t{24}, std::size_t{300});
    dict wanted;
    bytes out;
    codec::dict_writer to(s, out, count);
    for (std::size_t i = 0; i < count; ++i) {
        auto const key = "k\"" + std::to_string(i);
        switch (i % 4) {
            case 0:
                to.add(key, list{1, "x", nullptr});
                wanted.append(key, list{1, "x", nullptr});
                break;
            case 1:
                to.add_unsigned(key, 1ULL << 52U);
                wanted.append(key, 1ULL << 52U);
                break;
            case 2:
                to.add_text(key, "caf\u00e9");
                wanted.append(key, "caf\u00e9");
                break;
            default:
                to.add_encoded(key, codec::encode(s, dict{{"a", 2.5}}));
                wanted.append(key, dict{{"a", 2.5}});
                break;
        }
    }
    to.finish();
    auto const read = codec::decode(s, out);
    REQUIRE(read.has_value());
    CHECK(*read == value(wanted));
}
