#pragma once

/// @file
/// Cryptosign (wamp protocol, 9): the client signs the router's challenge with its Ed25519 key (RFC 8032),
/// bound to the TLS connection where both want it.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cerro::auth {

inline constexpr std::size_t ed25519_key_octets = 32;  ///< of a public key and of a private one (its seed)

/// @param seed private key, 32 octets
/// @throws failure if `seed` has another length
[[nodiscard]] bytes ed25519_public_key(byte_view seed);
/// 64 octets. @throws failure if `seed` has another length than 32
[[nodiscard]] bytes ed25519_sign(byte_view seed, byte_view message);
/// False also for keys and signatures that are none.
[[nodiscard]] bool ed25519_verify(byte_view public_key, byte_view message, byte_view signature);

/// A public key as configurations write it: 64 hexadecimal digits.
/// @return errc::malformed if it is none
[[nodiscard]] result<bytes> parse_ed25519_key(std::string_view text);

/// The router's side: made when HELLO came, asked when AUTHENTICATE came. One try.
class cryptosign_server {
public:
    /// @param keys    any of these may have signed; none admits nobody
    /// @param channel 32 octets that only the two ends of the connection know, or empty (no channel binding)
    explicit cryptosign_server(std::vector<bytes> keys, byte_view channel = {});

    /// CHALLENGE.Extra
    [[nodiscard]] dict extra() const;
    /// Is AUTHENTICATE.Signature (192 hexadecimal digits) right?
    [[nodiscard]] bool accepts(std::string_view signature) const;

private:
    std::vector<bytes> keys_;
    bytes challenge_;
    bytes expected_;  // what must have been signed
};

/// The client's side: AUTHENTICATE.Signature for a CHALLENGE.Extra.
/// @param seed    private key, 32 octets
/// @param channel as for the router's side
/// @return errc::malformed if the challenge is not 64 hexadecimal digits
[[nodiscard]] result<std::string> cryptosign_answer(byte_view seed,
                                                    dict const& extra,
                                                    byte_view channel = {});

}  // namespace cerro::auth
