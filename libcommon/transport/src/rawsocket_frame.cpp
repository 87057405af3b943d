#include "rawsocket_frame.hpp"

#include <cerro/transport/recognise.hpp>

#include <algorithm>

namespace cerro::transport::rawsocket {

namespace {

unsigned octet(char c) noexcept
{
    return static_cast<unsigned char>(c);
}

}  // namespace

std::optional<frame_header> parse_header(char const* head) noexcept
{
    unsigned const first = octet(head[0]);
    std::size_t length = (octet(head[1]) << 16U) | (octet(head[2]) << 8U) | octet(head[3]);
    if ((first & 0xF0U) != 0 || (first & 0x07U) > 2) {
        return std::nullopt;
    }
    if ((first & 0x08U) != 0) {  // exactly 2^24 octets: one more than 24 bits can say
        if (length != 0) {
            return std::nullopt;
        }
        length = largest;
    }
    return frame_header{static_cast<frame_type>(first & 0x07U), length};
}

std::array<char, header_size> make_header(frame_type type, std::size_t length) noexcept
{
    unsigned const x = length == largest ? 0x08U : 0U;
    auto const at = [length](unsigned shift) { return static_cast<char>((length >> shift) & 0xFFU); };
    return {static_cast<char>(static_cast<unsigned>(type) | x), at(16), at(8), at(0)};
}

std::uint8_t exponent_for(std::size_t bytes) noexcept
{
    std::uint8_t e = 0;
    while (e < 15 && size_of(e) < bytes) {
        ++e;
    }
    return e;
}

std::array<char, header_size> make_hello(hello h) noexcept
{
    unsigned const second =
        (unsigned{exponent_for(h.max_length)} << 4U) | static_cast<unsigned>(h.serializer);
    return {static_cast<char>(magic), static_cast<char>(second), 0, 0};
}

std::array<char, header_size> make_refusal(refusal r) noexcept
{
    return {static_cast<char>(magic), static_cast<char>(static_cast<unsigned>(r) << 4U), 0, 0};
}

client_hello read_client_hello(byte_view four, std::span<codec::serializer const> known)
{
    client_hello out;
    if (octet(four[0]) != magic) {
        out.why = std::string(describe(recognise(four))) + " (first octet " + std::to_string(octet(four[0])) +
                  ") on a RawSocket port";
        return out;
    }
    if (four[2] != 0 || four[3] != 0) {
        out.refused = refusal::reserved_bits;
        out.why = "reserved bits of the RawSocket handshake are set";
        return out;
    }
    unsigned const number = octet(four[1]) & 0x0FU;
    auto const wanted = static_cast<codec::serializer>(number);
    if (std::find(known.begin(), known.end(), wanted) == known.end()) {
        out.refused = refusal::serializer_unsupported;
        out.why = "RawSocket serializer " + std::to_string(number) + " is not offered here";
        return out;
    }
    out.accepted = hello{wanted, size_of(static_cast<std::uint8_t>(octet(four[1]) >> 4U))};
    return out;
}

result<hello> read_server_hello(byte_view four, codec::serializer serializer)
{
    if (octet(four[0]) != magic) {
        return fail(errc::malformed,
                    "the answer begins with octet " + std::to_string(octet(four[0])) +
                        ", not 127: this is no RawSocket server (is it a WebSocket port?)");
    }
    unsigned const low = octet(four[1]) & 0x0FU;
    unsigned const high = octet(four[1]) >> 4U;
    if (low == 0) {
        static constexpr char const* texts[] = {"no reason given",
                                                "serializer unsupported",
                                                "maximum message length unacceptable",
                                                "use of reserved bits",
                                                "maximum connection count reached"};
        return fail(errc::refused,
                    std::string("the server refused: ") + (high < 5 ? texts[high] : "unknown reason"));
    }
    if (low != static_cast<unsigned>(serializer)) {
        return fail(errc::malformed, "the server answered with another serializer: " + std::to_string(low));
    }
    return hello{serializer, size_of(static_cast<std::uint8_t>(high))};
}

}  // namespace cerro::transport::rawsocket
