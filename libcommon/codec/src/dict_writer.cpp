#include "formats.hpp"
#include <cerro/codec/dict_writer.hpp>

namespace cerro::codec {

namespace {

/// `small` is the head of a dict with no entry, whose low bits take up to `most`; `large` is followed by two
/// octets.
void write_head(std::size_t count, unsigned small, std::size_t most, unsigned large, bytes& out)
{
    if (count <= most) {
        out += static_cast<char>(small | count);
        return;
    }
    out += static_cast<char>(large);
    out += static_cast<char>(count >> 8U & 0xffU);
    out += static_cast<char>(count & 0xffU);
}

}  // namespace

dict_writer::dict_writer(serializer s, bytes& out, std::size_t count) : serializer_(s), out_(out)
{
    switch (s) {
        case serializer::json: out_ += '{'; break;
        case serializer::msgpack: write_head(count, 0x80U, 15, 0xdeU, out_); break;
        case serializer::cbor: write_head(count, 0xa0U, 23, 0xb9U, out_); break;
    }
}

void dict_writer::write_text(std::string_view text)
{
    switch (serializer_) {
        case serializer::json: json::write_text(text, out_); break;
        case serializer::msgpack: msgpack_format::write_text(text, out_); break;
        case serializer::cbor: cbor::write_text(text, out_); break;
    }
}

void dict_writer::begin(std::string_view key)
{
    if (serializer_ == serializer::json && !first_) {
        out_ += ',';
    }
    first_ = false;
    write_text(key);
    if (serializer_ == serializer::json) {
        out_ += ':';
    }
}

void dict_writer::add(std::string_view key, value const& v)
{
    begin(key);
    encode(serializer_, v, out_);
}

void dict_writer::add_unsigned(std::string_view key, std::uint64_t number)
{
    begin(key);
    switch (serializer_) {
        case serializer::json: json::write_unsigned(number, out_); break;
        case serializer::msgpack: msgpack_format::write_unsigned(number, out_); break;
        case serializer::cbor: cbor::write_unsigned(number, out_); break;
    }
}

void dict_writer::add_text(std::string_view key, std::string_view text)
{
    begin(key);
    write_text(text);
}

void dict_writer::add_encoded(std::string_view key, byte_view encoded)
{
    begin(key);
    out_ += encoded;
}

void dict_writer::finish()
{
    if (serializer_ == serializer::json) {
        out_ += '}';
    }
}

}  // namespace cerro::codec
