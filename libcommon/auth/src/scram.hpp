#pragma once

/// @file
/// What both sides of SCRAM compute.

#include <cerro/auth/scram.hpp>

namespace cerro::auth {

/// Which of the two dialects (see scram.hpp of the public headers).
enum class scram_dialect : std::uint8_t { specification, autobahn };

/// @throws failure without memory
[[nodiscard]] bytes salted_password(std::string_view password,
                                    auth::kdf kdf,
                                    std::uint32_t iterations,
                                    std::uint32_t memory,
                                    byte_view salt,
                                    scram_dialect d);
[[nodiscard]] bytes client_key(byte_view salted);
[[nodiscard]] bytes server_key(byte_view salted);

/// The text that both sides sign.
struct auth_message {
    std::string_view authid;
    std::string_view client_nonce;
    std::string_view nonce;
    std::string_view salt;  ///< base64
    std::uint32_t iterations = 0;
    [[nodiscard]] std::string text(std::string_view escaped_authid, std::string_view c) const;
};
/// ',' and '=' of an authid as RFC 5802 writes them.
[[nodiscard]] std::string escaped(std::string_view authid);
/// The value behind "c=" by the specification.
[[nodiscard]] std::string binding_text(channel_binding const& b);
inline constexpr std::string_view autobahn_binding_text;  // empty

}  // namespace cerro::auth
