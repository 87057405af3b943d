#pragma once

/// @file
/// What a file of principals keeps in place of passwords, as one line of text each:
///
///     SCRAM-SHA-256$15000:<salt>$<stored key>:<server key>                     PBKDF2; also what PostgreSQL
///     keeps SCRAM-SHA-256-ARGON2ID13$3:65536:<salt>$<stored>:<server>[$<stored>:<server>] iterations:memory
///     [KiB] WAMP-CRA$1000:32:<salt>$<derived key>                                    iterations:key length
///
/// Salts and keys are base64, but WAMP-CRA's salt is the text that its challenges carry.

#include <cerro/auth/scram.hpp>
#include <cerro/auth/wampcra.hpp>

#include <string>
#include <string_view>

namespace cerro::auth {

[[nodiscard]] std::string to_text(scram_user const& user);
/// @return errc::malformed; errc::limit_exceeded as check_cost()
[[nodiscard]] result<scram_user> parse_scram(std::string_view text);

[[nodiscard]] std::string to_text(wampcra_user const& user);
/// @return errc::malformed; errc::limit_exceeded above 1,000,000 iterations or 1024 octets
[[nodiscard]] result<wampcra_user> parse_wampcra(std::string_view text);

/// New hashes of a password with a random salt.
[[nodiscard]] scram_user hash_password(std::string_view password, scram_cost const& cost = {});
[[nodiscard]] wampcra_user derive_wampcra(std::string_view password);

}  // namespace cerro::auth
