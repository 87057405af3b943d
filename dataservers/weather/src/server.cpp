#include <cerro/dans/service.hpp>
#include <cerro/weather/archive.hpp>
#include <cerro/weather/server.hpp>

#include <CLI/CLI.hpp>

namespace cerro::weather {

int run(int argc, char const* const* argv)
{
    std::string folder = "./example_data";
    std::string name = "apex_archive";
    std::string description = "Archived APEX weather.";
    dans::server s;
    s.program = "cerro-dans-weather";
    s.summary = "Serves a folder of weather files as a sisock data node.";
    s.defaults = {"server", std::string(dans::stock_server_secret), false, true};
    s.options = [&](CLI::App& a) {
        a.add_option("--data-dir", folder, "folder of the files <field>.dat")->capture_default_str();
        a.add_option("--name", name, "name of the data node")->capture_default_str();
        a.add_option("--description", description, "what it is, for people")->capture_default_str();
    };
    s.make = [&](app::context&, dans::node_options& o) {
        o.name = name;
        o.description = description;
        return std::make_shared<archive>(folder);
    };
    return dans::run_server(argc, argv, std::move(s));
}

}  // namespace cerro::weather
