#include "formats.hpp"
#include <cerro/codec/utf8.hpp>

#include <msgpack.hpp>

namespace cerro::codec::msgpack_format {

namespace {

/// What msgpack's packer writes into.
struct sink {
    explicit sink(std::string& target) : out(target) {}
    void write(char const* data, std::size_t size) { out.append(data, size); }
    std::string& out;
};

using packer = msgpack::packer<sink>;

void pack_text(packer& to, std::string_view text)
{
    if (!valid_utf8(text)) {
        auto const repaired = repair_utf8(text);
        to.pack_str(static_cast<std::uint32_t>(repaired.size()));
        to.pack_str_body(repaired.data(), static_cast<std::uint32_t>(repaired.size()));
        return;
    }
    to.pack_str(static_cast<std::uint32_t>(text.size()));
    to.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

void pack(packer& to, value const& v);

void pack(packer& to, dict const& d)
{
    to.pack_map(static_cast<std::uint32_t>(d.size()));
    for (auto const& [key, v] : d) {
        pack_text(to, key);
        pack(to, v);
    }
}

void pack(packer& to, value const& v)
{
    switch (v.type()) {
        case value::kind::null: to.pack_nil(); break;
        case value::kind::boolean: *v.as_bool() ? to.pack_true() : to.pack_false(); break;
        case value::kind::integer: to.pack_int64(*v.as_int()); break;
        case value::kind::unsigned_integer: to.pack_uint64(*v.as_uint()); break;
        case value::kind::real: to.pack_double(*v.as_double()); break;
        case value::kind::text: pack_text(to, *v.as_text()); break;
        case value::kind::octets: {
            auto const& octets = v.as_binary()->octets;
            to.pack_bin(static_cast<std::uint32_t>(octets.size()));
            to.pack_bin_body(octets.data(), static_cast<std::uint32_t>(octets.size()));
            break;
        }
        case value::kind::array: {
            auto const& elements = *v.as_list();
            to.pack_array(static_cast<std::uint32_t>(elements.size()));
            for (auto const& element : elements) {
                pack(to, element);
            }
            break;
        }
        case value::kind::object: pack(to, *v.as_dict()); break;
    }
}

}  // namespace

void write_value(value const& v, std::string& out)
{
    sink to(out);
    packer p(to);
    pack(p, v);
}

void write_dict(dict const& d, std::string& out)
{
    sink to(out);
    packer p(to);
    pack(p, d);
}

void write_text(std::string_view text, std::string& out)
{
    sink to(out);
    packer p(to);
    pack_text(p, text);
}

void write_unsigned(std::uint64_t number, std::string& out)
{
    sink to(out);
    packer p(to);
    p.pack_uint64(number);
}

void write_list_head(std::size_t count, std::string& out)
{
    sink to(out);
    packer p(to);
    p.pack_array(static_cast<std::uint32_t>(count));
}

}  // namespace cerro::codec::msgpack_format
