#pragma once

/// @file
/// SCRAM-SHA-256 (wamp protocol, 9; RFC 5802, 7677): the router keeps keys from which nobody can log in, and
/// proves that it has them.
///
/// Two dialects are on the wire. The specification writes "c=biws" into the signed text and takes the Argon2
/// hash as it is; autobahn and crossbar write "c=" and take the hash's base64 text. The router accepts both.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::auth {

enum class kdf : std::uint8_t { pbkdf2, argon2id13 };

/// 32 octets each.
struct scram_keys {
    bytes stored;
    bytes server;
};

/// What a router knows of a user.
struct scram_user {
    auth::kdf kdf = auth::kdf::pbkdf2;
    std::uint32_t iterations = 0;
    std::uint32_t memory = 0;  ///< [KiB], Argon2 only
    bytes salt;
    std::vector<scram_keys> keys;  ///< one for each way in which clients read the hash; empty: admits nobody
};

/// How a password is hashed anew.
struct scram_cost {
    auth::kdf kdf = auth::kdf::pbkdf2;
    std::uint32_t iterations = 15'000;
    std::uint32_t memory = 0;
    /// Argon2id as RFC 9106's second choice has it, with one lane
    [[nodiscard]] static scram_cost argon2() { return {auth::kdf::argon2id13, 3, 65'536}; }
};

/// The largest costs that both sides take; beyond is errc::limit_exceeded.
inline constexpr std::uint32_t max_pbkdf2_iterations = 1'000'000;
inline constexpr std::uint32_t max_argon2_memory = 1U << 20U;          ///< [KiB]
inline constexpr std::uint64_t max_argon2_work = 16U * 1024U * 1024U;  ///< iterations x memory

/// Are these costs possible and within the limits?
[[nodiscard]] result<void> check_cost(scram_cost const& cost);

/// @param salt at least 8 octets
/// @throws failure if the cost is refused by check_cost() or there is no memory for it
[[nodiscard]] scram_user scram_derive(std::string_view password, scram_cost const& cost, byte_view salt);

/// Is this the password? For methods that send it (ticket). Takes as long as deriving it.
[[nodiscard]] bool scram_matches(scram_user const& user, std::string_view password);

/// Is scram_matches() cheap enough for a thread that serves others too (some 20 ms)?
[[nodiscard]] bool scram_is_cheap(scram_user const& user);

/// What binds a log-in to one TLS connection.
struct channel_binding {
    std::string type;  ///< "tls-unique", "tls-exporter"; empty: none
    bytes data;
};

/// The router's side: made when HELLO came, asked when AUTHENTICATE came. One try.
class scram_server {
public:
    /// @param client_nonce HELLO.Details.authextra.nonce
    /// @return errc::malformed unless that is base64 of 1 to 256 octets
    [[nodiscard]] static result<scram_server> create(scram_user user,
                                                     std::string authid,
                                                     std::string_view client_nonce,
                                                     channel_binding binding = {});

    /// CHALLENGE.Extra
    [[nodiscard]] dict extra() const;
    /// @return the router's own signature for WELCOME if AUTHENTICATE is right
    [[nodiscard]] std::optional<std::string> verify(std::string_view signature, dict const& extra) const;

private:
    scram_server() = default;
    scram_user user_;
    std::string authid_;
    std::string client_nonce_;
    std::string nonce_;
    channel_binding binding_;
};

/// The client's side: made for one HELLO.
class scram_client {
public:
    scram_client(std::string authid, std::string password);

    /// HELLO.Details.authextra
    [[nodiscard]] dict hello_extra() const;

    struct answer {
        std::string signature;
        dict extra;
    };
    /// AUTHENTICATE for a CHALLENGE.Extra.
    /// @return errc::malformed, or errc::limit_exceeded for costs beyond the limits above
    [[nodiscard]] result<answer> respond(dict const& challenge);
    /// Does WELCOME.Details.authextra prove that the router knows the password's keys?
    [[nodiscard]] bool proves(dict const& welcome_extra) const;

private:
    std::string authid_;
    std::string password_;
    std::string nonce_;
    bytes server_signature_;
};

}  // namespace cerro::auth
