#pragma once

/// @file
/// Two configurations compared. No I/O.

#include <cerro/router/settings.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

/// The roles of a realm as the core has them.
[[nodiscard]] std::vector<std::shared_ptr<role>> make_roles(realm_settings const& realm);
/// What differs and holds only after a restart: "realms.realm1.uri_check".
[[nodiscard]] std::vector<std::string> needs_restart(settings const& old, settings const& now);
/// Names of realms that only `old` has.
[[nodiscard]] std::vector<std::string> realms_gone(settings const& old, settings const& now);
/// @throws failure naming a program that is not there
void check_programs(settings const& s);

}  // namespace cerro::router
