#include "endings.hpp"

namespace cerro::router {

ending from_transport(transport::close_reason r) noexcept
{
    using enum transport::close_reason;
    switch (r) {
        case none: return ending::none;
        case closed_by_us: return ending::closed_by_us;
        case closed_by_peer: return ending::closed_by_peer;
        case connection_lost: return ending::connection_lost;
        case handshake_failed: return ending::handshake_failed;
        case handshake_timeout: return ending::handshake_timeout;
        case protocol_error: return ending::protocol_error;
        case message_too_big: return ending::message_too_big;
        case slow_consumer_pending: return ending::slow_consumer_pending;
        case slow_consumer_deadline: return ending::slow_consumer_deadline;
        case slow_consumer_total: return ending::slow_consumer_total;
        case ping_timeout: return ending::ping_timeout;
        case shutdown: return ending::shutdown;
    }
    return ending::closed_by_us;
}

transport::close_reason to_transport(ending e) noexcept
{
    using transport::close_reason;
    switch (e) {
        case ending::shutdown: return close_reason::shutdown;
        case ending::message_too_big: return close_reason::message_too_big;
        case ending::slow_consumer_total: return close_reason::slow_consumer_total;
        default: return close_reason::closed_by_us;
    }
}

}  // namespace cerro::router
