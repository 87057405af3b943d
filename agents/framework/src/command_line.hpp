#pragma once

// From the command line to the agent's settings: the site file takes part before the options are parsed.

#include "agent_program.hpp"

#include <string>
#include <vector>

namespace cerro::agent {

struct launch {
    /// The program's name and all options: those of the site file under those of the command line.
    std::vector<std::string> words;
    agent_settings settings;
};

/// @param argv the command line with the program's name
/// @throws failure with exit code 2 or 3
[[nodiscard]] launch prepare_launch(std::vector<std::string> const& argv, agent_description const& d);

/// Does the command line ask for help or the version? Then no site file is needed.
[[nodiscard]] bool asks_for_text(std::vector<std::string> const& argv);

}  // namespace cerro::agent
