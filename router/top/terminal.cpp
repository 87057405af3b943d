#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace cerro::router::top {

namespace {

void print(std::string const& text)
{
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

}  // namespace

terminal::terminal()
{
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // signals stay: Ctrl-C ends the program
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    print("\033[?1049h\033[?25l");  // alternate screen, no cursor
}

terminal::~terminal()
{
    print("\033[?25h\033[?1049l");
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

bool terminal::present()
{
    return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

size terminal::current_size()
{
    winsize w{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0 || w.ws_col == 0 || w.ws_row == 0) {
        return {};
    }
    return {w.ws_col, w.ws_row};
}

void terminal::show(std::vector<std::string> const& lines)
{
    std::string out = "\033[H";
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += (i == 0 ? "" : "\r\n") + lines[i] + "\033[K";
    }
    print(out + "\033[J");
}

}  // namespace cerro::router::top
