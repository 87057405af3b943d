#pragma once

// From the command line to what the run needs.

#include <cerro/app/prefixes.hpp>
#include <cerro/app/service.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cerro::app {

enum class program_kind : std::uint8_t { service, tool };

struct common_options {
    std::string log_level;  ///< as given, or $LOGLEVEL
    bool log_json = false;
    std::optional<std::uint16_t> health_port;
    bool check = false;
};

/// Reads the command line into `common` and the variables bound by d.options.
/// @return the exit code when the program is to end now (help, version, usage errors: all has been printed)
std::optional<int> parse(
    description& d, program_kind kind, int argc, char const* const* argv, common_options& common);

}  // namespace cerro::app
