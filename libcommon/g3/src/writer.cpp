#include "encoder.hpp"
#include <cerro/base/crc32c.hpp>
#include <cerro/g3/writer.hpp>

#include <zlib.h>

#include <cmath>

namespace cerro::g3 {
namespace {

constexpr std::uint32_t plain_version = 1;
constexpr std::uint32_t int_vector_version = 2;
constexpr std::uint32_t timesample_map_version = 0;

template <class Stored>
void append_integers(encoder& e, std::vector<std::int64_t> const& values)
{
    e.number<std::int32_t>(8 * sizeof(Stored));
    e.number<std::uint64_t>(values.size());
    for (auto const value : values) {
        e.number(static_cast<Stored>(value));
    }
}

void append_integers(encoder& e, std::vector<std::int64_t> const& values)
{
    std::uint64_t mask = 0;
    for (auto const value : values) {
        mask |= static_cast<std::uint64_t>(value < 0 ? ~value : value);
    }
    auto const bits = std::bit_width(mask) + 1;
    if (bits <= 8) {
        append_integers<std::int8_t>(e, values);
    } else if (bits <= 16) {
        append_integers<std::int16_t>(e, values);
    } else if (bits <= 32) {
        append_integers<std::int32_t>(e, values);
    } else {
        append_integers<std::int64_t>(e, values);
    }
}

/// The list of blocks: names and versions only before the first of each class.
bytes encode_blocks(std::span<hk::block const* const> blocks)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3VectorFrameObject", plain_version);
    e.number<std::uint64_t>(blocks.size());
    std::uint32_t pointer = 1;
    for (auto const* const block : blocks) {
        bool const first = ++pointer == 2;
        if (first) {
            e.first_of_class("G3TimesampleMap", timesample_map_version, 2, pointer);
            e.u32(plain_version);  // G3MapFrameObject, its base; the base of that was met in the list
        } else {
            e.next_of_class(2, pointer);
        }
        e.u32(static_cast<std::uint32_t>(block->fields.size()));
        for (auto const& [name, values] : block->fields) {
            e.text(name);
            e.text(encode_column(values));
        }
        if (first) {
            e.u32(plain_version);  // G3VectorTime
        }
        e.number<std::uint64_t>(block->times.size());
        if (first) {
            e.u32(plain_version);  // G3Time
        }
        for (auto const t : block->times) {
            e.number(t);
        }
    }
    return out;
}

bytes encode_providers(std::span<hk::provider const> providers)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3VectorFrameObject", plain_version);
    e.number<std::uint64_t>(providers.size());
    std::uint32_t pointer = 1;
    for (auto const& provider : providers) {
        if (++pointer == 2) {
            e.first_of_class("G3MapFrameObject", plain_version, 2, pointer);
        } else {
            e.next_of_class(2, pointer);
        }
        e.u32(2);
        e.text("description");
        e.text(encode_string(provider.description));
        e.text("prov_id");
        e.text(encode_int(provider.id));
    }
    return out;
}

}  // namespace

bytes encode_int(std::int64_t value)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3Int", plain_version);
    e.number(value);
    return out;
}

bytes encode_double(double value)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3Double", plain_version);
    e.number(value);
    return out;
}

bytes encode_string(std::string_view value)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3String", plain_version);
    e.text(value);
    return out;
}

bytes encode_string_vector(std::span<std::string const> values)
{
    bytes out;
    encoder e(out);
    e.open_archive("G3VectorString", plain_version);
    e.number<std::uint64_t>(values.size());
    for (auto const& value : values) {
        e.text(value);
    }
    return out;
}

bytes encode_column(column const& values)
{
    bytes out;
    encoder e(out);
    if (auto const* const flags = std::get_if<std::vector<bool>>(&values)) {
        e.open_archive("G3VectorBool", plain_version);
        e.number<std::uint64_t>(flags->size());
        for (bool const flag : *flags) {
            e.number<std::uint8_t>(flag ? 1 : 0);
        }
    } else if (auto const* const integers = std::get_if<std::vector<std::int64_t>>(&values)) {
        e.open_archive("G3VectorInt", int_vector_version);
        append_integers(e, *integers);
    } else if (auto const* const reals = std::get_if<std::vector<double>>(&values)) {
        e.open_archive("G3VectorDouble", plain_version);
        e.numbers(std::span<double const>(*reals));
    } else {
        return encode_string_vector(std::get<std::vector<std::string>>(values));
    }
    return out;
}

void frame_builder::add(std::string_view name, byte_view archive)
{
    encoder e(objects_);
    e.text(name);
    e.text(archive);
    crc_ = crc32c(archive, crc32c(name, crc_));
    ++count_;
}

bytes frame_builder::finish() const
{
    bytes out;
    out.reserve(objects_.size() + 17);
    encoder e(out);
    e.number<std::uint8_t>(1);
    e.u32(1);
    e.u32(count_);
    e.u32(type_);
    e.raw(objects_);
    e.u32(crc_);
    return out;
}

namespace hk {
namespace {

constexpr std::int64_t session_type = 0;
constexpr std::int64_t status_type = 1;
constexpr std::int64_t data_type = 2;

}  // namespace

std::int64_t make_session_id(double start_time, std::int64_t pid, std::string_view description)
{
    constexpr std::uint64_t low14 = (1U << 14U) - 1;
    auto const seconds =
        static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(start_time))) & 0xFFFFFFFFU;
    auto const crc =
        ::crc32_z(0, reinterpret_cast<unsigned char const*>(description.data()), description.size());
    return static_cast<std::int64_t>(seconds << 28U | (static_cast<std::uint64_t>(pid) & low14) << 14U |
                                     (crc & low14));
}

session_writer::session_writer(double start_time, std::int64_t session_id, std::string description)
    : start_time_(start_time), session_id_(session_id), description_(std::move(description))
{}

bytes session_writer::session_frame() const
{
    frame_builder f(housekeeping_frame);
    f.add("description", encode_string(description_));
    f.add("start_time", encode_double(start_time_));
    f.add("session_id", encode_int(session_id_));
    f.add("hkagg_version", encode_int(schema_version));
    f.add("hkagg_type", encode_int(session_type));
    return f.finish();
}

bytes session_writer::status_frame(double timestamp, std::span<provider const> providers) const
{
    frame_builder f(housekeeping_frame);
    f.add("session_id", encode_int(session_id_));
    f.add("timestamp", encode_double(timestamp));
    f.add("hkagg_version", encode_int(schema_version));
    f.add("providers", encode_providers(providers));
    f.add("hkagg_type", encode_int(status_type));
    return f.finish();
}

bytes session_writer::data_frame(data const& d) const
{
    std::vector<block const*> filled;
    std::vector<std::string> names;
    for (auto const& one : d.blocks) {
        if (!one.times.empty()) {
            filled.push_back(&one);
            names.push_back(one.name);
        }
    }
    frame_builder f(housekeeping_frame);
    f.add("address", encode_string(d.address));
    f.add("block_names", encode_string_vector(names));
    f.add("blocks", encode_blocks(filled));
    f.add("provider_session_id", encode_string(d.provider_session_id));
    f.add("prov_id", encode_int(d.prov_id));
    f.add("session_id", encode_int(session_id_));
    f.add("hkagg_type", encode_int(data_type));
    f.add("timestamp", encode_double(d.timestamp));
    f.add("hkagg_version", encode_int(schema_version));
    return f.finish();
}

}  // namespace hk
}  // namespace cerro::g3
