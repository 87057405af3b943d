#include <cerro/app/prefixes.hpp>
#include <cerro/app/service.hpp>

#include <CLI/App.hpp>

#include <algorithm>
#include <set>

namespace cerro::app {

namespace {

void add_long_names(CLI::App& app, std::set<std::string>& names)
{
    for (CLI::Option const* const option : app.get_options()) {
        for (std::string const& name : option->get_lnames()) {
            names.insert("--" + name);
        }
    }
}

std::string expanded(std::string const& word, std::set<std::string> const& names)
{
    std::size_t const equals = word.find('=');
    std::string const name = word.substr(0, equals);
    if (names.count(name) != 0) {
        return word;
    }
    std::vector<std::string> matches;
    std::copy_if(names.begin(), names.end(), std::back_inserter(matches), [&](std::string const& full) {
        return full.compare(0, name.size(), name) == 0;
    });
    if (matches.empty()) {
        return word;
    }
    if (matches.size() > 1) {
        std::string text = "ambiguous option: " + name + " could match ";
        for (std::size_t i = 0; i < matches.size(); ++i) {
            text += (i == 0 ? "" : ", ") + matches[i];
        }
        throw failure(text, exit_code::usage);
    }
    return matches.front() + (equals == std::string::npos ? "" : word.substr(equals));
}

}  // namespace

void expand_prefixes(CLI::App& app, std::vector<std::string>& words)
{
    CLI::App* innermost = &app;
    std::set<std::string> names;
    add_long_names(app, names);
    for (std::string& word : words) {
        if (word == "--") {
            return;
        }
        if (word.size() > 2 && word.compare(0, 2, "--") == 0) {
            word = expanded(word, names);
        } else {
            auto const subs =
                innermost->get_subcommands([&word](CLI::App* sub) { return sub->check_name(word); });
            if (!subs.empty()) {
                innermost = subs.front();
                add_long_names(*innermost, names);
            }
        }
    }
}

}  // namespace cerro::app
