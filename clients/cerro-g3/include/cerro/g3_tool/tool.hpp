#pragma once

/// @file
/// The commands of cerro-g3. Each writes its result to `out` and returns the exit code: 1 if a file is
/// damaged or cannot be read.

#include <cerro/app/service.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace cerro::g3_tool {

/// What files hold: sessions, providers, blocks, samples, time range, damages. JSON: one object a line for
/// each file.
int info(std::vector<std::string> const& files, bool json, std::ostream& out);
/// Every frame of a file with its objects. Text shortens long vectors, JSON does not.
int dump(std::string const& file, bool json, std::ostream& out);
/// Full field names with sample counts and last values, over files and folders (walked).
int fields(std::vector<std::string> const& paths, bool json, std::ostream& out);

/// The program.
[[nodiscard]] app::description describe();

}  // namespace cerro::g3_tool
