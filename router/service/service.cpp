#include "commands/command.hpp"
#include "commands/start.hpp"
#include <cerro/router/service.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

int run(int argc, char const* const* argv)
{
    auto const all = commands();
    auto const wanted =
        argc > 1 ? std::find_if(all.begin(), all.end(), [&](command const& c) { return c.name == argv[1]; })
                 : all.end();
    if (wanted == all.end()) {
        return run_start(argc, argv);
    }
    std::string const name = "cerro-router " + std::string(wanted->name);
    std::vector<char const*> arguments{name.c_str()};
    arguments.insert(arguments.end(), argv + 2, argv + argc);
    return wanted->run(static_cast<int>(arguments.size()), arguments.data());
}

}  // namespace cerro::router
