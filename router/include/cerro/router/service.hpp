#pragma once

/// @file
/// The program cerro-router: `cerro-router [start] [--config FILE | --cbdir DIR]`, `check`, `version`.

namespace cerro::router {

/// The whole of main().
int run(int argc, char const* const* argv);

}  // namespace cerro::router
