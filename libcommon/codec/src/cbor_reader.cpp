#include "formats.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace cerro::codec::cbor {

namespace {

constexpr std::uint8_t major_octets = 2;
constexpr std::uint8_t major_text = 3;
constexpr std::uint8_t major_list = 4;
constexpr std::uint8_t major_map = 5;
constexpr std::uint8_t major_tag = 6;
constexpr std::uint8_t break_octet = 0xff;
constexpr std::uint64_t tag_positive_bignum = 2;
constexpr std::uint64_t tag_negative_bignum = 3;

struct head {
    std::uint8_t major = 0;
    std::uint8_t info = 0;       ///< low five bits of the first octet
    std::uint64_t argument = 0;  ///< number, size or count; `indefinite` if that was announced
};

template <class Unsigned>
bool take_argument(cursor& c, std::uint64_t& out)
{
    Unsigned n = 0;
    if (!c.take(n)) {
        return false;
    }
    out = n;
    return true;
}

bool read_plain_head(cursor& c, head& h)
{
    std::uint8_t b = 0;
    if (!c.take(b)) {
        return false;
    }
    h.major = static_cast<std::uint8_t>(b >> 5U);
    h.info = b & 0x1fU;
    switch (h.info) {
        case 24: return take_argument<std::uint8_t>(c, h.argument);
        case 25: return take_argument<std::uint16_t>(c, h.argument);
        case 26: return take_argument<std::uint32_t>(c, h.argument);
        case 27: {
            bool const is_size = h.major >= major_octets && h.major <= major_map;
            // That largest number means `indefinite` in `argument`; no input is so long anyway.
            return take_argument<std::uint64_t>(c, h.argument) &&
                   (!is_size || h.argument != indefinite || c.truncated());
        }
        case 28:
        case 29:
        case 30: return c.malformed("a reserved length");
        case 31:
            if (h.major < major_octets || h.major > major_map) {
                return c.malformed("an indefinite length or a break where none belongs");
            }
            h.argument = indefinite;
            return true;
        default: h.argument = h.info; return true;
    }
}

/// Passes over tags; `tag` is the innermost, or 0 (which means nothing to us) if there was none.
bool read_head(cursor& c, head& h, std::uint64_t& tag)
{
    tag = 0;
    while (true) {
        if (!read_plain_head(c, h)) {
            return false;
        }
        if (h.major != major_tag) {
            return true;
        }
        tag = h.argument;
    }
}

/// The octets of a string of known length, or those of all its chunks one after the other.
/// @param joined null pointer: they are only passed over
bool read_string(cursor& c, head const& h, byte_view& whole, std::string* joined)
{
    if (h.argument != indefinite) {
        return c.take_octets(h.argument, whole);
    }
    while (!at_break(c)) {
        head chunk;
        byte_view octets;
        if (!read_plain_head(c, chunk)) {
            return false;
        }
        if (chunk.major != h.major || chunk.argument == indefinite) {
            return c.malformed("a chunk of another kind inside a string");
        }
        if (!c.take_octets(chunk.argument, octets)) {
            return false;
        }
        if (joined != nullptr) {
            joined->append(octets);
        }
    }
    ++c.p;
    if (joined != nullptr) {
        whole = *joined;
    }
    return true;
}

double half_to_double(std::uint64_t bits)
{
    auto const exponent = static_cast<int>(bits >> 10U & 0x1fU);
    auto const fraction = static_cast<double>(bits & 0x3ffU);
    double magnitude = 0;
    if (exponent == 0) {
        magnitude = std::ldexp(fraction, -24);
    } else if (exponent != 31) {
        magnitude = std::ldexp(fraction + 1024, exponent - 25);
    } else {
        magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                                  : std::numeric_limits<double>::quiet_NaN();
    }
    return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

value negative_number(std::uint64_t argument)
{
    if (argument >> 63U == 0) {
        return {static_cast<long long>(~argument)};
    }
    return {-1.0 - static_cast<double>(argument)};
}

value bignum(byte_view octets, bool negative)
{
    while (!octets.empty() && octets.front() == '\0') {
        octets.remove_prefix(1);
    }
    if (octets.size() <= 8) {
        std::uint64_t number = 0;
        for (char const o : octets) {
            number = number << 8U | static_cast<unsigned char>(o);
        }
        return negative ? negative_number(number) : value(number);
    }
    double number = 0;
    for (char const o : octets) {
        number = number * 256 + static_cast<unsigned char>(o);
    }
    return {negative ? -1 - number : number};
}

bool is_simple(head const& h)
{
    return h.info >= 20 && h.info <= 23;
}

bool is_float(head const& h)
{
    return h.info >= 25 && h.info <= 27;
}

bool read_simple(cursor& c, head const& h, value& out)
{
    switch (h.info) {
        case 20: out = value(false); return true;
        case 21: out = value(true); return true;
        case 22:
        case 23: out = value(); return true;  // null, undefined
        case 25: out = value(half_to_double(h.argument)); return true;
        case 26:
            out = value(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(h.argument))));
            return true;
        case 27: out = value(std::bit_cast<double>(h.argument)); return true;
        default: return c.malformed("an unknown simple value");
    }
}

/// Checks a container's head against the limits. `per_element` octets is the least that one element takes.
bool enter(cursor& c, head const& h, std::size_t depth, std::uint64_t per_element)
{
    if (depth >= c.max_depth) {
        return c.too_deep();
    }
    if (h.argument == indefinite) {
        return true;
    }
    return c.take_items(h.argument) && (h.argument <= c.left() / per_element || c.truncated());
}

/// Is there one more element? Counts those of indefinite containers. Sets `ok` to false at a fault.
bool next_element(cursor& c, head const& h, std::uint64_t done, bool& ok)
{
    if (h.argument != indefinite) {
        return done < h.argument;
    }
    if (at_break(c)) {
        ++c.p;
        return false;
    }
    ok = c.take_items(1);
    return ok;
}

bool read_list(cursor& c, head const& h, std::size_t depth, text_policy text, value& out)
{
    if (!enter(c, h, depth, 1)) {
        return false;
    }
    list elements;
    elements.reserve(h.argument == indefinite ? 0 : static_cast<std::size_t>(h.argument));
    bool ok = true;
    for (std::uint64_t i = 0; next_element(c, h, i, ok); ++i) {
        if (!read_value(c, depth + 1, text, elements.emplace_back())) {
            return false;
        }
    }
    out = value(std::move(elements));
    return ok;
}

bool read_map(cursor& c, head const& h, std::size_t depth, text_policy text, value& out)
{
    if (!enter(c, h, depth, 2)) {
        return false;
    }
    dict members;
    members.entries().reserve(h.argument == indefinite ? 0 : static_cast<std::size_t>(h.argument));
    bool ok = true;
    for (std::uint64_t i = 0; next_element(c, h, i, ok); ++i) {
        value key;
        auto& [name, member] = members.entries().emplace_back();
        if (!read_value(c, depth + 1, text, key) || !key_from_value(c, std::move(key), name) ||
            !read_value(c, depth + 1, text, member)) {
            return false;
        }
    }
    make_keys_unique(members.entries());
    out = value(std::move(members));
    return ok;
}

/// Passes over what stands behind the head of a value that is no list or map.
bool skip_scalar(cursor& c, head const& h)
{
    if (h.major == major_octets || h.major == major_text) {
        byte_view passed;
        return read_string(c, h, passed, nullptr);
    }
    if (h.major == 7 && !is_simple(h) && !is_float(h)) {
        return c.malformed("an unknown simple value");
    }
    return true;
}

}  // namespace

bool at_break(cursor const& c) noexcept
{
    return c.p != c.end && static_cast<unsigned char>(*c.p) == break_octet;
}

bool skip_value(cursor& c)
{
    struct level {
        std::uint64_t left;  ///< values still to come, or `indefinite`; a map's entry counts two
        bool map;
        bool value_next;  ///< indefinite map: a key was read
    };
    std::array<level, hard_max_depth> outer;  // NOLINT: only what is written is read
    std::size_t depth = 0;
    level now{1, false, false};
    while (true) {
        bool at_key = false;
        if (now.left == 0 || (now.left == indefinite && !now.value_next && at_break(c))) {
            c.p += now.left == 0 ? 0 : 1;
            if (depth == 0) {
                return true;
            }
            now = outer[--depth];
            continue;
        }
        if (now.left == indefinite) {
            at_key = now.map && !now.value_next;
            if ((at_key || !now.map) && !c.take_items(1)) {
                return false;
            }
            now.value_next = at_key;
        } else {
            at_key = now.map && now.left % 2 == 0;
            --now.left;
        }
        head h;
        std::uint64_t tag = 0;
        if (!read_head(c, h, tag)) {
            return false;
        }
        if (h.major != major_list && h.major != major_map) {
            if (!skip_scalar(c, h)) {
                return false;
            }
            continue;
        }
        bool const map = h.major == major_map;
        if (at_key) {
            return c.malformed("a list or dict stands where a key belongs");
        }
        if (!enter(c, h, depth, map ? 2 : 1)) {
            return false;
        }
        outer[depth++] = now;
        now = {map && h.argument != indefinite ? h.argument * 2 : h.argument, map, false};
    }
}

bool read_value(cursor& c, std::size_t depth, text_policy text, value& out)
{
    head h;
    std::uint64_t tag = 0;
    if (!read_head(c, h, tag)) {
        return false;
    }
    byte_view octets;
    std::string joined;
    switch (h.major) {
        case 0: out = value(h.argument); return true;
        case 1: out = negative_number(h.argument); return true;
        case major_octets:
            if (!read_string(c, h, octets, &joined)) {
                return false;
            }
            if (tag == tag_positive_bignum || tag == tag_negative_bignum) {
                out = bignum(octets, tag == tag_negative_bignum);
            } else {
                out = value(binary{bytes(octets)});
            }
            return true;
        case major_text: {
            std::string content;
            if (!read_string(c, h, octets, &joined) || !take_text(c, octets, text, content)) {
                return false;
            }
            out = value(std::move(content));
            return true;
        }
        case major_list: return read_list(c, h, depth, text, out);
        case major_map: return read_map(c, h, depth, text, out);
        default: return read_simple(c, h, out);
    }
}

bool read_list_head(cursor& c, std::uint64_t& count)
{
    head h;
    std::uint64_t tag = 0;
    if (!read_head(c, h, tag)) {
        return false;
    }
    if (h.major != major_list) {
        return c.malformed("not a list");
    }
    count = h.argument;
    return true;
}

bool read_text(cursor& c, text_policy text, std::string& out)
{
    head h;
    std::uint64_t tag = 0;
    byte_view octets;
    std::string joined;
    if (!read_head(c, h, tag)) {
        return false;
    }
    if (h.major != major_text) {
        return c.malformed("not a text");
    }
    return read_string(c, h, octets, &joined) && take_text(c, octets, text, out);
}

bool read_unsigned(cursor& c, std::uint64_t& out)
{
    head h;
    std::uint64_t tag = 0;
    if (!read_head(c, h, tag)) {
        return false;
    }
    if (h.major == 0) {
        out = h.argument;
        return true;
    }
    if (h.major == 7 && is_float(h)) {
        value number;
        auto const read = read_simple(c, h, number);
        auto const whole = number.as_uint();
        if (!read || !whole) {
            return c.malformed("not an integer of 0 to 2^53");
        }
        out = *whole;
        return true;
    }
    return c.malformed("not an unsigned integer");
}

}  // namespace cerro::codec::cbor
