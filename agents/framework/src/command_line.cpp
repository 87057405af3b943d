#include "command_line.hpp"

#include <cerro/app/prefixes.hpp>
#include <cerro/ocs/site_options.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>

namespace cerro::agent {
namespace {

/// Expands prefixes against all options that the agent knows.
std::vector<std::string> expanded(std::vector<std::string> words, agent_description const& d)
{
    CLI::App app;
    ocs::site_options ignored;
    ocs::add_site_options(app, ignored);
    for (auto const* common : {"--version", "--log-level", "--log-json", "--health-port", "--check"}) {
        app.add_flag(common);
    }
    if (d.options) {
        d.options(app);
    }
    app::expand_prefixes(app, words);
    return words;
}

template <class T>
T taken(result<T> r)
{
    if (!r) {
        throw failure(r.error().what, app::exit_code::configuration);
    }
    return std::move(*r);
}

}  // namespace

bool asks_for_text(std::vector<std::string> const& argv)
{
    return std::any_of(argv.begin(), argv.end(), [](auto const& word) {
        return word == "-h" || word == "--help" || word == "--version";
    });
}

launch prepare_launch(std::vector<std::string> const& argv, agent_description const& d)
{
    launch l;
    auto const given = expanded({argv.begin() + 1, argv.end()}, d);
    auto const options = ocs::scan_site_options(given);
    auto const site = ocs::load_site(options);
    l.settings.site =
        taken(ocs::settings_for_agent(site, options, ocs::agent_identity(d.agent_class), ocs::this_host()));
    l.settings.policy = taken(access_policy::parse(l.settings.site.hub.access_policy));
    l.settings.agent_class = d.agent_class;
    l.words = ocs::merge_arguments(expanded(l.settings.site.arguments, d), given);
    l.words.insert(l.words.begin(), argv.front());
    return l;
}

}  // namespace cerro::agent
