#pragma once

/// @file
/// The first word of the command line: `cerro-router check`, `init`, ... One function each, listed in
/// commands.cpp.

#include <span>
#include <string_view>

namespace cerro::router {

struct command {
    std::string_view name;
    std::string_view summary;  ///< for --help
    /// The whole command. argv[0] is "cerro-router NAME", what follows are its own arguments.
    /// @return the exit code
    int (*run)(int argc, char const* const* argv);
};

[[nodiscard]] std::span<command const> commands();

}  // namespace cerro::router
