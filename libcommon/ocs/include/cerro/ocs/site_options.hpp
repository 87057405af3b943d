#pragma once

/// @file
/// The options that every OCS program has, and what they lead to.

#include <cerro/ocs/site.hpp>

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cerro::ocs {

/// Adds --site, --site-file, ... to a program. `into` must outlive the parsing.
void add_site_options(CLI::App& app, site_options& into);

/// Reads the site options alone out of a command line whose prefixes are expanded; whatever is wrong with it
/// is left to the parser that reads all options.
[[nodiscard]] site_options scan_site_options(std::vector<std::string> const& words);

/// Reads the site file that the options name, and logs its warnings. An empty one for --site=none.
/// @throws failure with exit code 2 (which file?) or 3 (what is wrong with it)
[[nodiscard]] site_config load_site(site_options const& o);

/// Name of this machine.
[[nodiscard]] std::string this_host();

}  // namespace cerro::ocs
