#pragma once

/// @file
/// Sharded subscriptions (wamp protocol, 2.1; the specification only sketches them). Subscribers that gave an
/// `nkey` share the events that carry an `rkey`: those with the winning `nkey` get the event, where the
/// winner is the nkey whose hash together with the rkey is greatest (rendezvous hashing), so that equal rkeys
/// go to the same subscribers, and a subscriber that comes or goes moves only its own share. Subscribers
/// without nkey, and events without rkey, are not concerned.

#include <cerro/router/broker.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cerro::router {

/// Sets or, with nothing, takes away the nkey of a subscriber.
void set_shard(subscription& s, member const& who, std::optional<std::string> nkey);

/// The nkey that wins `rkey`; empty if no subscriber has one.
[[nodiscard]] std::string_view winner(subscription const& s, std::string_view rkey);

/// Does `who`, a subscriber of `s`, get events with this rkey?
[[nodiscard]] bool in_shard(subscription const& s, member const& who, std::string_view rkey);

}  // namespace cerro::router
