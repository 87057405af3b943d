#include "formats.hpp"
#include <cerro/codec/base64.hpp>
#include <cerro/codec/utf8.hpp>

#include <bitset>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace cerro::codec::json {

namespace {

bool at(cursor const& c, char ch) noexcept
{
    return c.p != c.end && *c.p == ch;
}

bool pass_if(cursor& c, char ch) noexcept
{
    if (!at(c, ch)) {
        return false;
    }
    ++c.p;
    return true;
}

bool is_digit(char ch) noexcept
{
    return ch >= '0' && ch <= '9';
}

bool pass_word(cursor& c, std::string_view word) noexcept
{
    if (byte_view(c.p, c.left()).starts_with(word)) {
        c.p += word.size();
        return true;
    }
    return c.left() < word.size() ? c.truncated() : c.malformed("not a JSON value");
}

bool pass_digits(cursor& c) noexcept
{
    auto const* const from = c.p;
    while (c.p != c.end && is_digit(*c.p)) {
        ++c.p;
    }
    return c.p != from || c.malformed("a digit is missing in a number");
}

/// Passes over a number, also -Infinity; `integral` says whether it has neither fraction nor exponent.
bool pass_number(cursor& c, bool& integral) noexcept
{
    integral = true;
    pass_if(c, '-');
    if (at(c, 'I')) {
        integral = false;
        return pass_word(c, "Infinity");
    }
    if (at(c, '0')) {
        ++c.p;
        if (c.p != c.end && is_digit(*c.p)) {
            return c.malformed("a number with a leading zero");
        }
    } else if (!pass_digits(c)) {
        return false;
    }
    if (pass_if(c, '.')) {
        integral = false;
        if (!pass_digits(c)) {
            return false;
        }
    }
    if (pass_if(c, 'e') || pass_if(c, 'E')) {
        integral = false;
        if (!pass_if(c, '+')) {
            pass_if(c, '-');
        }
        return pass_digits(c);
    }
    return true;
}

/// Moves to the next octet that is not plain inside a string: quote, backslash, control.
void pass_plain(cursor& c) noexcept
{
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t high = 0x8080808080808080U;
    auto const has_zero = [](std::uint64_t v) { return (v - ones) & ~v & high; };
    while (c.left() >= 8) {
        std::uint64_t block = 0;
        std::memcpy(&block, c.p, 8);
        auto const control = (block - ones * 0x20) & ~block & high;
        if ((has_zero(block ^ (ones * '"')) | has_zero(block ^ (ones * '\\')) | control) != 0) {
            break;
        }
        c.p += 8;
    }
    while (c.p != c.end && *c.p != '"' && *c.p != '\\' && static_cast<unsigned char>(*c.p) >= 0x20) {
        ++c.p;
    }
}

bool read_hex4(cursor& c, std::uint32_t& out) noexcept
{
    if (c.left() < 4) {
        return c.truncated();
    }
    auto const [end, ec] = std::from_chars(c.p, c.p + 4, out, 16);
    if (ec != std::errc() || end != c.p + 4) {
        return c.malformed("\\u is not followed by four hexadecimal digits");
    }
    c.p += 4;
    return true;
}

/// Reads what follows a backslash. @param out null pointer: it is only passed over
bool read_escape(cursor& c, std::string* out)
{
    if (c.p == c.end) {
        return c.truncated();
    }
    char const ch = *c.p++;
    std::string_view plain;
    switch (ch) {
        case '"': plain = "\""; break;
        case '\\': plain = "\\"; break;
        case '/': plain = "/"; break;
        case 'b': plain = "\b"; break;
        case 'f': plain = "\f"; break;
        case 'n': plain = "\n"; break;
        case 'r': plain = "\r"; break;
        case 't': plain = "\t"; break;
        case 'u': break;
        default: return c.malformed("an unknown escape in a string");
    }
    if (!plain.empty()) {
        if (out != nullptr) {
            out->append(plain);
        }
        return true;
    }
    std::uint32_t code = 0;
    if (!read_hex4(c, code)) {
        return false;
    }
    bool const high_surrogate = code >= 0xd800 && code <= 0xdbff;
    if (high_surrogate && byte_view(c.p, c.left()).starts_with("\\u")) {
        auto const* const second = c.p;
        std::uint32_t low = 0;
        c.p += 2;
        if (!read_hex4(c, low)) {
            return false;
        }
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10U) + (low - 0xdc00);
        } else {
            c.p = second;  // no pair: the second one stands for itself
        }
    }
    if (out != nullptr) {
        append_utf8(*out, code);
    }
    return true;
}

bool skip_text(cursor& c)
{
    ++c.p;  // the opening quote
    while (true) {
        pass_plain(c);
        if (c.p == c.end) {
            return c.truncated();
        }
        if (*c.p == '"') {
            ++c.p;
            return true;
        }
        if (*c.p++ != '\\') {
            return c.malformed("a control character in a string");
        }
        if (!read_escape(c, nullptr)) {
            return false;
        }
    }
}

bool skip_scalar(cursor& c)
{
    if (c.p == c.end) {
        return c.truncated();
    }
    bool integral = false;
    switch (*c.p) {
        case '"': return skip_text(c);
        case 't': return pass_word(c, "true");
        case 'f': return pass_word(c, "false");
        case 'n': return pass_word(c, "null");
        case 'N': return pass_word(c, "NaN");
        case 'I': return pass_word(c, "Infinity");
        default: break;
    }
    if (*c.p != '-' && !is_digit(*c.p)) {
        return c.malformed("not a JSON value");
    }
    return pass_number(c, integral);
}

/// Passes over a key and its colon.
bool skip_key(cursor& c)
{
    skip_space(c);
    if (!at(c, '"')) {
        return c.p == c.end ? c.truncated() : c.malformed("a key must be a string");
    }
    if (!skip_text(c)) {
        return false;
    }
    skip_space(c);
    return pass_if(c, ':') || (c.p == c.end ? c.truncated() : c.malformed("a colon is missing behind a key"));
}

bool missing_separator(cursor& c)
{
    return c.p == c.end ? c.truncated() : c.malformed("a comma or closing bracket is missing");
}

double real_from(byte_view text)
{
    double number = 0;
    auto const done = std::from_chars(text.data(), text.data() + text.size(), number);
    if (done.ec == std::errc::result_out_of_range) {
        number = std::strtod(std::string(text).c_str(), nullptr);  // gives 0 or infinity
    }
    return number;
}

bool read_number(cursor& c, value& out)
{
    auto const* const from = c.p;
    bool integral = false;
    if (!pass_number(c, integral)) {
        return false;
    }
    byte_view const text(from, static_cast<std::size_t>(c.p - from));
    if (text == "-Infinity") {
        out = value(-std::numeric_limits<double>::infinity());
        return true;
    }
    if (integral) {
        std::int64_t small = 0;
        if (std::from_chars(from, c.p, small).ec == std::errc()) {
            out = value(static_cast<long long>(small));
            return true;
        }
        std::uint64_t large = 0;
        if (*from != '-' && std::from_chars(from, c.p, large).ec == std::errc()) {
            out = value(large);
            return true;
        }
    }
    out = value(real_from(text));
    return true;
}

bool read_string_value(cursor& c, text_policy policy, value& out)
{
    std::string text;
    if (!read_text(c, policy, text)) {
        return false;
    }
    if (text.starts_with('\0')) {
        if (auto octets = base64_decode(std::string_view(text).substr(1))) {
            out = value(binary{std::move(*octets)});
            return true;
        }
    }
    out = value(std::move(text));
    return true;
}

bool read_list(cursor& c, std::size_t depth, text_policy policy, value& out)
{
    list elements;
    skip_space(c);
    if (!pass_if(c, ']')) {
        do {
            if (!c.take_items(1) || !read_value(c, depth + 1, policy, elements.emplace_back())) {
                return false;
            }
            skip_space(c);
        } while (pass_if(c, ','));
        if (!pass_if(c, ']')) {
            return missing_separator(c);
        }
    }
    out = value(std::move(elements));
    return true;
}

bool read_dict(cursor& c, std::size_t depth, text_policy policy, value& out)
{
    dict members;
    skip_space(c);
    if (!pass_if(c, '}')) {
        do {
            skip_space(c);
            if (!at(c, '"')) {
                return c.p == c.end ? c.truncated() : c.malformed("a key must be a string");
            }
            auto& [key, member] = members.entries().emplace_back();
            if (!c.take_items(1) || !read_text(c, policy, key)) {
                return false;
            }
            skip_space(c);
            if (!pass_if(c, ':')) {
                return c.p == c.end ? c.truncated() : c.malformed("a colon is missing behind a key");
            }
            if (!read_value(c, depth + 1, policy, member)) {
                return false;
            }
            skip_space(c);
        } while (pass_if(c, ','));
        if (!pass_if(c, '}')) {
            return missing_separator(c);
        }
    }
    make_keys_unique(members.entries());
    out = value(std::move(members));
    return true;
}

}  // namespace

void skip_space(cursor& c) noexcept
{
    while (c.p != c.end && (*c.p == ' ' || *c.p == '\n' || *c.p == '\r' || *c.p == '\t')) {
        ++c.p;
    }
}

bool skip_value(cursor& c)
{
    std::bitset<hard_max_depth> in_dict;  // one bit for each open container
    std::size_t depth = 0;
    while (true) {
        // Here a value begins.
        skip_space(c);
        if (at(c, '[') || at(c, '{')) {
            if (depth >= c.max_depth) {
                return c.too_deep();
            }
            bool const dict_begins = *c.p++ == '{';
            skip_space(c);
            if (!pass_if(c, dict_begins ? '}' : ']')) {
                in_dict[depth++] = dict_begins;
                if (!c.take_items(1) || (dict_begins && !skip_key(c))) {
                    return false;
                }
                continue;
            }
        } else if (!skip_scalar(c)) {
            return false;
        }
        // Here a value has ended; so may its containers.
        while (true) {
            if (depth == 0) {
                return true;
            }
            skip_space(c);
            if (pass_if(c, ',')) {
                if (!c.take_items(1) || (in_dict[depth - 1] && !skip_key(c))) {
                    return false;
                }
                break;
            }
            if (!pass_if(c, in_dict[depth - 1] ? '}' : ']')) {
                return missing_separator(c);
            }
            --depth;
        }
    }
}

bool read_text(cursor& c, text_policy policy, std::string& out)
{
    if (!at(c, '"')) {
        return c.p == c.end ? c.truncated() : c.malformed("not a string");
    }
    auto const* const from = ++c.p;
    pass_plain(c);
    if (at(c, '"')) {
        byte_view const whole(from, static_cast<std::size_t>(c.p - from));
        ++c.p;
        return take_text(c, whole, policy, out);
    }
    std::string text(from, c.p);
    while (true) {
        if (c.p == c.end) {
            return c.truncated();
        }
        if (*c.p == '"') {
            ++c.p;
            return take_text(c, text, policy, out);
        }
        if (*c.p++ != '\\') {
            return c.malformed("a control character in a string");
        }
        if (!read_escape(c, &text)) {
            return false;
        }
        auto const* const plain = c.p;
        pass_plain(c);
        text.append(plain, c.p);
    }
}

bool read_value(cursor& c, std::size_t depth, text_policy policy, value& out)
{
    skip_space(c);
    if (c.p == c.end) {
        return c.truncated();
    }
    switch (*c.p) {
        case '[':
        case '{': {
            if (depth >= c.max_depth) {
                return c.too_deep();
            }
            bool const is_list = *c.p++ == '[';
            return is_list ? read_list(c, depth, policy, out) : read_dict(c, depth, policy, out);
        }
        case '"': return read_string_value(c, policy, out);
        case 't': out = value(true); return pass_word(c, "true");
        case 'f': out = value(false); return pass_word(c, "false");
        case 'n': out = value(); return pass_word(c, "null");
        case 'N': out = value(std::numeric_limits<double>::quiet_NaN()); return pass_word(c, "NaN");
        case 'I': out = value(std::numeric_limits<double>::infinity()); return pass_word(c, "Infinity");
        default: break;
    }
    if (*c.p != '-' && !is_digit(*c.p)) {
        return c.malformed("not a JSON value");
    }
    return read_number(c, out);
}

}  // namespace cerro::codec::json
