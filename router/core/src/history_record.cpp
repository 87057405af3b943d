#include <cerro/router/history_store.hpp>

#include <algorithm>
#include <array>

namespace cerro::router {

namespace {

// The form is described in docs/formats/router-history.md; all numbers little-endian.
constexpr unsigned char kind_publication = 1;
constexpr unsigned char flag_disclosed = 1;
constexpr std::size_t fixed_size = 4 + 4 * 8 + 6 * 4;

template <class Unsigned>
void put(char*& at, Unsigned v) noexcept
{
    for (std::size_t i = 0; i < sizeof v; ++i) {
        *at++ = static_cast<char>(static_cast<std::uint64_t>(v) >> (8 * i) & 0xffU);
    }
}

template <class Unsigned>
Unsigned take(char const*& at) noexcept
{
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
        v |= static_cast<std::uint64_t>(static_cast<unsigned char>(*at++)) << (8 * i);
    }
    return static_cast<Unsigned>(v);
}

}  // namespace

void encode_record(history_record const& r, bytes& out)
{
    std::array<byte_view, 6> const texts{
        r.authid, r.authrole, r.topic, r.options, r.payload.args, r.payload.kwargs};
    std::array<char, fixed_size> head;
    auto* at = head.data();
    put(at, kind_publication);
    put(at, static_cast<unsigned char>(r.payload.serializer));
    put(at, r.disclosed ? flag_disclosed : static_cast<unsigned char>(0));
    put(at, static_cast<unsigned char>(0));
    put(at, r.position);
    put(at, static_cast<std::uint64_t>(r.time_ns));
    put(at, r.publication);
    put(at, r.session);
    std::size_t total = fixed_size;
    for (auto const text : texts) {
        put(at, static_cast<std::uint32_t>(text.size()));
        total += text.size();
    }
    if (out.capacity() - out.size() < total) {
        out.reserve(std::max(out.size() + total, 2 * out.capacity()));
    }
    out.append(head.data(), head.size());
    for (auto const text : texts) {
        out += text;
    }
}

std::optional<history_record> decode_record(byte_view encoded) noexcept
{
    if (encoded.size() < fixed_size) {
        return std::nullopt;
    }
    auto const* at = encoded.data();
    auto const kind = take<unsigned char>(at);
    auto const serializer = take<unsigned char>(at);
    auto const flags = take<unsigned char>(at);
    ++at;  // not used yet
    history_record r;
    r.position = take<std::uint64_t>(at);
    r.time_ns = take<std::int64_t>(at);
    r.publication = take<std::uint64_t>(at);
    r.session = take<std::uint64_t>(at);
    if (kind != kind_publication || serializer < 1 || serializer > 3 || r.position == 0) {
        return std::nullopt;
    }
    r.disclosed = (flags & flag_disclosed) != 0;
    r.payload.serializer = static_cast<codec::serializer>(serializer);
    std::array<byte_view*, 6> const texts{
        &r.authid, &r.authrole, &r.topic, &r.options, &r.payload.args, &r.payload.kwargs};
    auto rest = encoded.substr(fixed_size);
    for (auto* const text : texts) {
        auto const size = take<std::uint32_t>(at);
        if (size > rest.size()) {
            return std::nullopt;
        }
        *text = rest.substr(0, size);
        rest.remove_prefix(size);
    }
    if (!rest.empty()) {
        return std::nullopt;
    }
    return r;
}

}  // namespace cerro::router
