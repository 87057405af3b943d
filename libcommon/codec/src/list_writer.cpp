#include "formats.hpp"
#include <cerro/codec/list_writer.hpp>

namespace cerro::codec {

list_writer::list_writer(serializer s, bytes& out, std::size_t count) : serializer_(s), out_(out)
{
    switch (s) {
        case serializer::json: out_ += '['; break;
        case serializer::msgpack: msgpack_format::write_list_head(count, out_); break;
        case serializer::cbor: cbor::write_list_head(count, out_); break;
    }
}

void list_writer::separate()
{
    if (serializer_ == serializer::json && !first_) {
        out_ += ',';
    }
    first_ = false;
}

void list_writer::add_unsigned(std::uint64_t number)
{
    separate();
    switch (serializer_) {
        case serializer::json: json::write_unsigned(number, out_); break;
        case serializer::msgpack: msgpack_format::write_unsigned(number, out_); break;
        case serializer::cbor: cbor::write_unsigned(number, out_); break;
    }
}

void list_writer::add_text(std::string_view text)
{
    separate();
    switch (serializer_) {
        case serializer::json: json::write_text(text, out_); break;
        case serializer::msgpack: msgpack_format::write_text(text, out_); break;
        case serializer::cbor: cbor::write_text(text, out_); break;
    }
}

void list_writer::add_dict(dict const& d)
{
    separate();
    encode_dict(serializer_, d, out_);
}

void list_writer::add_value(value const& v)
{
    separate();
    encode(serializer_, v, out_);
}

void list_writer::add_encoded(byte_view encoded)
{
    separate();
    out_ += encoded;
}

void list_writer::add_empty_list()
{
    separate();
    switch (serializer_) {
        case serializer::json: out_ += "[]"; break;
        case serializer::msgpack: out_ += '\x90'; break;
        case serializer::cbor: out_ += '\x80'; break;
    }
}

void list_writer::finish()
{
    if (serializer_ == serializer::json) {
        out_ += ']';
    }
}

}  // namespace cerro::codec
