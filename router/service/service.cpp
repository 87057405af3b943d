#include <cerro/app/ports_file.hpp>
#include <cerro/app/service.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/router/service.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";

struct options {
    std::string config;
    std::string cbdir;
    std::string ports_file;
    bool skip_components = false;
    bool print_config = false;
};

/// crossbar's rule: the folder is --cbdir, else ".crossbar" here; the file in it is config.json.
std::string config_path(options const& o)
{
    if (!o.config.empty()) {
        return o.config;
    }
    return (o.cbdir.empty() ? ".crossbar" : o.cbdir) + "/config.json";
}

settings load(options const& o)
{
    auto loaded = load_settings(config_path(o), o.skip_components);
    if (!loaded) {
        throw failure(loaded.error().what, app::exit_code::configuration);
    }
    return std::move(*loaded);
}

void add_options(CLI::App& app, options& o)
{
    auto* const config =
        app.add_option("--config", o.config, "configuration file (crossbar's config.json, version 2)");
    app.add_option("--cbdir", o.cbdir, "folder with config.json (default .crossbar)")->excludes(config);
    app.add_option(
        "--ports-file", o.ports_file, "write transports, addresses and ports there as JSON once listening");
    app.add_flag("--skip-components",
                 o.skip_components,
                 "leave out workers and components that cannot run in this program");
    app.add_flag(
        "--print-config", o.print_config, "print the effective configuration, without secrets, and end");
}

void check(options const& o)
{
    auto const s = load(o);
    for (auto const& warning : s.warnings) {
        std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
}

app::asio::awaitable<int> serve(app::context& context, options const& o)
{
    auto s = load(o);
    if (o.print_config) {
        std::printf("%s\n", describe(s).c_str());
        co_return app::exit_code::ok;
    }
    auto const router = instance::start(context.io().get_executor(), std::move(s), context.metrics());
    if (!o.ports_file.empty()) {
        std::vector<app::listening_port> ports;
        for (auto const& l : router->listeners()) {
            ports.push_back({l.transport, l.address, l.port});
        }
        app::write_ports_file(o.ports_file, ports);
    }
    context.on_reload([] {
        log::warn(component,
                  "reload_not_supported",
                  {{"cure", "restart the router to apply a changed configuration"}});
    });
    co_await context.stopped();
    log::info(component, "draining", {{"sessions", router->session_count()}});
    co_await router->drain();
    co_return app::exit_code::ok;
}

}  // namespace

int run(int argc, char const* const* argv)
{
    // `start` is the default; `check` and `version` are names for options that all our programs have.
    std::vector<char const*> arguments(argv, argv + argc);
    if (argc > 1) {
        std::string_view const command = argv[1];
        if (command == "start") {
            arguments.erase(arguments.begin() + 1);
        } else if (command == "check") {
            arguments[1] = "--check";
        } else if (command == "version") {
            arguments[1] = "--version";
        }
    }
    options o;
    app::description d;
    d.name = "cerro-router";
    d.summary = "WAMP router: [start | check | version] with crossbar's config.json";
    d.options = [&o](CLI::App& app) { add_options(app, o); };
    d.check = [&o] { check(o); };
    d.run = [&o](app::context& context) { return serve(context, o); };
    return app::run_service(static_cast<int>(arguments.size()), arguments.data(), std::move(d));
}

}  // namespace cerro::router
