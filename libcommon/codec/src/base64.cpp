#include <cerro/codec/base64.hpp>

#include <array>
#include <cstdint>

namespace cerro::codec {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digits()
{
    std::array<std::uint8_t, 256> digits{};
    digits.fill(no_digit);
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        digits[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return digits;
}

constexpr auto digits = make_digits();

}  // namespace

std::string base64_encode(byte_view octets)
{
    std::string out;
    out.reserve((octets.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < octets.size(); i += 3) {
        auto const left = octets.size() - i;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < left ? static_cast<unsigned char>(octets[i + k]) : 0U);
        }
        out += alphabet[group >> 18U & 63U];
        out += alphabet[group >> 12U & 63U];
        out += left > 1 ? alphabet[group >> 6U & 63U] : '=';
        out += left > 2 ? alphabet[group & 63U] : '=';
    }
    return out;
}

std::optional<bytes> base64_decode(std::string_view text)
{
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    bytes out;
    out.reserve(text.size() / 4 * 3);
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        for (std::size_t k = i; k < i + 4; ++k) {
            std::uint32_t digit = 0;
            if (k < text.size() - padding) {
                digit = digits[static_cast<unsigned char>(text[k])];
                if (digit == no_digit) {
                    return std::nullopt;
                }
            }
            group = group << 6U | digit;
        }
        out += static_cast<char>(group >> 16U & 0xffU);
        out += static_cast<char>(group >> 8U & 0xffU);
        out += static_cast<char>(group & 0xffU);
    }
    out.resize(out.size() - padding);
    return out;
}

}  // namespace cerro::codec
