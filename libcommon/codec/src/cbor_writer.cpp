#include "formats.hpp"
#include <cerro/codec/utf8.hpp>

#include <bit>

namespace cerro::codec::cbor {

namespace {

constexpr std::uint8_t major_unsigned = 0;
constexpr std::uint8_t major_negative = 1;
constexpr std::uint8_t major_octets = 2;
constexpr std::uint8_t major_text = 3;
constexpr std::uint8_t major_list = 4;
constexpr std::uint8_t major_map = 5;

void put_number(std::uint64_t number, unsigned octets, std::string& out)
{
    for (unsigned i = octets; i > 0; --i) {
        out += static_cast<char>(number >> (i - 1) * 8U & 0xffU);
    }
}

void put_head(std::uint8_t major, std::uint64_t argument, std::string& out)
{
    auto const initial = static_cast<unsigned>(major) << 5U;
    if (argument < 24) {
        out += static_cast<char>(initial | static_cast<unsigned>(argument));
    } else if (argument <= 0xff) {
        out += static_cast<char>(initial | 24U);
        put_number(argument, 1, out);
    } else if (argument <= 0xffff) {
        out += static_cast<char>(initial | 25U);
        put_number(argument, 2, out);
    } else if (argument <= 0xffffffffU) {
        out += static_cast<char>(initial | 26U);
        put_number(argument, 4, out);
    } else {
        out += static_cast<char>(initial | 27U);
        put_number(argument, 8, out);
    }
}

void put_integer(std::int64_t number, std::string& out)
{
    if (number >= 0) {
        put_head(major_unsigned, static_cast<std::uint64_t>(number), out);
    } else {
        put_head(major_negative, ~static_cast<std::uint64_t>(number), out);  // -1 - number
    }
}

}  // namespace

void write_value(value const& v, std::string& out)
{
    switch (v.type()) {
        case value::kind::null: out += '\xf6'; break;
        case value::kind::boolean: out += *v.as_bool() ? '\xf5' : '\xf4'; break;
        case value::kind::integer: put_integer(*v.as_int(), out); break;
        case value::kind::unsigned_integer: put_head(major_unsigned, *v.as_uint(), out); break;
        case value::kind::real:
            out += '\xfb';
            put_number(std::bit_cast<std::uint64_t>(*v.as_double()), 8, out);
            break;
        case value::kind::text: write_text(*v.as_text(), out); break;
        case value::kind::octets:
            put_head(major_octets, v.as_binary()->octets.size(), out);
            out += v.as_binary()->octets;
            break;
        case value::kind::array:
            put_head(major_list, v.as_list()->size(), out);
            for (auto const& element : *v.as_list()) {
                write_value(element, out);
            }
            break;
        case value::kind::object: write_dict(*v.as_dict(), out); break;
    }
}

void write_dict(dict const& d, std::string& out)
{
    put_head(major_map, d.size(), out);
    for (auto const& [key, v] : d) {
        write_text(key, out);
        write_value(v, out);
    }
}

void write_text(std::string_view text, std::string& out)
{
    if (!valid_utf8(text)) {
        auto const repaired = repair_utf8(text);
        put_head(major_text, repaired.size(), out);
        out += repaired;
        return;
    }
    put_head(major_text, text.size(), out);
    out += text;
}

void write_unsigned(std::uint64_t number, std::string& out)
{
    put_head(major_unsigned, number, out);
}

void write_list_head(std::size_t count, std::string& out)
{
    put_head(major_list, count, out);
}

}  // namespace cerro::codec::cbor
