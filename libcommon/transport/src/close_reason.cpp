#include <cerro/transport/channel.hpp>

namespace cerro::transport {

std::string_view name(close_reason r) noexcept
{
    switch (r) {
        case close_reason::none: return "none";
        case close_reason::closed_by_us: return "closed_by_us";
        case close_reason::closed_by_peer: return "closed_by_peer";
        case close_reason::connection_lost: return "connection_lost";
        case close_reason::handshake_failed: return "handshake_failed";
        case close_reason::handshake_timeout: return "handshake_timeout";
        case close_reason::protocol_error: return "protocol_error";
        case close_reason::message_too_big: return "message_too_big";
        case close_reason::slow_consumer_pending: return "slow_consumer_pending";
        case close_reason::slow_consumer_deadline: return "slow_consumer_deadline";
        case close_reason::slow_consumer_total: return "slow_consumer_total";
        case close_reason::ping_timeout: return "ping_timeout";
        case close_reason::shutdown: return "shutdown";
    }
    return "?";
}

}  // namespace cerro::transport
