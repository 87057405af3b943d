#pragma once

// Outgoing WebSocket data frames (RFC 6455, 5.2), always whole messages: pure functions, no I/O.

#include <cerro/base/bytes.hpp>

#include <array>

namespace cerro::transport {

inline constexpr std::size_t most_frame_head = 14;

using mask_key = std::array<char, 4>;

/// Appends the head of a server's frame: not masked.
void append_frame_head(bytes& out, bool text, std::size_t length);
/// Appends the head of a client's frame.
void append_frame_head(bytes& out, bool text, std::size_t length, mask_key key);
/// Masks what stands in `out` from `begin` on.
void mask(bytes& out, std::size_t begin, mask_key key);

}  // namespace cerro::transport
