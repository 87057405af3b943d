#include "start.hpp"

#include "command.hpp"
#include "crossbar_options.hpp"
#include <cerro/app/ports_file.hpp>
#include <cerro/app/service.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/instance.hpp>

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
    std::vector<std::string> warnings;
};

settings load(options const& o)
{
    auto loaded = load_settings(config_path(o.cbdir, o.config), o.skip_components);
    if (!loaded) {
        throw failure(loaded.error().what, app::exit_code::configuration);
    }
    return std::move(*loaded);
}

void add_options(CLI::App& app, options& o)
{
    app.add_option("--config",
                   o.config,
                   "configuration file (crossbar's config.json, version 2), with --cbdir in there");
    app.add_option("--cbdir", o.cbdir, "folder with config.json (default $CROSSBAR_DIR, or .crossbar)");
    app.add_option(
        "--ports-file", o.ports_file, "write transports, addresses and ports there as JSON once listening");
    app.add_flag("--skip-components",
                 o.skip_components,
                 "leave out workers and components that cannot run in this program");
    app.add_flag(
        "--print-config", o.print_config, "print the effective configuration, without secrets, and end");
    std::string names = "Commands (first word; start is the default):\n";
    for (auto const& c : commands()) {
        names +=
            "  " + std::string(c.name) + std::string(12 - c.name.size(), ' ') + std::string(c.summary) + "\n";
    }
    app.footer(names);
}

void check(options const& o)
{
    auto const s = load(o);
    for (auto const& warning : s.warnings) {
        std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
}

/// @return false: the old configuration stays
bool reload(instance& router, options const& o)
{
    auto const path = config_path(o.cbdir, o.config);
    auto loaded = load_settings(path, o.skip_components);
    if (!loaded) {
        log::error(
            component, "reload_failed", {{"what", loaded.error().what}, {"kept", "the old configuration"}});
        return false;
    }
    auto const warnings = loaded->warnings;
    try {
        auto const restart = router.reload(std::move(*loaded));
        for (auto const& w : warnings) {
            log::warn(component, "configuration", {{"what", w}});
        }
        for (auto const& name : restart) {
            log::warn(component, "reload_needs_restart", {{"what", name}});
        }
    } catch (failure const& e) {
        log::error(component, "reload_failed", {{"what", e.what()}, {"kept", "the old configuration"}});
        return false;
    }
    log::info(component, "reloaded", {{"file", path}});
    return true;
}

app::asio::awaitable<int> serve(app::context& context, options const& o)
{
    auto s = load(o);
    if (o.print_config) {
        std::printf("%s\n", describe(s).c_str());
        co_return app::exit_code::ok;
    }
    for (auto const& warning : o.warnings) {
        log::warn(component, "command_line", {{"what", warning}});
    }
    auto const router = instance::start(context.io().get_executor(), std::move(s), context.metrics());
    if (!o.ports_file.empty()) {
        std::vector<app::listening_port> ports;
        for (auto const& l : router->listeners()) {
            ports.push_back({l.transport, l.address, l.port});
        }
        app::write_ports_file(o.ports_file, ports);
    }
    context.ask_health([weak = std::weak_ptr(router)] {
        auto const live = weak.lock();
        return live ? live->trouble() : std::string();
    });
    auto& reloads = context.metrics().make_counter("cerro_router_reloads_total", "configurations applied");
    auto& failures = context.metrics().make_counter("cerro_router_reload_failures_total",
                                                    "configurations refused at a reload; the old one stays");
    context.on_reload([&o, &reloads, &failures, weak = std::weak_ptr(router)] {
        if (auto const live = weak.lock()) {
            live->reopen_logs();
            (reload(*live, o) ? reloads : failures).add();
        }
    });
    co_await context.stopped();
    log::info(component, "draining", {{"sessions", router->session_count()}});
    co_await router->drain();
    co_return app::exit_code::ok;
}

int run_with(std::vector<std::string> const& words)
{
    options o;
    auto const translated = translate_options(words);
    o.warnings = translated.warnings;
    std::vector<char const*> arguments{"cerro-router"};
    for (auto const& word : translated.words) {
        arguments.push_back(word.c_str());
    }
    app::description d;
    d.name = "cerro-router";
    d.summary = "WAMP router with crossbar's config.json";
    d.options = [&o](CLI::App& app) { add_options(app, o); };
    d.check = [&o] { check(o); };
    d.run = [&o](app::context& context) { return serve(context, o); };
    return app::run_service(static_cast<int>(arguments.size()), arguments.data(), std::move(d));
}

std::vector<std::string> words_of(int argc, char const* const* argv)
{
    return {argv + (argc > 0 ? 1 : 0), argv + argc};
}

}  // namespace

int run_start(int argc, char const* const* argv)
{
    return run_with(words_of(argc, argv));
}

int run_check(int argc, char const* const* argv)
{
    auto words = words_of(argc, argv);
    words.emplace_back("--check");
    return run_with(words);
}

int run_version(int argc, char const* const* argv)
{
    auto words = words_of(argc, argv);
    words.emplace_back("--version");
    return run_with(words);
}

}  // namespace cerro::router
