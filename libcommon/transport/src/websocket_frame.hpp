#pragma once

// WebSocket frames (RFC 6455, 5): pure functions, no I/O.

#include <cerro/base/bytes.hpp>

#include <array>
#include <cstdint>

namespace cerro::transport {

inline constexpr std::size_t most_frame_head = 14;
inline constexpr std::size_t most_control_payload = 125;

using mask_key = std::array<char, 4>;

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
[[nodiscard]] constexpr bool is_control(opcode o) noexcept
{
    return o >= opcode::close;
}

struct frame_head {
    opcode op = opcode::continuation;
    bool last = true;         ///< FIN
    bool compressed = false;  ///< RSV1 (RFC 7692)
    bool masked = false;
    mask_key key{};
    std::uint64_t length = 0;  ///< of the payload
    std::size_t size = 0;      ///< of the head itself; 0: not all of it is there yet
};

/// Reads the head at the front of `in`.
/// @return what rule of RFC 6455 it breaks, or null. When too little is there, null and out.size 0; a rule
///         that the first two octets break is told with them.
[[nodiscard]] char const* read_frame_head(byte_view in, frame_head& out) noexcept;

/// Appends the head of a server's frame: last, not masked.
void append_frame_head(bytes& out, opcode op, std::size_t length, bool compressed = false);
/// Appends the head of a client's frame.
void append_frame_head(bytes& out, bool text, std::size_t length, mask_key key);
/// One of several frames of a server's message: `last` only on the last, opcode::continuation on all but the
/// first.
void append_fragment_head(bytes& out, opcode op, bool last, std::size_t length, bool compressed);

/// Masks or unmasks n octets (the same operation).
/// @return whether all octets are ASCII afterwards
bool mask(char* data, std::size_t n, mask_key key) noexcept;

/// May a close frame carry this code? 1000-1014 but for those that never travel, and 3000-4999.
[[nodiscard]] bool valid_close_code(unsigned code) noexcept;

}  // namespace cerro::transport
