#pragma once

/// @file
/// URIs, match policies (wamp protocol, 1, 6, 7) and the names that stand on the wire.

#include <cstdint>
#include <optional>
#include <string_view>

namespace cerro::wamp {

enum class match_policy : std::uint8_t { exact, prefix, wildcard };
[[nodiscard]] std::string_view name(match_policy m) noexcept;
[[nodiscard]] std::optional<match_policy> parse_match_policy(std::string_view text) noexcept;

enum class uri_rule : std::uint8_t { loose, strict };

/// Is `uri` a legal concrete URI (topic published to, procedure called)?
[[nodiscard]] bool valid_uri(std::string_view uri, uri_rule rule = uri_rule::loose) noexcept;
/// Is `uri` a legal pattern for SUBSCRIBE or REGISTER with this policy?
[[nodiscard]] bool valid_pattern(std::string_view uri,
                                 match_policy m,
                                 uri_rule rule = uri_rule::loose) noexcept;
/// Does the concrete `uri` match? Prefix is a string prefix; an empty wildcard component is exactly one
/// arbitrary one, a trailing one too.
[[nodiscard]] bool matches(std::string_view uri, std::string_view pattern, match_policy m) noexcept;

/// Error and close reasons as they stand on the wire (wamp protocol, 3 and 5).
namespace uri {
inline constexpr std::string_view invalid_uri = "wamp.error.invalid_uri";
inline constexpr std::string_view no_such_procedure = "wamp.error.no_such_procedure";
inline constexpr std::string_view procedure_already_exists = "wamp.error.procedure_already_exists";
inline constexpr std::string_view no_such_registration = "wamp.error.no_such_registration";
inline constexpr std::string_view no_such_subscription = "wamp.error.no_such_subscription";
inline constexpr std::string_view no_such_session = "wamp.error.no_such_session";
inline constexpr std::string_view no_such_realm = "wamp.error.no_such_realm";
inline constexpr std::string_view no_such_role = "wamp.error.no_such_role";
inline constexpr std::string_view no_auth_method = "wamp.error.no_auth_method";
inline constexpr std::string_view invalid_argument = "wamp.error.invalid_argument";
inline constexpr std::string_view not_authorized = "wamp.error.not_authorized";
inline constexpr std::string_view authorization_failed = "wamp.error.authorization_failed";
inline constexpr std::string_view authentication_failed = "wamp.error.authentication_failed";
inline constexpr std::string_view protocol_violation = "wamp.error.protocol_violation";
inline constexpr std::string_view payload_size_exceeded = "wamp.error.payload_size_exceeded";
inline constexpr std::string_view runtime_error = "wamp.error.runtime_error";
inline constexpr std::string_view canceled = "wamp.error.canceled";
inline constexpr std::string_view timeout = "wamp.error.timeout";
inline constexpr std::string_view close_normal = "wamp.close.normal";
inline constexpr std::string_view goodbye_and_out = "wamp.close.goodbye_and_out";
inline constexpr std::string_view system_shutdown = "wamp.close.system_shutdown";
inline constexpr std::string_view killed = "wamp.close.killed";
/// made by our client, never sent: there is no session, or it ended before the answer
inline constexpr std::string_view transport_lost = "wamp.close.transport_lost";
}  // namespace uri

}  // namespace cerro::wamp
