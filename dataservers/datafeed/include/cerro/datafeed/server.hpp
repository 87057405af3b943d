#pragma once

/// @file
/// cerro-dans-datafeed as a function.

namespace cerro::datafeed {

int run(int argc, char const* const* argv);

}  // namespace cerro::datafeed
