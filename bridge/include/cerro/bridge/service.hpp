#pragma once

/// @file
/// cerro-bridge as a function.

namespace cerro::bridge {

int run(int argc, char const* const* argv);

}  // namespace cerro::bridge
