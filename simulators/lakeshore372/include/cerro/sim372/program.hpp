#pragma once

/// @file
/// The program cerro-sim-lakeshore372.

namespace cerro::sim372 {

/// The whole of main(): options, log, server, end at SIGTERM.
int run_simulator(int argc, char const* const* argv);

}  // namespace cerro::sim372
