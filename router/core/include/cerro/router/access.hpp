#pragma once

/// @file
/// Who may join over one transport, and how they prove who they are (wamp protocol, 9).

#include <cerro/router/cookies.hpp>
#include <cerro/router/principals.hpp>

#include <memory>
#include <optional>
#include <string>

namespace cerro::router {

/// A procedure that says who may join.
struct dynamic_authenticator {
    std::string procedure;
    std::string realm;             ///< where it is called; empty: in the realm that HELLO names
    std::string role = "trusted";  ///< what the router may do there
};

/// How one method knows its principals: `known`, or by asking `authenticator`.
struct method_rules {
    std::shared_ptr<principals> known;
    std::optional<dynamic_authenticator> authenticator;
    std::string
        default_role;  ///< of who has none: an authenticator's answer, a certificate that is not in the table

    [[nodiscard]] static method_rules of(principal_table t)
    {
        return {std::make_shared<principals>(std::move(t)), std::nullopt, {}};
    }
};

/// The `auth` section of a transport. Without any section crossbar takes everybody as role "anonymous".
struct access_rules {
    std::optional<std::string> anonymous_role;
    std::optional<dynamic_authenticator> anonymous_authenticator;  ///< instead of a role
    std::optional<method_rules> ticket;
    std::optional<method_rules> wampcra;
    std::optional<method_rules> scram;
    std::optional<method_rules> cryptosign;
    std::optional<method_rules> tls;
    bool cookie = false;                    ///< a cookie that was bound to a log-in is one
    std::shared_ptr<cookie_store> cookies;  ///< of a transport that gives cookies to browsers; else null
    bool configured = true;                 ///< there is an `auth` section

    [[nodiscard]] static access_rules open()
    {
        access_rules out;
        out.anonymous_role = "anonymous";
        out.configured = false;
        return out;
    }
};

}  // namespace cerro::router
