#include <cerro/router/ending.hpp>

namespace cerro::router {

std::string_view name(ending e) noexcept
{
    switch (e) {
        case ending::none: return "none";
        case ending::goodbye: return "goodbye";
        case ending::aborted_by_peer: return "aborted_by_peer";
        case ending::closed_by_peer: return "closed_by_peer";
        case ending::connection_lost: return "connection_lost";
        case ending::handshake_failed: return "handshake_failed";
        case ending::handshake_timeout: return "handshake_timeout";
        case ending::hello_timeout: return "hello_timeout";
        case ending::auth_timeout: return "auth_timeout";
        case ending::auth_failed: return "auth_failed";
        case ending::auth_refused: return "auth_refused";
        case ending::no_auth_method: return "no_auth_method";
        case ending::no_such_realm: return "no_such_realm";
        case ending::no_such_role: return "no_such_role";
        case ending::join_denied: return "join_denied";
        case ending::protocol_violation: return "protocol_violation";
        case ending::protocol_error: return "protocol_error";
        case ending::message_too_big: return "message_too_big";
        case ending::slow_consumer_pending: return "slow_consumer_pending";
        case ending::slow_consumer_deadline: return "slow_consumer_deadline";
        case ending::slow_consumer_total: return "slow_consumer_total";
        case ending::ping_timeout: return "ping_timeout";
        case ending::goodbye_timeout: return "goodbye_timeout";
        case ending::killed: return "killed";
        case ending::realm_closed: return "realm_closed";
        case ending::config_changed: return "config_changed";
        case ending::shutdown: return "shutdown";
        case ending::closed_by_us: return "closed_by_us";
        case ending::count_: break;
    }
    return "?";
}

}  // namespace cerro::router
