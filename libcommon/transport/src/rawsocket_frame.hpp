#pragma once

// RawSocket on the wire (wamp protocol, 4.1): pure functions, no I/O.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace cerro::transport::rawsocket {

inline constexpr unsigned char magic = 0x7F;
inline constexpr std::size_t header_size = 4;
inline constexpr std::size_t largest = 1U << 24U;

enum class frame_type : std::uint8_t { message = 0, ping = 1, pong = 2 };

/// Error replies of the handshake.
enum class refusal : std::uint8_t { serializer_unsupported = 1, unacceptable_length = 2, reserved_bits = 3 };

struct frame_header {
    frame_type type;
    std::size_t length;
};

/// @param head at least 4 octets
/// @return nothing for reserved bits or types
[[nodiscard]] std::optional<frame_header> parse_header(char const* head) noexcept;
[[nodiscard]] std::array<char, header_size> make_header(frame_type type, std::size_t length) noexcept;

/// Smallest exponent 0..15 with 2^(9+exponent) >= bytes; 15 for all above.
[[nodiscard]] std::uint8_t exponent_for(std::size_t bytes) noexcept;
[[nodiscard]] constexpr std::size_t size_of(std::uint8_t exponent) noexcept
{
    return std::size_t{512} << exponent;
}

struct hello {
    codec::serializer serializer = codec::serializer::msgpack;
    std::size_t max_length = largest;  ///< what its sender takes
};

[[nodiscard]] std::array<char, header_size> make_hello(hello h) noexcept;
[[nodiscard]] std::array<char, header_size> make_refusal(refusal r) noexcept;

/// What a client said: its hello, or the error with which to answer (none if it does not speak RawSocket).
struct client_hello {
    std::optional<hello> accepted;
    std::optional<refusal> refused;
    std::string why;
};
[[nodiscard]] client_hello read_client_hello(byte_view four, std::span<codec::serializer const> known);

/// What a server answered to our hello with `serializer`.
[[nodiscard]] result<hello> read_server_hello(byte_view four, codec::serializer serializer);

}  // namespace cerro::transport::rawsocket
