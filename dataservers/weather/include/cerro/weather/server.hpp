#pragma once

/// @file
/// cerro-dans-weather as a function.

namespace cerro::weather {

int run(int argc, char const* const* argv);

}  // namespace cerro::weather
