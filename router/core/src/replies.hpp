#pragma once

/// @file
/// The answers that sessions, broker and dealer give.

#include <cerro/router/member.hpp>
#include <cerro/wamp/uri.hpp>

#include <string>
#include <string_view>

namespace cerro::router {

/// A limit of this router (session_limits) was reached; the text names it.
inline constexpr std::string_view limit_exceeded = "cerro.error.limit_exceeded";

inline constexpr std::string_view option_not_allowed = "wamp.error.option_not_allowed";
inline constexpr std::string_view disclose_me_disallowed = "wamp.error.option_disallowed.disclose_me";

inline constexpr std::string_view feature_not_supported = "wamp.error.feature_not_supported";
inline constexpr std::string_view max_concurrency_reached = "crossbar.error.max_concurrency_reached";
inline constexpr std::string_view policy_conflict =
    "wamp.error.procedure_exists_with_different_invocation_policy";

/// URIs that begin so are the router's own.
inline constexpr std::string_view reserved = "wamp.";
/// Anybody may use these, but who calls or publishes is always shown.
inline constexpr std::string_view reserved_by_crossbar = "crossbar.";

/// "before 'uri'"
std::string quoted(std::string_view before, std::string_view uri);

/// " (URI strict checking False)": the end of a message about a bad URI
std::string_view checking_text(wamp::uri_rule rule);

/// A boolean option; `otherwise` when it is absent or something else.
bool flag(dict const& options, std::string_view key, bool otherwise = false);

/// ERROR to a request of `to`, with one text as argument (none if empty).
void send_error(member& to,
                wamp::message_type request_type,
                wamp::id request,
                std::string_view error,
                std::string_view text = {});

/// PUBLISHED, SUBSCRIBED, REGISTERED (with `result`), UNSUBSCRIBED, UNREGISTERED (without).
void send_reply(member& to, wamp::message_type type, wamp::id request, wamp::id result = 0);

/// INTERRUPT to a callee.
void send_interrupt(member& to, wamp::id invocation, std::string_view mode, std::string_view reason);

/// "session (session_id=17, authid="x", authrole="r") is not authorized to call procedure "p" on realm "R""
std::string not_authorized_text(member const& who,
                                std::string_view verb,
                                std::string_view thing,
                                std::string_view uri,
                                std::string_view realm);

/// Is this a key of payload passthru or encryption (ppt_*, enc_*), that goes unchanged from Options to
/// Details?
[[nodiscard]] bool is_passthru(std::string_view key);
/// Appends those keys.
void copy_passthru(dict const& options, dict& details);
/// Appends all that concerns only the two ends: those keys, transaction_hash and forward_for.
void copy_end_to_end(dict const& options, dict& details);
/// Is ppt_scheme given? Both ends must have announced payload_passthru_mode then.
[[nodiscard]] bool uses_passthru(dict const& options);

/// caller / publisher, with _authid and _authrole, appended to details
void disclose(identity const& who, std::string_view prefix, dict& details);

}  // namespace cerro::router
