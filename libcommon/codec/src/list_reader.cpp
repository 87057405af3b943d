#include "formats.hpp"
#include <cerro/codec/list_reader.hpp>

namespace cerro::codec {

namespace {

constexpr std::uint64_t largest_id = std::uint64_t{1} << 53U;

bool skip_value(serializer s, cursor& c)
{
    switch (s) {
        case serializer::json: return json::skip_value(c);
        case serializer::msgpack: return msgpack_format::skip_value(c);
        case serializer::cbor: return cbor::skip_value(c);
    }
    return c.malformed("unknown serializer");
}

bool read_json_id(cursor& c, std::uint64_t& out)
{
    auto const* const first = c.p;
    while (c.p != c.end && *c.p >= '0' && *c.p <= '9' && c.p - first < 16) {
        out = out * 10 + static_cast<std::uint64_t>(*c.p++ - '0');
    }
    bool const plain = c.p != first && (*first != '0' || c.p - first == 1);
    if (plain && c.p != c.end && (*c.p == ',' || *c.p == ']')) {
        return true;
    }
    c.p = first;  // something rarer: 1.0, 1e3, spaces behind it
    value v;
    if (!json::read_value(c, 0, text_policy::check, v)) {
        return false;
    }
    auto const number = v.as_uint();
    if (!number) {
        return c.malformed("not an unsigned integer");
    }
    out = *number;
    return true;
}

list_reader::element json_element(char ch)
{
    using element = list_reader::element;
    switch (ch) {
        case '"': return element::text;
        case '[': return element::list;
        case '{': return element::dict;
        case 'n': return element::null;
        case 't':
        case 'f': return element::other;
        default: return element::number;
    }
}

list_reader::element msgpack_element(unsigned char b)
{
    using element = list_reader::element;
    if (b <= 0x7f || b >= 0xe0 || (b >= 0xca && b <= 0xd3)) {
        return element::number;
    }
    if (b <= 0x8f || b == 0xde || b == 0xdf) {
        return element::dict;
    }
    if (b <= 0x9f || b == 0xdc || b == 0xdd) {
        return element::list;
    }
    if (b <= 0xbf || (b >= 0xd9 && b <= 0xdb)) {
        return element::text;
    }
    if (b >= 0xc4 && b <= 0xd8) {
        return element::octets;
    }
    return b == 0xc0 ? element::null : element::other;
}

list_reader::element cbor_element(unsigned char b)
{
    using element = list_reader::element;
    switch (b >> 5U) {
        case 0:
        case 1: return element::number;
        case 2: return element::octets;
        case 3: return element::text;
        case 4: return element::list;
        case 5: return element::dict;
        case 6: return element::other;  // a tag: what it marks shows only behind it
        default: break;
    }
    if (b == 0xf6 || b == 0xf7) {
        return element::null;
    }
    return b >= 0xf9 && b <= 0xfb ? element::number : element::other;
}

/// Passes over an empty dict or null, which most messages have. JSON's with spaces inside are left to the
/// reader.
bool pass_empty_dict(serializer s, cursor& c)
{
    if (c.p == c.end) {
        return false;
    }
    auto const first = static_cast<unsigned char>(*c.p);
    bool empty = false;
    switch (s) {
        case serializer::json:
            empty = first == '{' && c.left() > 1 && c.p[1] == '}';
            c.p += empty ? 1 : 0;
            break;
        case serializer::msgpack: empty = first == 0x80 || first == 0xc0; break;
        case serializer::cbor: empty = first == 0xa0 || first == 0xf6; break;
    }
    c.p += empty ? 1 : 0;
    return empty;
}

bool read_value(serializer s, cursor& c, value& out)
{
    switch (s) {
        case serializer::json: return json::read_value(c, 0, text_policy::check, out);
        case serializer::msgpack: return msgpack_format::read_value(c, text_policy::check, out);
        case serializer::cbor: return cbor::read_value(c, 0, text_policy::check, out);
    }
    return c.malformed("unknown serializer");
}

}  // namespace

list_reader::list_reader(serializer s, byte_view input, limits const& lim) : serializer_(s), c_(input, lim) {}

bool list_reader::open()
{
    switch (serializer_) {
        case serializer::json:
            json::skip_space(c_);
            if (c_.p == c_.end || *c_.p != '[') {
                return c_.malformed("not a list");
            }
            ++c_.p;
            return true;
        case serializer::msgpack: counted_ = true; return msgpack_format::read_list_head(c_, remaining_);
        case serializer::cbor:
            if (!cbor::read_list_head(c_, remaining_)) {
                return false;
            }
            counted_ = remaining_ != cbor::indefinite;
            return true;
    }
    return c_.malformed("unknown serializer");
}

bool list_reader::more()
{
    if (c_.what != nullptr) {
        return false;
    }
    if (counted_) {
        if (remaining_ == 0) {
            return false;
        }
        --remaining_;
        return true;
    }
    if (serializer_ == serializer::cbor) {
        return !cbor::at_break(c_);
    }
    json::skip_space(c_);
    if (c_.p == c_.end || *c_.p == ']') {
        return false;
    }
    if (!first_) {
        if (*c_.p != ',') {
            return c_.malformed("a comma or closing bracket is missing");
        }
        ++c_.p;
        json::skip_space(c_);
    }
    first_ = false;
    return true;
}

list_reader::element list_reader::next() const
{
    if (c_.p == c_.end) {
        return element::other;
    }
    switch (serializer_) {
        case serializer::json: return json_element(*c_.p);
        case serializer::msgpack: return msgpack_element(static_cast<unsigned char>(*c_.p));
        case serializer::cbor: return cbor_element(static_cast<unsigned char>(*c_.p));
    }
    return element::other;
}

bool list_reader::read_id(std::uint64_t& out)
{
    out = 0;
    bool done = false;
    switch (serializer_) {
        case serializer::json: done = read_json_id(c_, out); break;
        case serializer::msgpack: done = msgpack_format::read_unsigned(c_, out); break;
        case serializer::cbor: done = cbor::read_unsigned(c_, out); break;
    }
    return done && (out <= largest_id || c_.malformed("an id above 2^53"));
}

bool list_reader::read_text(std::string& out)
{
    switch (serializer_) {
        case serializer::json: return json::read_text(c_, text_policy::check, out);
        case serializer::msgpack: return msgpack_format::read_text(c_, text_policy::check, out);
        case serializer::cbor: return cbor::read_text(c_, text_policy::check, out);
    }
    return c_.malformed("unknown serializer");
}

bool list_reader::read_dict(dict& out)
{
    out.entries().clear();
    if (pass_empty_dict(serializer_, c_)) {
        return true;
    }
    value v;
    if (!read_value(serializer_, c_, v)) {
        return false;
    }
    if (auto* const members = v.as_dict()) {
        out = std::move(*members);
        return true;
    }
    return v.is_null() || c_.malformed("not a dict");
}

bool list_reader::skip(byte_view& raw)
{
    auto const* const from = c_.p;
    if (!skip_value(serializer_, c_)) {
        return false;
    }
    raw = {from, static_cast<std::size_t>(c_.p - from)};
    return true;
}

bool list_reader::close()
{
    if (c_.what != nullptr) {
        return false;
    }
    bool ended = counted_ && remaining_ == 0;
    if (!counted_) {
        ended = c_.p != c_.end && (serializer_ == serializer::json ? *c_.p == ']' : cbor::at_break(c_));
        c_.p += ended ? 1 : 0;
    }
    if (!ended) {
        return c_.p == c_.end ? c_.truncated() : c_.malformed("more elements than belong here");
    }
    if (serializer_ == serializer::json) {
        json::skip_space(c_);
    }
    return c_.p == c_.end || c_.malformed("something follows the list");
}

problem list_reader::error() const
{
    return c_.what != nullptr ? c_.error(serializer_)
                              : fail(errc::malformed, "the list has no more elements");
}

}  // namespace cerro::codec
