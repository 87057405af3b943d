#pragma once

/// @file
/// The router's hot path: reading into a message that is used again, and frames made of ids and bytes that
/// are encoded already. A frame is as of frame(): 4 octets big-endian length, then the message.

#include <cerro/wamp/message.hpp>

namespace cerro::wamp {

/// As scan(), into a message that keeps the memory of its texts from one message to the next.
/// @return nothing, or the problem; `m` holds nothing of use then
[[nodiscard]] result<void> scan_into(codec::serializer s,
                                     byte_view input,
                                     message& m,
                                     codec::limits const& lim = {});

// Each frame takes one allocation for its bytes; the payload's are copied once, or transcoded if they are of
// another serializer. A payload must come from scan() or class payload: one that is not well-formed throws
// `failure`.

[[nodiscard]] shared_bytes frame_event(
    codec::serializer s, id subscription, id publication, dict const& details, payload_view const& p);
[[nodiscard]] shared_bytes frame_invocation(
    codec::serializer s, id request, id registration, dict const& details, payload_view const& p);
[[nodiscard]] shared_bytes frame_result(codec::serializer s,
                                        id request,
                                        dict const& details,
                                        payload_view const& p);
[[nodiscard]] shared_bytes frame_error(codec::serializer s,
                                       message_type request_type,
                                       id request,
                                       dict const& details,
                                       std::string_view error_uri,
                                       payload_view const& p);

}  // namespace cerro::wamp
