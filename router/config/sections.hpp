#pragma once

/// @file
/// The sections of config.json, one reader each.

#include "reader.hpp"
#include <cerro/router/settings.hpp>

#include <string>

namespace cerro::router {

struct section_context {
    load_options const& options;
    transport::limits wamp_limits;  ///< from "cerro"; a transport's own options come on top
};

void read_realm(reader& in, config::node const& n, settings& out);
void read_transport(reader& in, config::node const& n, section_context const& about, settings& out);
/// The `auth` section; without one, everybody is role "anonymous".
std::shared_ptr<access_rules const> read_access(reader& in, config::node const& transport);

}  // namespace cerro::router
