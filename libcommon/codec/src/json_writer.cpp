#include "formats.hpp"
#include <cerro/codec/base64.hpp>
#include <cerro/codec/utf8.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace cerro::codec::json {

namespace {

template <class Number, class... Format>
void put_number(Number n, std::string& out, Format... format)
{
    std::array<char, 64> text{};
    auto const end = std::to_chars(text.data(), text.data() + text.size(), n, format...).ptr;
    out.append(text.data(), end);
}

/// As Python's repr: plain digits from 1e-4 to 1e16, an exponent beyond, always told from an integer.
void put_real(double d, std::string& out)
{
    if (!std::isfinite(d)) {
        out += "null";
        return;
    }
    auto const magnitude = std::fabs(d);
    if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
        put_number(d, out, std::chars_format::scientific);
        return;
    }
    auto const begin = out.size();
    put_number(d, out, std::chars_format::fixed);
    if (out.find('.', begin) == std::string::npos) {
        out += ".0";
    }
}

void put_escape(char ch, std::string& out)
{
    constexpr std::string_view hex = "0123456789abcdef";
    switch (ch) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        default:
            out += "\\u00";
            out += hex[static_cast<unsigned char>(ch) >> 4U];
            out += hex[static_cast<unsigned char>(ch) & 0xfU];
            break;
    }
}

void new_line(std::size_t indent, std::size_t level, std::string& out)
{
    out += '\n';
    out.append(indent * level, ' ');
}

}  // namespace

void write_text(std::string_view text, std::string& out)
{
    std::string repaired;
    if (!valid_utf8(text)) {
        repaired = repair_utf8(text);
        text = repaired;
    }
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const ch = text[i];
        if (static_cast<unsigned char>(ch) < 0x20 || ch == '"' || ch == '\\') {
            out.append(text.substr(plain, i - plain));
            put_escape(ch, out);
            plain = i + 1;
        }
    }
    out.append(text.substr(plain));
    out += '"';
}

void write_unsigned(std::uint64_t number, std::string& out)
{
    put_number(number, out);
}

void write_dict(dict const& d, std::string& out)
{
    char separator = '{';
    for (auto const& [key, v] : d) {
        out += separator;
        write_text(key, out);
        out += ':';
        write_value(v, out);
        separator = ',';
    }
    if (d.empty()) {
        out += '{';
    }
    out += '}';
}

void write_value(value const& v, std::string& out)
{
    switch (v.type()) {
        case value::kind::null: out += "null"; break;
        case value::kind::boolean: out += *v.as_bool() ? "true" : "false"; break;
        case value::kind::integer: put_number(*v.as_int(), out); break;
        case value::kind::unsigned_integer: put_number(*v.as_uint(), out); break;
        case value::kind::real: put_real(*v.as_double(), out); break;
        case value::kind::text: write_text(*v.as_text(), out); break;
        case value::kind::octets:
            out += "\"\\u0000";
            out += base64_encode(v.as_binary()->octets);
            out += '"';
            break;
        case value::kind::array: {
            char separator = '[';
            for (auto const& element : *v.as_list()) {
                out += separator;
                write_value(element, out);
                separator = ',';
            }
            out += v.as_list()->empty() ? "[]" : "]";
            break;
        }
        case value::kind::object: write_dict(*v.as_dict(), out); break;
    }
}

void write_pretty(value const& v, std::size_t indent, std::size_t level, std::string& out)
{
    auto const* const elements = v.as_list();
    auto const* const members = v.as_dict();
    if ((elements == nullptr || elements->empty()) && (members == nullptr || members->empty())) {
        write_value(v, out);
        return;
    }
    bool first = true;
    auto const begin_element = [&] {
        out += first ? "" : ",";
        first = false;
        new_line(indent, level + 1, out);
    };
    out += elements != nullptr ? '[' : '{';
    if (elements != nullptr) {
        for (auto const& element : *elements) {
            begin_element();
            write_pretty(element, indent, level + 1, out);
        }
    } else {
        for (auto const& [key, member] : *members) {
            begin_element();
            write_text(key, out);
            out += ": ";
            write_pretty(member, indent, level + 1, out);
        }
    }
    new_line(indent, level, out);
    out += elements != nullptr ? ']' : '}';
}

}  // namespace cerro::codec::json
