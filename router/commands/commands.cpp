#include "command.hpp"
#include "init.hpp"
#include "passwd.hpp"
#include "start.hpp"
#include "top.hpp"

#include <array>

namespace cerro::router {

namespace {

constexpr std::array all{
    command{"start", "run the router (the default)", run_start},
    command{"check", "say what is wrong with the configuration, and end", run_check},
    command{"init", "write a configuration with TLS, certificates and users", run_init},
    command{"passwd", "make or change an entry of a file of principals", run_passwd},
    command{"top", "live view of a running router", run_top},
    command{"version", "print the version", run_version},
};

}  // namespace

std::span<command const> commands()
{
    return all;
}

}  // namespace cerro::router
