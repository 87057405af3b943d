#include "formats.hpp"

#include <msgpack.hpp>

#include <array>
#include <bit>
#include <cmath>

namespace cerro::codec::msgpack_format {

namespace {

/// What a first octet announces.
struct head {
    enum class kind : std::uint8_t { scalar, text, octets, list, map, bad };
    kind what = kind::bad;
    std::uint64_t size = 0;  ///< octets or elements that follow the head
};

template <class Unsigned>
bool sized(cursor& c, head& h, head::kind what, std::uint64_t extra = 0)
{
    Unsigned n = 0;
    if (!c.take(n)) {
        return false;
    }
    h = {what, n + extra};
    return true;
}

/// Reads a head whose sizes stand behind the first octet, passing over it.
bool read_head(cursor& c, head& h)
{
    std::uint8_t b = 0;
    if (!c.take(b)) {
        return false;
    }
    using kind = head::kind;
    if (b <= 0x7f || b >= 0xe0) {
        h = {kind::scalar, 0};
        return true;
    }
    if (b <= 0x8f) {
        h = {kind::map, b & 0x0fU};
        return true;
    }
    if (b <= 0x9f) {
        h = {kind::list, b & 0x0fU};
        return true;
    }
    if (b <= 0xbf) {
        h = {kind::text, b & 0x1fU};
        return true;
    }
    switch (b) {
        case 0xc0:
        case 0xc2:
        case 0xc3: h = {kind::scalar, 0}; return true;
        case 0xc4: return sized<std::uint8_t>(c, h, kind::octets);
        case 0xc5: return sized<std::uint16_t>(c, h, kind::octets);
        case 0xc6: return sized<std::uint32_t>(c, h, kind::octets);
        case 0xc7:
            return sized<std::uint8_t>(c, h, kind::octets, 1);  // ext: one octet of type before the data
        case 0xc8: return sized<std::uint16_t>(c, h, kind::octets, 1);
        case 0xc9: return sized<std::uint32_t>(c, h, kind::octets, 1);
        case 0xcc:
        case 0xd0: h = {kind::scalar, 1}; return true;
        case 0xcd:
        case 0xd1: h = {kind::scalar, 2}; return true;
        case 0xca:
        case 0xce:
        case 0xd2: h = {kind::scalar, 4}; return true;
        case 0xcb:
        case 0xcf:
        case 0xd3: h = {kind::scalar, 8}; return true;
        case 0xd4: h = {kind::octets, 2}; return true;
        case 0xd5: h = {kind::octets, 3}; return true;
        case 0xd6: h = {kind::octets, 5}; return true;
        case 0xd7: h = {kind::octets, 9}; return true;
        case 0xd8: h = {kind::octets, 17}; return true;
        case 0xd9: return sized<std::uint8_t>(c, h, kind::text);
        case 0xda: return sized<std::uint16_t>(c, h, kind::text);
        case 0xdb: return sized<std::uint32_t>(c, h, kind::text);
        case 0xdc: return sized<std::uint16_t>(c, h, kind::list);
        case 0xdd: return sized<std::uint32_t>(c, h, kind::list);
        case 0xde: return sized<std::uint16_t>(c, h, kind::map);
        case 0xdf: return sized<std::uint32_t>(c, h, kind::map);
        default: break;
    }
    return c.malformed("octet c1 begins no value");
}

/// Builds a value from what msgpack::parse reports. A visitor's function returns false to stop.
class builder {
public:
    builder(cursor& c, text_policy text, value& root) : c_(c), text_(text), root_(root) {}

    bool visit_nil() { return put(value()); }
    bool visit_boolean(bool v) { return put(value(v)); }
    bool visit_positive_integer(std::uint64_t v) { return put(value(v)); }
    bool visit_negative_integer(std::int64_t v) { return put(value(static_cast<long long>(v))); }
    bool visit_float32(float v) { return put(value(static_cast<double>(v))); }
    bool visit_float64(double v) { return put(value(v)); }
    bool visit_str(char const* data, std::uint32_t size)
    {
        std::string text;
        return take_text(c_, {data, size}, text_, text) && put(value(std::move(text)));
    }
    bool visit_bin(char const* data, std::uint32_t size) { return put(value(binary{bytes(data, size)})); }
    bool visit_ext(char const* data, std::uint32_t size)
    {
        return put(
            value(size == 0 ? binary{} : binary{bytes(data + 1, size - 1)}));  // without the type octet
    }
    bool start_array(std::uint32_t count)
    {
        if (!open(count, 1)) {
            return false;
        }
        list elements;
        elements.reserve(count);
        stack_.push_back({value(std::move(elements)), {}, false});
        return true;
    }
    bool start_array_item() { return true; }
    bool end_array_item() { return true; }
    bool end_array() { return close(); }
    bool start_map(std::uint32_t count)
    {
        if (!open(count, 2)) {
            return false;
        }
        dict members;
        members.entries().reserve(count);
        stack_.push_back({value(std::move(members)), {}, false});
        return true;
    }
    bool start_map_key()
    {
        stack_.back().at_key = true;
        return true;
    }
    bool end_map_key()
    {
        stack_.back().at_key = false;
        return true;
    }
    bool start_map_value() { return true; }
    bool end_map_value() { return true; }
    bool end_map()
    {
        make_keys_unique(stack_.back().container.as_dict()->entries());
        return close();
    }
    void parse_error(std::size_t, std::size_t) { c_.malformed("octet c1 begins no value"); }
    void insufficient_bytes(std::size_t, std::size_t) { c_.truncated(); }

private:
    struct level {
        value container;
        std::string key;
        bool at_key;
    };

    /// @param least octets that one element takes at least: more than is left cannot be true, and is not
    /// reserved
    bool open(std::uint32_t count, std::uint64_t least)
    {
        if (!stack_.empty() && stack_.back().at_key) {
            return c_.malformed("a list or dict stands where a key belongs");
        }
        if (stack_.size() >= c_.max_depth) {
            return c_.too_deep();
        }
        return c_.take_items(count) && (count * least <= c_.left() || c_.truncated());
    }

    bool close()
    {
        auto done = std::move(stack_.back().container);
        stack_.pop_back();
        return put(std::move(done));
    }

    bool put(value&& v)
    {
        if (stack_.empty()) {
            root_ = std::move(v);
            return true;
        }
        auto& top = stack_.back();
        if (top.at_key) {
            top.key.clear();
            return key_from_value(c_, std::move(v), top.key);
        }
        if (auto* const elements = top.container.as_list()) {
            elements->push_back(std::move(v));
        } else {
            top.container.as_dict()->append(std::move(top.key), std::move(v));
        }
        return true;
    }

    cursor& c_;
    text_policy text_;
    value& root_;
    std::vector<level> stack_;
};

}  // namespace

bool skip_value(cursor& c)
{
    struct level {
        std::uint64_t left;  ///< values still to come; a map's entry counts two
        bool map;
    };
    std::array<level, hard_max_depth> outer;  // NOLINT: only what is written is read
    std::size_t depth = 0;
    level now{1, false};
    while (true) {
        while (now.left == 0) {
            if (depth == 0) {
                return true;
            }
            now = outer[--depth];
        }
        bool const at_key = now.map && now.left % 2 == 0;
        --now.left;
        head h;
        if (!read_head(c, h)) {
            return false;
        }
        if (h.what == head::kind::list || h.what == head::kind::map) {
            bool const map = h.what == head::kind::map;
            if (at_key) {
                return c.malformed("a list or dict stands where a key belongs");
            }
            if (depth >= c.max_depth) {
                return c.too_deep();
            }
            if (!c.take_items(h.size)) {
                return false;
            }
            auto const values = map ? h.size * 2 : h.size;
            if (values > c.left()) {
                return c.truncated();
            }
            outer[depth++] = now;
            now = {values, map};
        } else {
            byte_view passed;
            if (!c.take_octets(h.size, passed)) {
                return false;
            }
        }
    }
}

bool read_value(cursor& c, text_policy text, value& out)
{
    builder visitor(c, text, out);
    auto at = c.offset();
    auto const done = msgpack::parse(c.begin, static_cast<std::size_t>(c.end - c.begin), at, visitor);
    c.p = c.begin + at;
    if (!done) {
        return c.truncated();
    }
    return c.what == nullptr;
}

bool read_list_head(cursor& c, std::uint64_t& count)
{
    head h;
    if (!read_head(c, h)) {
        return false;
    }
    if (h.what != head::kind::list) {
        return c.malformed("not a list");
    }
    count = h.size;
    return true;
}

bool read_text(cursor& c, text_policy text, std::string& out)
{
    head h;
    byte_view octets;
    if (!read_head(c, h)) {
        return false;
    }
    if (h.what != head::kind::text) {
        return c.malformed("not a text");
    }
    return c.take_octets(h.size, octets) && take_text(c, octets, text, out);
}

bool read_unsigned(cursor& c, std::uint64_t& out)
{
    std::uint8_t b = 0;
    if (!c.take(b)) {
        return false;
    }
    if (b <= 0x7f) {
        out = b;
        return true;
    }
    auto const fixed = [&]<class Unsigned>(Unsigned n) {
        if (!c.take(n)) {
            return false;
        }
        out = n;
        return true;
    };
    auto const whole = [&](double d) {
        if (!(d >= 0 && d <= 9007199254740992.0 && std::trunc(d) == d)) {
            return c.malformed("not an integer of 0 to 2^53");
        }
        out = static_cast<std::uint64_t>(d);
        return true;
    };
    std::uint32_t single = 0;
    std::uint64_t twice = 0;
    switch (b) {
        case 0xcc: return fixed(std::uint8_t{});
        case 0xcd: return fixed(std::uint16_t{});
        case 0xce: return fixed(std::uint32_t{});
        case 0xcf: return fixed(std::uint64_t{});
        case 0xca: return c.take(single) && whole(static_cast<double>(std::bit_cast<float>(single)));
        case 0xcb: return c.take(twice) && whole(std::bit_cast<double>(twice));
        case 0xd0: return fixed(std::uint8_t{}) && (out < 0x80 || c.malformed("a negative number"));
        case 0xd1: return fixed(std::uint16_t{}) && (out < 0x8000 || c.malformed("a negative number"));
        case 0xd2: return fixed(std::uint32_t{}) && (out < 0x80000000U || c.malformed("a negative number"));
        case 0xd3: return fixed(std::uint64_t{}) && (out >> 63U == 0 || c.malformed("a negative number"));
        default: break;
    }
    return c.malformed("not an unsigned integer");
}

}  // namespace cerro::codec::msgpack_format
