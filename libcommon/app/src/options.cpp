#include "options.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace cerro::app {

namespace {

void add_common(CLI::App& app, description const& d, program_kind kind, common_options& common)
{
    std::string const group = "Common options";
    app.set_help_flag("-h,--help", "show this text")->group(group);
    app.set_version_flag("--version", d.name + " " CERRO_VERSION)->group(group);
    app.add_option("--log-level",
                   common.log_level,
                   "trace, debug, info, warn, error, critical or off; default $LOGLEVEL")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
        ->group(group);
    app.add_flag("--log-json", common.log_json, "log lines as JSON objects")->group(group);
    if (kind == program_kind::service) {
        app.add_option(
               "--health-port", common.health_port, "serve /healthz and /metrics on 127.0.0.1:PORT (0: any)")
            ->group(group);
    }
    if (d.check) {
        app.add_flag("--check", common.check, "check the configuration and end")->group(group);
    }
}

}  // namespace

std::optional<int> parse(
    description& d, program_kind kind, int argc, char const* const* argv, common_options& common)
{
    CLI::App app(d.summary, d.name);
    if (d.options) {
        d.options(app);
    }
    add_common(app, d, kind, common);
    app.allow_extras(d.passed_over != nullptr);
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (d.prefix_options) {
        expand_prefixes(app, words);
    }
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    try {
        app.parse(words);
    } catch (CLI::ParseError const& e) {
        return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
    }
    if (d.passed_over != nullptr) {
        *d.passed_over = app.remaining();
    }
    if (char const* const from_environment = std::getenv("LOGLEVEL");
        common.log_level.empty() && from_environment != nullptr) {
        common.log_level = from_environment;
    }
    return std::nullopt;
}

}  // namespace cerro::app
