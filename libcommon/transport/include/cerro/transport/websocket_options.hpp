#pragma once

/// @file
/// What the server side of WebSocket can be told.

#include <chrono>
#include <cstddef>
#include <optional>

namespace cerro::transport {

/// permessage-deflate (RFC 7692). A session holds 2^(window + 2) + 2^(memory_level + 9) octets for what it
/// sends and 2^window for what it receives (256 and 32 KiB by default, plus some 16 KiB), from its first
/// compressed message on; nothing in a direction without context takeover.
struct deflate_options {
    bool request_no_context_takeover = false;  ///< the client forgets its window after each message
    int request_max_window_bits = 15;          ///< of the client's window, 9 to 15
    bool no_context_takeover = false;          ///< we forget ours
    int max_window_bits = 15;
    int memory_level = 8;  ///< of our compressor, 1 to 9
};

/// Server side of WebSocket; the names of crossbar's options beside those that differ.
struct websocket_options {
    std::chrono::milliseconds close_timeout{
        1'000};                            ///< until the client's close frame (close_handshake_timeout)
    std::optional<std::size_t> max_frame;  ///< longest frame in [bytes] (max_frame_size)
    std::optional<std::size_t>
        fragment;               ///< longer messages go out in frames of so much [bytes] (auto_fragment_size)
    std::size_t ping_size = 4;  ///< octets of a ping's payload, 4 to 125
    bool any_traffic_is_life = true;  ///< else only pongs (auto_ping_restart_on_any_traffic)
    bool fail_by_drop = false;        ///< a client that breaks the rules is not told so
    bool echo_close = false;          ///< close code and reason are sent back (echo_close_codereason)
    bool require_mask = true;         ///< of client frames
    bool validate_utf8 = true;
    bool show_version = true;         ///< in the Server header
    bool require_subprotocol = true;  ///< else a client without a known one gets wamp.2.json
    bool no_delay = true;
    std::optional<deflate_options> deflate;  ///< none: not agreed to
};

}  // namespace cerro::transport
