#pragma once

#include <cerro/wamp/message.hpp>

namespace cerro::wamp {

/// The fields of each message behind its type, in their order on the wire. One letter each:
/// r request, i id2, u uri, t text, d details, o details that may be absent (and are written only when
/// request is 0), p args and kwargs, each of which may be absent.
/// @return empty for a type that is none
[[nodiscard]] std::string_view layout(message_type t) noexcept;

/// What stands on the wire for a type. Autobahn's EVENT_RECEIVED has 337, which no octet holds.
[[nodiscard]] std::uint64_t wire_code(message_type t) noexcept;
/// @return false for a number that is no message type
[[nodiscard]] bool from_wire_code(std::uint64_t code, message_type& t) noexcept;

}  // namespace cerro::wamp
