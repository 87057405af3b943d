#pragma once

/// @file
/// `cerro-router start`, `check` and `version`.

namespace cerro::router {

int run_start(int argc, char const* const* argv);
int run_check(int argc, char const* const* argv);
int run_version(int argc, char const* const* argv);

}  // namespace cerro::router
