#pragma once

/// @file
/// ocs-client-cli: talks to OCS agents from a terminal or a script.

namespace cerro::ocs_client_cli {

int run(int argc, char const* const* argv);

}  // namespace cerro::ocs_client_cli
