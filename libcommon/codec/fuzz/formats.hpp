#pragma once

#include <cerro/codec/codec.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

/// Ends the fuzzer's process with a report when `holds` is false.
inline void require(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "broken promise: %s\n", what);
        std::abort();
    }
}

/// What must hold for any input of one serializer: decode() takes only what skip() passes whole; what was
/// decoded survives encoding in the same serializer; and whatever skip() passes can be transcoded to each
/// serializer and read there.
inline void check_format(cerro::codec::serializer s, cerro::byte_view input)
{
    namespace codec = cerro::codec;
    constexpr codec::limits small{32, 10'000};
    auto const v = codec::decode(s, input, small);
    auto const end = codec::skip(s, input, 0, small);
    bool const whole = end.has_value() && (*end == input.size() || s == codec::serializer::json);
    require(!v || whole, "decode accepts what skip refuses");
    if (v) {
        auto const encoded = codec::encode(s, *v);
        auto const again = codec::decode(s, encoded, small);
        require(again.has_value(), "encoded bytes cannot be decoded");
        // Compared as bytes: not-a-number is unequal to itself; JSON turns it into null.
        require(codec::encode(s, *again) == encoded, "a value changes on its way through encode and decode");
        require(codec::skip(s, encoded, 0, small).has_value(), "encoded bytes cannot be skipped");
    }
    if (!whole) {
        return;
    }
    auto const value_bytes = input.substr(0, *end);
    for (auto const to : {codec::serializer::json, codec::serializer::msgpack, codec::serializer::cbor}) {
        cerro::bytes out;
        require(codec::transcode(s, value_bytes, to, out, small).has_value(),
                "what skip passes cannot be transcoded");
        if (to == s) {
            require(out == value_bytes, "transcoding to the same serializer changes bytes");
            continue;
        }
        auto const there = codec::decode(to, out, small);
        require(there.has_value(), "transcoded bytes cannot be decoded");
        if (v) {
            cerro::bytes through_json;
            cerro::bytes directly;
            codec::encode(codec::serializer::json, *there, through_json);
            codec::encode(codec::serializer::json, *v, directly);
            require(through_json == directly, "transcoding changes a value");
        }
    }
}
