#include <cerro/auth/hex.hpp>

#include <charconv>

namespace cerro::auth {

std::string hex_encode(byte_view octets)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(octets.size() * 2);
    for (char const o : octets) {
        out += digits[static_cast<unsigned char>(o) >> 4U];
        out += digits[static_cast<unsigned char>(o) & 0xfU];
    }
    return out;
}

std::optional<bytes> hex_decode(std::string_view text)
{
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        unsigned octet = 0;
        auto const* const pair = text.data() + i;
        auto const [end, ec] = std::from_chars(pair, pair + 2, octet, 16);
        if (ec != std::errc() || end != pair + 2) {
            return std::nullopt;
        }
        out += static_cast<char>(octet);
    }
    return out;
}

}  // namespace cerro::auth
