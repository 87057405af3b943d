#pragma once

/// @file
/// PUBLISH.Options, read once (wamp protocol, 2.1).

#include <cerro/router/receivers.hpp>

#include <optional>
#include <string>

namespace cerro::router {

struct publish_options {
    publish_options() = default;
    explicit publish_options(dict const& options);

    bool acknowledge = false;
    bool exclude_me = true;
    bool disclose_me = false;
    bool retain = false;
    bool confirm = false;   ///< x_acknowledged_delivery: PUBLISHED when subscribers have said EVENT_RECEIVED
    bool passthru = false;  ///< ppt_scheme: the payload is opaque
    receivers chosen;
    std::optional<std::string> rkey;  ///< which shard of the subscribers gets it
    dict passed;                      ///< goes into EVENT.Details as it is
};

/// A key of sharded subscriptions (rkey, nkey) as text; nothing if it is neither text nor integer.
[[nodiscard]] std::optional<std::string> shard_key(value const& v);

}  // namespace cerro::router
