#include "command_line.hpp"
#include <cerro/log/log.hpp>
#include <cerro/ocs/site_options.hpp>

#include <filesystem>
#include <iostream>

namespace cerro::agent {
namespace {

/// Log lines also go to <log-dir>/<agent address>.log, if that folder exists.
void open_log_file(ocs::program_settings const& site)
{
    if (site.log_dir.empty()) {
        return;
    }
    if (!std::filesystem::is_directory(site.log_dir)) {
        log::error("agent", "Log directory does not exist: " + site.log_dir);
        return;
    }
    auto settings = log::configured();
    auto const name = ocs::agent_address(site.hub.address_root, site.instance_id) + ".log";
    settings.file = (std::filesystem::path(site.log_dir) / name).string();
    log::configure(settings);
    log::info("agent", "log_file is apparently " + settings.file);
}

client::options connection_of(ocs::program_settings const& site)
{
    client::options o;
    o.connection.url = site.hub.wamp_server;
    o.realm = site.hub.wamp_realm;
    return o;
}

asio::awaitable<int> run_program(app::context& context,
                                 agent_settings settings,
                                 std::function<void(agent&)> setup)
{
    open_log_file(settings.site);
    auto const session = client::session::create(context.io().get_executor(), connection_of(settings.site));
    auto const program = std::make_shared<agent_program>(context, session, std::move(settings));
    co_return co_await program->run(std::move(setup));
}

int run_with_options(std::vector<std::string> const& argv, agent_description const& d)
{
    launch plan;
    if (asks_for_text(argv)) {
        plan.words = argv;
    } else {
        plan = prepare_launch(argv, d);
    }
    ocs::site_options parsed;
    app::description service;
    service.name = d.program;
    service.summary = d.summary;
    service.options = [&](CLI::App& options) {
        if (d.options) {
            d.options(options);
        }
        ocs::add_site_options(options, parsed);
    };
    service.check = [] {};  // prepare_launch has read the site file
    service.run = [&](app::context& context) { return run_program(context, plan.settings, d.setup); };
    std::vector<char const*> words;
    words.reserve(plan.words.size());
    for (auto const& word : plan.words) {
        words.push_back(word.c_str());
    }
    return app::run_service(static_cast<int>(words.size()), words.data(), service);
}

}  // namespace

int run_agent(int argc, char const* const* argv, agent_description d)
{
    try {
        return run_with_options({argv, argv + argc}, d);
    } catch (failure const& e) {
        std::cerr << d.program << ": " << e.what() << '\n';
        return e.exit_code();
    } catch (std::exception const& e) {
        std::cerr << d.program << ": internal error: " << e.what() << '\n';
        return app::exit_code::bug;
    }
}

}  // namespace cerro::agent
