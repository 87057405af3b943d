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

bool is_empty_dict(serializer s, byte_view raw)
{
    switch (s) {
        case serializer::json: return raw == "{}" || raw == "null";
        case serializer::msgpack: return raw == "\x80" || raw == "\xc0";
        case serializer::cbor: return raw == "\xa0" || raw == "\xf6";
    }
    return false;
}

}  // namespace

list_reader::list_reader(serializer s, byte_view input, limits const& lim)
    : serializer_(s), input_(input), left_(lim)
{}

template <class Read>
bool list_reader::read(Read&& act)
{
    cursor c(input_, left_, at_);
    if (serializer_ == serializer::json) {
        json::skip_space(c);
    }
    bool const done = act(c);
    at_ = c.offset();
    left_.max_items = c.items_left;
    if (!done) {
        error_ = c.error(serializer_);
    }
    return done;
}

bool list_reader::open()
{
    return read([&](cursor& c) {
        switch (serializer_) {
            case serializer::json:
                if (c.p == c.end || *c.p != '[') {
                    return c.malformed("not a list");
                }
                ++c.p;
                return true;
            case serializer::msgpack: counted_ = true; return msgpack_format::read_list_head(c, remaining_);
            case serializer::cbor:
                if (!cbor::read_list_head(c, remaining_)) {
                    return false;
                }
                counted_ = remaining_ != cbor::indefinite;
                return true;
        }
        return c.malformed("unknown serializer");
    });
}

bool list_reader::more()
{
    if (error_) {
        return false;
    }
    if (counted_) {
        if (remaining_ == 0) {
            return false;
        }
        --remaining_;
        return true;
    }
    cursor c(input_, left_, at_);
    if (serializer_ == serializer::cbor) {
        return !cbor::at_break(c);
    }
    json::skip_space(c);
    at_ = c.offset();
    if (c.p == c.end || *c.p == ']') {
        return false;
    }
    if (!first_) {
        if (*c.p != ',') {
            return read([](cursor& at) { return at.malformed("a comma or closing bracket is missing"); });
        }
        ++c.p;
    }
    first_ = false;
    json::skip_space(c);
    at_ = c.offset();
    return true;
}

list_reader::element list_reader::next() const
{
    if (at_ == input_.size()) {
        return element::other;
    }
    switch (serializer_) {
        case serializer::json: return json_element(input_[at_]);
        case serializer::msgpack: return msgpack_element(static_cast<unsigned char>(input_[at_]));
        case serializer::cbor: return cbor_element(static_cast<unsigned char>(input_[at_]));
    }
    return element::other;
}

bool list_reader::read_id(std::uint64_t& out)
{
    out = 0;
    return read([&](cursor& c) {
        bool done = false;
        switch (serializer_) {
            case serializer::json: done = read_json_id(c, out); break;
            case serializer::msgpack: done = msgpack_format::read_unsigned(c, out); break;
            case serializer::cbor: done = cbor::read_unsigned(c, out); break;
        }
        return done && (out <= largest_id || c.malformed("an id above 2^53"));
    });
}

bool list_reader::read_text(std::string& out)
{
    return read([&](cursor& c) {
        switch (serializer_) {
            case serializer::json: return json::read_text(c, text_policy::check, out);
            case serializer::msgpack: return msgpack_format::read_text(c, text_policy::check, out);
            case serializer::cbor: return cbor::read_text(c, text_policy::check, out);
        }
        return c.malformed("unknown serializer");
    });
}

bool list_reader::read_dict(dict& out)
{
    out.entries().clear();
    auto const before = left_;
    auto const from = at_;
    byte_view raw;
    if (!skip(raw)) {
        return false;
    }
    if (is_empty_dict(serializer_, raw)) {
        return true;
    }
    auto decoded = decode(serializer_, raw, before);
    if (!decoded) {
        error_ = decoded.error();
        return false;
    }
    if (decoded->is_null()) {
        return true;
    }
    auto* const members = decoded->as_dict();
    if (members == nullptr) {
        at_ = from;
        return read([](cursor& c) { return c.malformed("not a dict"); });
    }
    out = std::move(*members);
    return true;
}

bool list_reader::skip(byte_view& raw)
{
    return read([&](cursor& c) {
        auto const* const from = c.p;
        if (!skip_value(serializer_, c)) {
            return false;
        }
        raw = {from, static_cast<std::size_t>(c.p - from)};
        return true;
    });
}

bool list_reader::close()
{
    if (error_) {
        return false;
    }
    return read([&](cursor& c) {
        bool ended = counted_ && remaining_ == 0;
        if (!counted_) {
            ended = c.p != c.end && (serializer_ == serializer::json ? *c.p == ']' : cbor::at_break(c));
            c.p += ended ? 1 : 0;
        }
        if (!ended) {
            return c.p == c.end ? c.truncated() : c.malformed("more elements than belong here");
        }
        if (serializer_ == serializer::json) {
            json::skip_space(c);
        }
        return c.p == c.end || c.malformed("something follows the list");
    });
}

problem list_reader::error() const
{
    return error_.value_or(problem(errc::malformed, "no fault"));
}

}  // namespace cerro::codec
