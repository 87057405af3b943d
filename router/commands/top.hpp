#pragma once

/// @file
/// `cerro-router top`: a running router in the terminal.

namespace cerro::router {

int run_top(int argc, char const* const* argv);

}  // namespace cerro::router
