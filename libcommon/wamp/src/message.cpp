#include "assemble.hpp"
#include "layout.hpp"
#include <cerro/codec/list_reader.hpp>
#include <cerro/wamp/fast.hpp>
#include <cerro/wamp/message.hpp>

namespace cerro::wamp {

namespace {

using codec::list_reader;
using element = list_reader::element;

problem bad_field(list_reader const& reader, message_type t, std::string_view field)
{
    auto p = reader.error();
    p.what = std::string(name(t)) + ": " + std::string(field) + ": " + p.what;
    return p;
}

problem wrong_kind(message_type t, std::string_view field, std::string_view wanted)
{
    return fail(errc::malformed,
                std::string(name(t)) + ": " + std::string(field) + " is no " + std::string(wanted));
}

/// args: a list, or null for none; or, when payload passthru or encryption is on, one binary in its place.
/// Nothing else: receivers end their session when they get it.
bool may_be_args(codec::serializer s, element e, byte_view raw)
{
    switch (e) {
        case element::list:
        case element::octets:
        case element::null: return true;
        case element::text: break;
        default: return false;
    }
    if (s != codec::serializer::json || !raw.starts_with("\"\\u0000")) {
        return false;
    }
    auto const decoded = codec::decode(s, raw);
    return decoded && decoded->is_binary();
}

std::string_view field_name(char field)
{
    switch (field) {
        case 'r': return "request id";
        case 'i': return "second id";
        case 'u': return "URI";
        case 't': return "text";
        default: return "details or options";
    }
}

bool read_field(list_reader& reader, char field, message& m)
{
    switch (field) {
        case 'r': return reader.read_id(m.request);
        case 'i': return reader.read_id(m.id2);
        case 'u': return reader.read_text(m.uri);
        case 't': return reader.read_text(m.text);
        default: return reader.read_dict(m.details);
    }
}

result<void> read_payload(list_reader& reader, message& m)
{
    if (!reader.more()) {
        return {};
    }
    auto kind = reader.next();
    if (!reader.skip(m.payload.args)) {
        return bad_field(reader, m.type, "args");
    }
    if (!may_be_args(m.payload.serializer, kind, m.payload.args)) {
        return wrong_kind(m.type, "args", "list");
    }
    if (kind == element::null) {
        m.payload.args = {};
    }
    if (!reader.more()) {
        return {};
    }
    kind = reader.next();
    if (kind != element::dict && kind != element::null) {
        return wrong_kind(m.type, "kwargs", "dict");
    }
    if (!reader.skip(m.payload.kwargs)) {
        return bad_field(reader, m.type, "kwargs");
    }
    if (kind == element::null) {
        m.payload.kwargs = {};
    }
    return {};
}

void clear(message& m, codec::serializer s)
{
    m.request = 0;
    m.id2 = 0;
    m.uri.clear();
    m.text.clear();
    m.details.entries().clear();
    m.payload = {s, {}, {}};
}

}  // namespace

result<void> scan_into(codec::serializer s, byte_view input, message& m, codec::limits const& lim)
{
    clear(m, s);
    list_reader reader(s, input, lim);
    std::uint64_t code = 0;
    if (!reader.open() || !reader.more() || !reader.read_id(code)) {
        auto p = reader.error();
        return fail(p.code, "message type: " + p.what);
    }
    if (!from_wire_code(code, m.type)) {
        return fail(errc::unsupported, "message type " + std::to_string(code) + " is not known");
    }
    for (char const field : layout(m.type)) {
        if (field == 'p') {
            if (auto read = read_payload(reader, m); !read) {
                return read;
            }
            continue;
        }
        if (!reader.more()) {
            if (field == 'o') {
                break;
            }
            return fail(errc::malformed,
                        std::string(name(m.type)) + ": " + std::string(field_name(field)) + " is missing");
        }
        if (!read_field(reader, field, m)) {
            return bad_field(reader, m.type, field_name(field));
        }
    }
    if (reader.more()) {
        return fail(errc::malformed, std::string(name(m.type)) + ": more elements than belong here");
    }
    if (!reader.close()) {
        return bad_field(reader, m.type, "end");
    }
    return {};
}

result<message> scan(codec::serializer s, byte_view input, codec::limits const& lim)
{
    message m;
    if (auto read = scan_into(s, input, m, lim); !read) {
        return read.error();
    }
    return m;
}

void write(codec::serializer s, message const& m, bytes& out)
{
    std::size_t count = 1;
    payload_parts payload;
    for (char const field : layout(m.type)) {
        if (field == 'p') {
            payload = payload_parts(s, m.payload);
            count += payload.count();
        } else if (field != 'o' || m.request == 0) {
            ++count;
        }
    }
    out.reserve(out.size() + 64 + m.uri.size() + m.text.size() + payload.size());
    codec::list_writer list(s, out, count);
    list.add_unsigned(wire_code(m.type));
    for (char const field : layout(m.type)) {
        switch (field) {
            case 'r': list.add_unsigned(m.request); break;
            case 'i': list.add_unsigned(m.id2); break;
            case 'u': list.add_text(m.uri); break;
            case 't': list.add_text(m.text); break;
            case 'd': list.add_dict(m.details); break;
            case 'o':
                if (m.request == 0) {
                    list.add_dict(m.details);
                }
                break;
            default: payload.add_to(list); break;
        }
    }
    list.finish();
}

shared_bytes frame(codec::serializer s, message const& m)
{
    frame_builder builder(64 + m.uri.size() + m.text.size() + m.payload.args.size() +
                          m.payload.kwargs.size());
    write(s, m, builder.out());
    return builder.finish();
}

}  // namespace cerro::wamp
