#pragma once

/// @file
/// WAMP-CRA (wamp protocol, 9): the router sends a challenge text, the client answers with its HMAC-SHA256.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <chrono>
#include <cstdint>

namespace cerro::auth {

/// base64 of HMAC-SHA256 over the challenge text as it came.
/// @param key_or_derived the secret itself, or what wampcra_derive_key() made of it (the base64 text is the
/// key)
[[nodiscard]] std::string wampcra_signature(std::string_view key_or_derived, std::string_view challenge);

/// base64 of PBKDF2-HMAC-SHA256.
/// @param iterations at least 1
/// @param keylen     octets of the key before base64, at least 1
/// @throws failure if iterations or keylen are below 1
[[nodiscard]] std::string wampcra_derive_key(std::string_view secret,
                                             std::string_view salt,
                                             int iterations,
                                             int keylen);

/// What a router knows of a user. With `salt`, `secret` is the derived key in base64.
struct wampcra_user {
    std::string secret{};
    std::string salt{};  ///< empty: the secret is used as it is
    int iterations = 1000;
    int keylen = 32;
};

/// Whom a challenge is for; its text tells the client.
struct wampcra_subject {
    std::string authid;
    std::string authrole;
    std::string authprovider = "static";
    std::uint64_t session = 0;
};

/// The router's side: made when HELLO came, asked when AUTHENTICATE came. One try.
class wampcra_server {
public:
    /// @param now stands in the challenge
    wampcra_server(wampcra_user user,
                   wampcra_subject const& subject,
                   std::chrono::system_clock::time_point now);

    /// CHALLENGE.Extra
    [[nodiscard]] dict extra() const;
    /// Is AUTHENTICATE.Signature right?
    [[nodiscard]] bool accepts(std::string_view signature) const;

private:
    wampcra_user user_;
    std::string challenge_;
};

/// The client's side: AUTHENTICATE.Signature for a CHALLENGE.Extra.
///
/// @return the signature; errc::malformed if the challenge is missing or of a wrong type;
/// errc::limit_exceeded if a
///         hostile router asks for more than 1,000,000 iterations or a key above 1024 octets
[[nodiscard]] result<std::string> wampcra_answer(std::string_view secret, dict const& extra);

}  // namespace cerro::auth
