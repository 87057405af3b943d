#include "formats.hpp"
#include <cerro/codec/utf8.hpp>

#include <msgpack.hpp>

#include <array>
#include <bit>

namespace cerro::codec::msgpack_format {

namespace {

/// What msgpack's packer writes into.
struct sink {
    explicit sink(std::string& target) : out(target) {}
    void write(char const* data, std::size_t size) { out.append(data, size); }
    std::string& out;
};

using packer = msgpack::packer<sink>;

void pack_text(sink& target, std::string_view text)
{
    packer to(target);
    if (!valid_utf8(text)) {
        auto const repaired = repair_utf8(text);
        to.pack_str(static_cast<std::uint32_t>(repaired.size()));
        to.pack_str_body(repaired.data(), static_cast<std::uint32_t>(repaired.size()));
        return;
    }
    to.pack_str(static_cast<std::uint32_t>(text.size()));
    to.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
}

/// Not packer::pack_double(), which makes whole doubles integers: 1.0 must stay a float for its readers.
void pack_real(sink& to, double d)
{
    auto const bits = std::bit_cast<std::uint64_t>(d);
    std::array<char, 9> octets{'\xcb'};
    for (unsigned i = 0; i < 8; ++i) {
        octets[i + 1] = static_cast<char>(bits >> (56U - 8U * i) & 0xffU);
    }
    to.write(octets.data(), octets.size());
}

void pack(sink& to, value const& v);

void pack(sink& to, dict const& d)
{
    packer(to).pack_map(static_cast<std::uint32_t>(d.size()));
    for (auto const& [key, v] : d) {
        pack_text(to, key);
        pack(to, v);
    }
}

void pack(sink& target, value const& v)
{
    packer to(target);
    switch (v.type()) {
        case value::kind::null: to.pack_nil(); break;
        case value::kind::boolean: *v.as_bool() ? to.pack_true() : to.pack_false(); break;
        case value::kind::integer: to.pack_int64(*v.as_int()); break;
        case value::kind::unsigned_integer: to.pack_uint64(*v.as_uint()); break;
        case value::kind::real: pack_real(target, *v.as_double()); break;
        case value::kind::text: pack_text(target, *v.as_text()); break;
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
                pack(target, element);
            }
            break;
        }
        case value::kind::object: pack(target, *v.as_dict()); break;
    }
}

}  // namespace

void write_value(value const& v, std::string& out)
{
    sink to(out);
    pack(to, v);
}

void write_dict(dict const& d, std::string& out)
{
    sink to(out);
    pack(to, d);
}

void write_text(std::string_view text, std::string& out)
{
    sink to(out);
    pack_text(to, text);
}

void write_unsigned(std::uint64_t number, std::string& out)
{
    sink to(out);
    packer(to).pack_uint64(number);
}

void write_list_head(std::size_t count, std::string& out)
{
    sink to(out);
    packer(to).pack_array(static_cast<std::uint32_t>(count));
}

}  // namespace cerro::codec::msgpack_format
