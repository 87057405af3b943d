#pragma once

/// @file
/// `cerro-router passwd`: makes and changes a file of principals.

#include <cerro/base/result.hpp>

#include <string>
#include <string_view>

namespace cerro::router {

/// What one run changes.
struct password_change {
    std::string name;
    std::string role;      ///< empty: as it is
    std::string password;  ///< not with `remove`
    bool wampcra = false;  ///< also what WAMP-CRA needs: a key that can be used to log in, unlike the others
    bool argon2 = false;   ///< Argon2id instead of PBKDF2
    bool remove = false;
};

/// The file's text after the change; everything else in it stays. Empty text: there is no file yet.
/// @return errc::malformed for a text that is no file of principals, errc::not_found for a name to remove
/// that is not there, errc::invalid_argument for a new one without a role
[[nodiscard]] result<std::string> change_principals(std::string_view text, password_change const& c);

/// The command. The password comes from the terminal (twice, unseen) or is the first line of standard input.
int run_passwd(int argc, char const* const* argv);

}  // namespace cerro::router
