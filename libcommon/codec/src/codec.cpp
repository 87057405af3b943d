#include "formats.hpp"
#include <cerro/codec/codec.hpp>

#include <limits>

namespace cerro::codec {

namespace {

bool read_value(serializer s, cursor& c, text_policy text, value& out)
{
    switch (s) {
        case serializer::json: return json::read_value(c, 0, text, out);
        case serializer::msgpack: return msgpack_format::read_value(c, text, out);
        case serializer::cbor: return cbor::read_value(c, 0, text, out);
    }
    return c.malformed("unknown serializer");
}

bool skip_value(serializer s, cursor& c)
{
    switch (s) {
        case serializer::json: return json::skip_value(c);
        case serializer::msgpack: return msgpack_format::skip_value(c);
        case serializer::cbor: return cbor::skip_value(c);
    }
    return c.malformed("unknown serializer");
}

bool at_end(serializer s, cursor& c)
{
    if (s == serializer::json) {
        json::skip_space(c);
    }
    return c.p == c.end || c.malformed("something follows the value");
}

result<value> decode_with(serializer s, byte_view input, limits const& lim, text_policy text)
{
    cursor c(input, lim);
    value v;
    if (!read_value(s, c, text, v) || !at_end(s, c)) {
        return c.error(s);
    }
    return v;
}

}  // namespace

std::string_view name(serializer s) noexcept
{
    switch (s) {
        case serializer::json: return "json";
        case serializer::msgpack: return "msgpack";
        case serializer::cbor: return "cbor";
    }
    return "?";
}

result<value> decode(serializer s, byte_view input, limits const& lim)
{
    return decode_with(s, input, lim, text_policy::check);
}

void encode(serializer s, value const& v, bytes& out)
{
    switch (s) {
        case serializer::json: json::write_value(v, out); break;
        case serializer::msgpack: msgpack_format::write_value(v, out); break;
        case serializer::cbor: cbor::write_value(v, out); break;
    }
}

void encode_dict(serializer s, dict const& d, bytes& out)
{
    switch (s) {
        case serializer::json: json::write_dict(d, out); break;
        case serializer::msgpack: msgpack_format::write_dict(d, out); break;
        case serializer::cbor: cbor::write_dict(d, out); break;
    }
}

bytes encode(serializer s, value const& v)
{
    bytes out;
    encode(s, v, out);
    return out;
}

std::string to_json(value const& v, int indent)
{
    std::string out;
    if (indent > 0) {
        json::write_pretty(v, static_cast<std::size_t>(indent), 0, out);
    } else {
        json::write_value(v, out);
    }
    return out;
}

result<value> from_json(std::string_view text, limits const& lim)
{
    return decode(serializer::json, text, lim);
}

result<std::size_t> skip(serializer s, byte_view input, std::size_t offset, limits const& lim)
{
    cursor c(input, lim, offset);
    if (!skip_value(s, c)) {
        return c.error(s);
    }
    return c.offset();
}

result<void> transcode(serializer from, byte_view input, serializer to, bytes& out, limits const& lim)
{
    if (from == to) {
        cursor c(input, lim);
        if (!skip_value(from, c) || !at_end(from, c)) {
            return c.error(from);
        }
        out += input;
        return {};
    }
    auto const v = decode_with(from, input, lim, text_policy::repair);
    if (!v) {
        return v.error();
    }
    encode(to, *v, out);
    return {};
}

}  // namespace cerro::codec
