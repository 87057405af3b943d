#pragma once

/// @file
/// A connection as authenticators, authorizers and the session meta API are told of it.

#include <cerro/router/member.hpp>

namespace cerro::router {

/// crossbar's `transport` of session details. Headers that carry secrets (Cookie, Authorization) are left
/// out.
[[nodiscard]] dict describe_transport(link_info const& link);

/// crossbar's session details: session, authid, authrole, authmethod, authprovider, authextra, realm,
/// transport.
[[nodiscard]] dict describe_session(member const& m, std::string_view realm);

}  // namespace cerro::router
