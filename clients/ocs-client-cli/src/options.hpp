#pragma once

// The command line of ocs-client-cli.

#include <cerro/ocs/site.hpp>

#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cerro::ocs_client_cli {

struct options {
    ocs::site_options site;
    std::string command;  ///< "scan", "listen", "api", "start", "status", "wait", "stop", "abort", "run"
    bool json = false;

    // scan
    bool details = false;
    std::optional<std::string> registry;  ///< instance-id of the registry to ask

    // listen
    std::string selector;
    double seconds = 0;       ///< 0: no limit
    std::uint64_t count = 0;  ///< 0: no limit

    // operations
    std::string instance;
    std::string op;
    std::string params;
    std::vector<std::string> words;
    std::optional<double> timeout;
    std::string password_file;
    bool quiet = false;
};

/// Adds the site options and the subcommands; `into.command` is set by parsing.
void add_options(CLI::App& app, options& into);

}  // namespace cerro::ocs_client_cli
