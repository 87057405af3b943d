#include <cerro/ocs/python_text.hpp>

#include <charconv>
#include <cmath>

namespace cerro::ocs {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

void append_hex(std::string& out, unsigned char c)
{
    out += "\\x";
    out += hex_digits[c >> 4U];
    out += hex_digits[c & 15U];
}

/// @param octets true for b'...': everything outside ASCII is escaped; else UTF-8 passes
void append_quoted(std::string& out, std::string_view text, bool octets)
{
    bool const has_single = text.find('\'') != std::string_view::npos;
    char const quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
    out += quote;
    for (char const c : text) {
        auto const code = static_cast<unsigned char>(c);
        if (c == quote || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (code < 0x20 || code == 0x7F || (octets && code >= 0x80)) {
            append_hex(out, code);
        } else {
            out += c;
        }
    }
    out += quote;
}

void append_repr(std::string& out, value const& v)
{
    switch (v.type()) {
        case value::kind::null: out += "None"; break;
        case value::kind::boolean: out += *v.as_bool() ? "True" : "False"; break;
        case value::kind::integer: out += std::to_string(*v.as_int()); break;
        case value::kind::unsigned_integer: out += std::to_string(*v.as_uint()); break;
        case value::kind::real: out += python_float(*v.as_double()); break;
        case value::kind::text: append_quoted(out, *v.as_text(), false); break;
        case value::kind::octets:
            out += 'b';
            append_quoted(out, v.as_binary()->octets, true);
            break;
        case value::kind::array: {
            out += '[';
            std::string_view separator;
            for (auto const& item : *v.as_list()) {
                out += separator;
                append_repr(out, item);
                separator = ", ";
            }
            out += ']';
            break;
        }
        case value::kind::object: {
            out += '{';
            std::string_view separator;
            for (auto const& [key, item] : *v.as_dict()) {
                out += separator;
                append_quoted(out, key, false);
                out += ": ";
                append_repr(out, item);
                separator = ", ";
            }
            out += '}';
            break;
        }
    }
}

}  // namespace

std::string python_float(double d)
{
    if (std::isnan(d)) {
        return "nan";
    }
    if (std::isinf(d)) {
        return d < 0 ? "-inf" : "inf";
    }
    constexpr std::size_t room = 400;  // 308 digits of the largest double, and its fraction
    char buffer[room];
    double const size = std::abs(d);
    auto const form =
        size != 0 && (size < 1e-4 || size >= 1e16) ? std::chars_format::scientific : std::chars_format::fixed;
    auto const end = std::to_chars(buffer, buffer + room, d, form).ptr;
    std::string text(buffer, end);
    if (form == std::chars_format::fixed && text.find('.') == std::string::npos) {
        text += ".0";
    }
    return text;
}

std::string python_repr(value const& v)
{
    std::string out;
    append_repr(out, v);
    return out;
}

std::string python_str(value const& v)
{
    auto const* text = v.as_text();
    return text != nullptr ? *text : python_repr(v);
}

}  // namespace cerro::ocs
