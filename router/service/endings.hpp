#pragma once

// The transport's reasons in the router's closed set.

#include <cerro/router/ending.hpp>
#include <cerro/transport/channel.hpp>

namespace cerro::router {

/// What a transport's reason is in the closed set.
[[nodiscard]] ending from_transport(transport::close_reason r) noexcept;
/// What the transport is told when the session ends for `e`.
[[nodiscard]] transport::close_reason to_transport(ending e) noexcept;

/// The one reason of a connection's end: the session's, if it ended by its own rules before the transport
/// did, else the transport's.
[[nodiscard]] inline ending overall(ending of_session, transport::close_reason of_transport) noexcept
{
    return of_session != ending::none ? of_session : from_transport(of_transport);
}

}  // namespace cerro::router
