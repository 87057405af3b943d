#include "websocket_frame.hpp"

#include <cstring>

namespace cerro::transport {

namespace {

constexpr unsigned fin = 0x80;
constexpr unsigned rsv1 = 0x40;
constexpr unsigned rsv2_and_3 = 0x30;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t length_in_two = 126;
constexpr std::size_t length_in_eight = 127;

unsigned octet(byte_view in, std::size_t at)
{
    return static_cast<unsigned char>(in[at]);
}

void append(bytes& out, unsigned first, std::size_t length, unsigned masked)
{
    std::array<char, 10> head;
    std::size_t n = 0;
    auto const put = [&](std::uint64_t v) { head[n++] = static_cast<char>(v & 0xFFU); };
    put(first);
    if (length < length_in_two) {
        put(masked | length);
    } else {
        bool const two = length <= 0xFFFFU;
        put(masked | (two ? length_in_two : length_in_eight));
        for (int shift = two ? 8 : 56; shift >= 0; shift -= 8) {
            put(std::uint64_t{length} >> static_cast<unsigned>(shift));
        }
    }
    out.append(head.data(), n);
}

char const* judge_first_octets(frame_head const& head, unsigned first, std::size_t length)
{
    if ((first & rsv2_and_3) != 0) {
        return "reserved bits are set in a frame";
    }
    auto const op = first & 0x0FU;
    if (op > 10 || (op > 2 && op < 8)) {
        return "a frame has a reserved opcode";
    }
    if (is_control(head.op)) {
        if (!head.last) {
            return "a control frame is fragmented";
        }
        if (length > most_control_payload) {
            return "a control frame is longer than 125 octets";
        }
        if (head.compressed) {
            return "a control frame is marked as compressed";
        }
    }
    return nullptr;
}

}  // namespace

char const* read_frame_head(byte_view in, frame_head& out) noexcept
{
    out.size = 0;
    if (in.size() < 2) {
        return nullptr;
    }
    unsigned const first = octet(in, 0);
    std::size_t const length = octet(in, 1) & 0x7FU;
    out.op = static_cast<opcode>(first & 0x0FU);
    out.last = (first & fin) != 0;
    out.compressed = (first & rsv1) != 0;
    out.masked = (octet(in, 1) & mask_bit) != 0;
    if (char const* const wrong = judge_first_octets(out, first, length)) {
        return wrong;
    }
    std::size_t const extra = length < length_in_two ? 0 : length == length_in_two ? 2 : 8;
    std::size_t const size = 2 + extra + (out.masked ? out.key.size() : 0);
    if (in.size() < size) {
        return nullptr;
    }
    out.length = extra == 0 ? length : 0;
    for (std::size_t i = 0; i != extra; ++i) {
        out.length = (out.length << 8U) | octet(in, 2 + i);
    }
    if ((extra == 2 && out.length < length_in_two) || (extra == 8 && out.length <= 0xFFFFU)) {
        return "a frame's length is not in its shortest form";
    }
    if (out.length >> 63U != 0) {
        return "a frame's length is above 2^63";
    }
    if (out.masked) {
        std::memcpy(out.key.data(), in.data() + 2 + extra, out.key.size());
    }
    out.size = size;
    return nullptr;
}

void append_frame_head(bytes& out, opcode op, std::size_t length, bool compressed)
{
    append_fragment_head(out, op, true, length, compressed);
}

void append_frame_head(bytes& out, bool text, std::size_t length, mask_key key)
{
    append(out, fin | static_cast<unsigned>(text ? opcode::text : opcode::binary), length, mask_bit);
    out.append(key.data(), key.size());
}

void append_fragment_head(bytes& out, opcode op, bool last, std::size_t length, bool compressed)
{
    append(out, (last ? fin : 0U) | (compressed ? rsv1 : 0U) | static_cast<unsigned>(op), length, 0);
}

bool mask(char* data, std::size_t n, mask_key key) noexcept
{
    std::uint32_t four = 0;
    std::memcpy(&four, key.data(), sizeof four);
    std::uint64_t const word_key = (std::uint64_t{four} << 32U) | four;
    std::uint64_t seen = 0;
    std::size_t i = 0;
    constexpr std::size_t words = 4;
    for (; i + words * sizeof(std::uint64_t) <= n; i += words * sizeof(std::uint64_t)) {
        std::array<std::uint64_t, words> w;
        std::memcpy(w.data(), data + i, sizeof w);
        for (auto& one : w) {
            one ^= word_key;
            seen |= one;
        }
        std::memcpy(data + i, w.data(), sizeof w);
    }
    for (; i + sizeof(std::uint64_t) <= n; i += sizeof(std::uint64_t)) {
        std::uint64_t w = 0;
        std::memcpy(&w, data + i, sizeof w);
        w ^= word_key;
        seen |= w;
        std::memcpy(data + i, &w, sizeof w);
    }
    unsigned tail = 0;
    for (; i != n; ++i) {
        data[i] = static_cast<char>(data[i] ^ key[i % key.size()]);
        tail |= static_cast<unsigned char>(data[i]);
    }
    return ((seen & 0x8080'8080'8080'8080U) | (tail & 0x80U)) == 0;
}

bool valid_close_code(unsigned code) noexcept
{
    if (code >= 3000) {
        return code <= 4999;
    }
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

}  // namespace cerro::transport
