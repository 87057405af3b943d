#include "options.hpp"

#include <cerro/ocs/site_options.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

namespace cerro::ocs_client_cli {
namespace {

CLI::App& command(CLI::App& app, options& into, char const* name, char const* help)
{
    auto& sub = *app.add_subcommand(name, help);
    sub.fallthrough();  // site options may stand behind the command
    sub.callback([&into, name] { into.command = name; });
    return sub;
}

void add_json(CLI::App& sub, options& into)
{
    sub.add_flag("--json", into.json, "print JSON, for programs");
}

void add_watching(CLI::App& app, options& into)
{
    auto& scan = command(app, into, "scan", "which agents are there? Listens to heartbeats for 2 seconds");
    scan.add_flag("--details", into.details, "also the state of each operation");
    scan.add_option("--use-registry",
                    into.registry,
                    "ask the registry (of this instance-id; default registry) instead")
        ->expected(0, 1)
        ->default_str("registry");
    add_json(scan, into);

    auto& listen =
        command(app, into, "listen", "print the messages of a feed, or of all that match a pattern");
    listen
        .add_option("selector",
                    into.selector,
                    "topic, or pattern with empty components: observatory..feeds.heartbeat")
        ->required();
    listen.add_option("--seconds", into.seconds, "end after so long")->check(CLI::PositiveNumber);
    listen.add_option("--count", into.count, "end after so many messages")->check(CLI::PositiveNumber);
    add_json(listen, into);
}

CLI::App& operation_command(
    CLI::App& app, options& into, char const* name, char const* help, bool op_required)
{
    auto& sub = command(app, into, name, help);
    sub.add_option("instance", into.instance, "instance-id of the agent")->required();
    sub.add_option("operation", into.op, "task or process of the agent")->required(op_required);
    add_json(sub, into);
    return sub;
}

void add_password(CLI::App& sub, options& into)
{
    sub.add_option("--password-file",
                   into.password_file,
                   "file whose first line is the password, for agents that want one (or $OCS_PASSWORD)");
}

void add_params(CLI::App& sub, options& into)
{
    sub.add_option("params", into.words, "parameters as name=value");
    sub.add_option("--params", into.params, "parameters as a JSON object");
    add_password(sub, into);
}

void add_waiting(CLI::App& sub, options& into)
{
    sub.add_option("--timeout", into.timeout, "give up after so many seconds; the operation goes on");
    sub.add_flag("--quiet", into.quiet, "no progress line");
}

}  // namespace

void add_options(CLI::App& app, options& into)
{
    ocs::add_site_options(app, into.site);
    app.require_subcommand(1);
    add_watching(app, into);
    auto& api = command(app, into, "api", "what can this agent do?");
    api.add_option("instance", into.instance, "instance-id of the agent")->required();
    add_json(api, into);
    add_params(operation_command(app, into, "start", "start an operation", true), into);
    operation_command(app, into, "status", "state of an operation, or of all", false);
    add_waiting(operation_command(app, into, "wait", "wait for the end of an operation", true), into);
    add_password(operation_command(app, into, "stop", "stop a process", true), into);
    add_password(operation_command(app, into, "abort", "abort a task", true), into);
    auto& run = operation_command(app, into, "run", "start an operation and wait for its end", true);
    add_params(run, into);
    add_waiting(run, into);
}

}  // namespace cerro::ocs_client_cli
