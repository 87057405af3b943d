#include "websocket_frame.hpp"

#include <cstdint>

namespace cerro::transport {

namespace {

constexpr unsigned final_text = 0x81;
constexpr unsigned final_binary = 0x82;
constexpr std::size_t short_length = 125;
constexpr unsigned length_in_two = 126;
constexpr unsigned length_in_eight = 127;

void append(bytes& out, bool text, std::size_t length, unsigned mask_bit)
{
    auto const octet = [&out](std::uint64_t v) { out.push_back(static_cast<char>(v & 0xFFU)); };
    octet(text ? final_text : final_binary);
    if (length <= short_length) {
        octet(mask_bit | length);
        return;
    }
    bool const two = length <= 0xFFFFU;
    octet(mask_bit | (two ? length_in_two : length_in_eight));
    for (int shift = two ? 8 : 56; shift >= 0; shift -= 8) {
        octet(std::uint64_t{length} >> static_cast<unsigned>(shift));
    }
}

}  // namespace

void append_frame_head(bytes& out, bool text, std::size_t length)
{
    append(out, text, length, 0);
}

void append_frame_head(bytes& out, bool text, std::size_t length, mask_key key)
{
    append(out, text, length, 0x80);
    out.append(key.data(), key.size());
}

void mask(bytes& out, std::size_t begin, mask_key key)
{
    for (std::size_t i = begin; i < out.size(); ++i) {
        out[i] = static_cast<char>(out[i] ^ key[(i - begin) % key.size()]);
    }
}

}  // namespace cerro::transport
