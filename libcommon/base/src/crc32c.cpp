#include <cerro/base/crc32c.hpp>

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace cerro {
namespace {

constexpr std::array<std::uint32_t, 256> make_table()
{
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit) {
            c = (c & 1U) != 0 ? (c >> 1U) ^ 0x82F63B78U : c >> 1U;
        }
        table[i] = c;
    }
    return table;
}

std::uint32_t by_table(byte_view octets, std::uint32_t c) noexcept
{
    static constexpr auto table = make_table();
    for (char const octet : octets) {
        c = table[(c ^ static_cast<unsigned char>(octet)) & 0xFFU] ^ (c >> 8U);
    }
    return c;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_hardware(byte_view octets, std::uint32_t c) noexcept
{
    std::uint64_t wide = c;
    while (octets.size() >= sizeof wide) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, octets.data(), sizeof eight);
        wide = _mm_crc32_u64(wide, eight);
        octets.remove_prefix(sizeof eight);
    }
    c = static_cast<std::uint32_t>(wide);
    for (char const octet : octets) {
        c = _mm_crc32_u8(c, static_cast<unsigned char>(octet));
    }
    return c;
}
#endif

using function = std::uint32_t (*)(byte_view, std::uint32_t) noexcept;

function choose() noexcept
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") != 0) {
        return by_hardware;
    }
#endif
    return by_table;
}

}  // namespace

std::uint32_t crc32c(byte_view octets, std::uint32_t running) noexcept
{
    static function const best = choose();
    return best(octets, running);
}

}  // namespace cerro
