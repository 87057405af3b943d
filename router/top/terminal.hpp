#pragma once

/// @file
/// The terminal as a screen: raw input, the alternate screen, its size. As it was when the object ends.

#include "screen.hpp"

#include <termios.h>

#include <string>
#include <vector>

namespace cerro::router::top {

class terminal {
public:
    /// Standard input and output must be a terminal.
    terminal();
    terminal(terminal const&) = delete;
    terminal& operator=(terminal const&) = delete;
    ~terminal();

    [[nodiscard]] static bool present();
    [[nodiscard]] static size current_size();
    /// In place of what was there.
    static void show(std::vector<std::string> const& lines);

private:
    termios before_{};
};

}  // namespace cerro::router::top
