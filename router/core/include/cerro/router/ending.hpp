#pragma once

/// @file
/// Why a connection ended: one closed set for the log, the metrics and the admin API. A session names its own
/// reasons; those of the transport below have the same place here, so that every end has exactly one label.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cerro::router {

enum class ending : std::uint8_t {
    none = 0,  ///< still open

    // The peer's own will
    goodbye,          ///< the peer said GOODBYE
    aborted_by_peer,  ///< the peer said ABORT
    closed_by_peer,   ///< it closed the connection without a word
    connection_lost,  ///< reset, unreachable, TCP_USER_TIMEOUT

    // It never joined
    handshake_failed,   ///< TLS, WebSocket upgrade or RawSocket octets were wrong
    handshake_timeout,  ///< they did not come in time
    hello_timeout,      ///< no HELLO within limits::hello_timeout
    auth_timeout,       ///< no AUTHENTICATE within limits::auth_timeout
    auth_failed,        ///< wrong ticket, signature, certificate, cookie; or a dynamic authenticator refused
    auth_refused,       ///< too many failures from that address (limits::auth_failures)
    no_auth_method,     ///< none of the offered methods is served here
    no_such_realm,
    no_such_role,
    join_denied,  ///< it may not join: realm full, identity not admitted

    // The peer broke a rule
    protocol_violation,  ///< of WAMP: unexpected message, request id in use, undecodable message
    protocol_error,      ///< of the transport's framing
    message_too_big,     ///< above limits::max_message

    // The peer is too slow, or dead
    slow_consumer_pending,   ///< more than limits::pending_bytes waited for it
    slow_consumer_deadline,  ///< one write took longer than limits::write_deadline
    slow_consumer_total,     ///< it held the most when limits::pending_total was reached
    ping_timeout,            ///< nothing was heard for limits::ping_timeout
    goodbye_timeout,         ///< no answer to our GOODBYE

    // The router's will
    killed,          ///< by wamp.session.kill*, or through the admin API
    realm_closed,    ///< its realm was taken out of the configuration
    config_changed,  ///< its role, principal or transport was taken out of the configuration
    shutdown,        ///< the process ends
    closed_by_us,    ///< any other ordinary end

    count_
};

inline constexpr std::size_t ending_count = static_cast<std::size_t>(ending::count_);

/// The label: "hello_timeout".
[[nodiscard]] std::string_view name(ending e) noexcept;

}  // namespace cerro::router
