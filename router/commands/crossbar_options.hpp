#pragma once

/// @file
/// crossbar's options and ways to name a configuration, so that a compose file only changes the image.

#include <string>
#include <vector>

namespace cerro::router {

/// crossbar's words for the log become those that all our programs have; what has no effect here is taken
/// out.
struct translated {
    std::vector<std::string> words;
    std::vector<std::string> warnings;
};
/// @param words the command line without the program and its command
[[nodiscard]] translated translate_options(std::vector<std::string> const& words);

/// Which file `--cbdir` and `--config` mean.
///
/// As crossbar: the folder is --cbdir, else $CROSSBAR_DIR, else ".crossbar" if that is there, else "."; the
/// file in it is --config, else config.json. A --cbdir that is a file is the configuration itself. Otherwise
/// than crossbar, --config alone is looked for here first.
[[nodiscard]] std::string config_path(std::string const& cbdir, std::string const& config);

}  // namespace cerro::router
