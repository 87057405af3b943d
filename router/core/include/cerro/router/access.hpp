#pragma once

/// @file
/// Who may join over one transport, and how they prove who they are (wamp protocol, 9).

#include <cerro/auth/wampcra.hpp>
#include <cerro/router/string_map.hpp>

#include <optional>
#include <string>

namespace cerro::router {

struct ticket_principal {
    std::string ticket;
    std::string role;
};

struct wampcra_principal {
    auth::wampcra_user user;
    std::string role;
};

/// The `auth` section of a transport. Without any section crossbar takes everybody as role "anonymous".
struct access_rules {
    std::optional<std::string> anonymous_role;
    std::optional<string_map<ticket_principal>> ticket;
    std::optional<string_map<wampcra_principal>> wampcra;

    [[nodiscard]] static access_rules open() { return {"anonymous", std::nullopt, std::nullopt}; }
};

}  // namespace cerro::router
