#pragma once

/// @file
/// Unique prefixes of long options, as OCS programs take them; CLI11 does not.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cerro::app {

/// Replaces each unique prefix of a long option of `app` (or of the subcommands named before it) by its full
/// name. Words behind "--" are left alone, and so is what is no prefix of anything.
/// @throws failure (exit code 2) naming an ambiguous one and what it could be
void expand_prefixes(CLI::App& app, std::vector<std::string>& words);

}  // namespace cerro::app
