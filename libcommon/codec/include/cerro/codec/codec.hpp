#pragma once

/// @file
/// Bytes <-> values in WAMP's three serializers, with limits; and skipping a value without decoding it.
/// Nothing here throws on any input, and recursion is bounded by limits::max_depth.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <string>
#include <string_view>

namespace cerro::codec {

enum class serializer : std::uint8_t {
    json = 1,
    msgpack = 2,
    cbor = 3
};  ///< numbers as in the RawSocket handshake

/// "json", "msgpack", "cbor"
[[nodiscard]] std::string_view name(serializer s) noexcept;

/// What one message may demand of its reader. 0 is not "off": a reader with max_items 0 refuses everything.
struct limits {
    std::size_t max_depth = 64;         ///< nested lists and dicts; no reader goes deeper than 1024
    std::size_t max_items = 1'000'000;  ///< elements of all lists and dicts together
};

/// Reads exactly one value that fills `input`.
///
/// JSON: UTF-8; "\0"+base64 strings become binary; bare NaN, Infinity and -Infinity are accepted (Python
/// peers send them). Duplicate keys: the last one counts. Ints beyond 64 bit become doubles.
/// @return the value; errc::malformed or errc::limit_exceeded with the byte offset in the text
[[nodiscard]] result<value> decode(serializer s, byte_view input, limits const& lim = {});

/// Appends the encoded value to `out`. JSON: shortest round-trip numbers ("1.0" for whole doubles), NaN and
/// infinities become null, invalid UTF-8 is replaced by U+FFFD; msgpack and CBOR: smallest forms.
void encode(serializer s, value const& v, bytes& out);
void encode_dict(serializer s, dict const& d, bytes& out);
[[nodiscard]] bytes encode(serializer s, value const& v);

/// JSON text for files, HTTP and people. `indent` 0 = one line.
[[nodiscard]] std::string to_json(value const& v, int indent = 0);
[[nodiscard]] result<value> from_json(std::string_view text, limits const& lim = {});

/// The end of the well-formed value that begins at `offset` of `input`, found without building it.
/// Leading JSON white space is passed over.
/// @return offset behind the value; errc::malformed or errc::limit_exceeded
[[nodiscard]] result<std::size_t> skip(serializer s,
                                       byte_view input,
                                       std::size_t offset,
                                       limits const& lim = {});

/// Rewrites one encoded value of serializer `from` (exactly `input`) into serializer `to`, appending to
/// `out`.
[[nodiscard]] result<void> transcode(
    serializer from, byte_view input, serializer to, bytes& out, limits const& lim = {});

}  // namespace cerro::codec
