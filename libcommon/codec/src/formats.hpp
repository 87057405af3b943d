#pragma once

#include <cerro/codec/cursor.hpp>

/// Each format has the same functions. `skip_value` accepts exactly what `read_value` accepts with
/// text_policy::repair. read_value: `depth` lists and dicts are already open around the value.

namespace cerro::codec::json {
bool skip_value(cursor& c);
bool read_value(cursor& c, std::size_t depth, text_policy text, value& out);
/// A string that stands at `c`; "\0"+base64 is not looked for.
bool read_text(cursor& c, text_policy text, std::string& out);
void skip_space(cursor& c) noexcept;
void write_value(value const& v, std::string& out);
void write_dict(dict const& d, std::string& out);
void write_text(std::string_view text, std::string& out);
void write_unsigned(std::uint64_t number, std::string& out);
void write_pretty(value const& v, std::size_t indent, std::size_t level, std::string& out);
}  // namespace cerro::codec::json

namespace cerro::codec::msgpack_format {
bool skip_value(cursor& c);
bool read_value(cursor& c, text_policy text, value& out);
/// Reads the head of a list.
bool read_list_head(cursor& c, std::uint64_t& count);
bool read_text(cursor& c, text_policy text, std::string& out);
/// Any integer, or a float with an integral value, that fits.
bool read_unsigned(cursor& c, std::uint64_t& out);
void write_value(value const& v, std::string& out);
void write_dict(dict const& d, std::string& out);
void write_text(std::string_view text, std::string& out);
void write_unsigned(std::uint64_t number, std::string& out);
void write_list_head(std::size_t count, std::string& out);
}  // namespace cerro::codec::msgpack_format

namespace cerro::codec::cbor {
inline constexpr std::uint64_t indefinite = ~std::uint64_t{0};
bool skip_value(cursor& c);
bool read_value(cursor& c, std::size_t depth, text_policy text, value& out);
/// Reads the head of a list; `count` may be `indefinite`: then a break octet ends it.
bool read_list_head(cursor& c, std::uint64_t& count);
bool at_break(cursor const& c) noexcept;
bool read_text(cursor& c, text_policy text, std::string& out);
bool read_unsigned(cursor& c, std::uint64_t& out);
void write_value(value const& v, std::string& out);
void write_dict(dict const& d, std::string& out);
void write_text(std::string_view text, std::string& out);
void write_unsigned(std::uint64_t number, std::string& out);
void write_list_head(std::size_t count, std::string& out);
}  // namespace cerro::codec::cbor

namespace cerro::codec {

/// Of entries with the same key the last value stays, in the place of the first. n log n, whatever the keys.
void make_keys_unique(std::vector<dict::entry>& entries);

/// Puts octets read as text into `out`, obeying the policy.
bool take_text(cursor& c, byte_view octets, text_policy policy, std::string& out);

/// Binary formats allow any key. Scalars become text, as Python's json does; lists and dicts are refused.
bool key_from_value(cursor& c, value&& v, std::string& out);

}  // namespace cerro::codec
