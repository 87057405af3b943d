#include <cerro/codec/utf8.hpp>

#include <cstring>

namespace cerro::codec {

namespace {

/// Octets that are plain ASCII at the front of `text`.
std::size_t ascii_run(byte_view text) noexcept
{
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    std::size_t i = 0;
    while (i + 8 <= text.size()) {
        std::uint64_t block = 0;
        std::memcpy(&block, text.data() + i, 8);
        if ((block & high_bits) != 0) {
            break;
        }
        i += 8;
    }
    while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) {
        ++i;
    }
    return i;
}

/// Length of the well-formed sequence of two to four octets at the front of `text`; 0 if there is none.
std::size_t sequence_length(byte_view text) noexcept
{
    auto const octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const continues = [&](std::size_t i) { return i < text.size() && (octet(i) & 0xc0U) == 0x80; };
    auto const first = octet(0);
    if (first >= 0xc2 && first <= 0xdf) {
        return continues(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        if (!continues(1) || !continues(2)) {
            return 0;
        }
        auto const overlong = first == 0xe0 && octet(1) < 0xa0;
        auto const surrogate = first == 0xed && octet(1) > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (!continues(1) || !continues(2) || !continues(3)) {
            return 0;
        }
        auto const overlong = first == 0xf0 && octet(1) < 0x90;
        auto const too_large = first == 0xf4 && octet(1) > 0x8f;
        return overlong || too_large ? 0 : 4;
    }
    return 0;
}

/// Octets of well-formed UTF-8 at the front of `text`.
std::size_t valid_run(byte_view text) noexcept
{
    std::size_t i = 0;
    while (true) {
        i += ascii_run(text.substr(i));
        if (i == text.size()) {
            return i;
        }
        auto const length = sequence_length(text.substr(i));
        if (length == 0) {
            return i;
        }
        i += length;
    }
}

}  // namespace

bool valid_utf8(byte_view text) noexcept
{
    return valid_run(text) == text.size();
}

std::string repair_utf8(byte_view text)
{
    std::string out;
    out.reserve(text.size() + 8);
    while (true) {
        auto const good = valid_run(text);
        out.append(text.substr(0, good));
        if (good == text.size()) {
            return out;
        }
        out += "\xef\xbf\xbd";
        text.remove_prefix(good + 1);
    }
}

void append_utf8(std::string& out, std::uint32_t code_point)
{
    if ((code_point >= 0xd800 && code_point <= 0xdfff) || code_point > 0x10ffff) {
        code_point = 0xfffd;
    }
    auto const put = [&](std::uint32_t octet) { out += static_cast<char>(octet); };
    if (code_point < 0x80) {
        put(code_point);
    } else if (code_point < 0x800) {
        put(0xc0U | code_point >> 6U);
        put(0x80U | (code_point & 0x3fU));
    } else if (code_point < 0x10000) {
        put(0xe0U | code_point >> 12U);
        put(0x80U | (code_point >> 6U & 0x3fU));
        put(0x80U | (code_point & 0x3fU));
    } else {
        put(0xf0U | code_point >> 18U);
        put(0x80U | (code_point >> 12U & 0x3fU));
        put(0x80U | (code_point >> 6U & 0x3fU));
        put(0x80U | (code_point & 0x3fU));
    }
}

}  // namespace cerro::codec
