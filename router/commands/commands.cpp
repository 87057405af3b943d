#include "command.hpp"

#include "passwd.hpp"
#include "start.hpp"

#include <array>

namespace cerro::router {

namespace {

constexpr std::array all{
    command{"start", "run the router (the default)", run_start},
    command{"check", "say what is wrong with the configuration, and end", run_check},
    command{"passwd", "make or change an entry of a file of principals", run_passwd},
    command{"version", "print the version", run_version},
};

}  // namespace

std::span<command const> commands()
{
    return all;
}

}  // namespace cerro::router
