#include <cerro/log/log.hpp>
#include <cerro/ocs/site_options.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>

namespace cerro::ocs {
namespace {

constexpr int usage_error = 2;
constexpr int configuration_error = 3;

struct text_option {
    char const* name;
    std::string site_options::*member;
    char const* help;
};

constexpr std::array<text_option, 12> text_options{{
    {"--site",
     &site_options::site,
     "site file NAME.yaml in $OCS_CONFIG_DIR (default \"default\"); none: no site file"},
    {"--site-file", &site_options::site_file, "site file"},
    {"--site-host",
     &site_options::site_host,
     "host section of the site file (default: this machine's name, then localhost)"},
    {"--site-hub", &site_options::site_hub, "url of the router, in place of wamp_server"},
    {"--site-http", &site_options::site_http, "url of the router's HTTP caller, in place of wamp_http"},
    {"--site-realm", &site_options::site_realm, "WAMP realm, in place of wamp_realm"},
    {"--instance-id", &site_options::instance_id, "instance of the site file"},
    {"--address-root", &site_options::address_root, "first part of all addresses, in place of address_root"},
    {"--registry-address", &site_options::registry_address, "obsolete, ignored"},
    {"--log-dir", &site_options::log_dir, "folder of the log file"},
    {"--working-dir", &site_options::working_dir, "what a relative --log-dir is relative to"},
    {"--access-policy", &site_options::access_policy, "none, or override:PW2,PW3"},
}};
constexpr char const* timeout_option = "--crossbar-timeout";

}  // namespace

void add_site_options(CLI::App& app, site_options& into)
{
    for (auto const& o : text_options) {
        app.add_option(o.name, into.*o.member, o.help)->group("Site options")->take_last();
    }
    app.add_option(timeout_option,
                   into.crossbar_timeout,
                   "end after so many seconds without a router; 0: never (default, unless the site file says "
                   "otherwise)")
        ->group("Site options")
        ->take_last();
}

site_options scan_site_options(std::vector<std::string> const& words)
{
    site_options found;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--") {
            break;
        }
        auto const equals = words[i].find('=');
        std::string const name = words[i].substr(0, equals);
        std::string const text = equals != std::string::npos ? words[i].substr(equals + 1)
                                 : i + 1 < words.size()      ? words[i + 1]
                                                             : std::string();
        for (auto const& o : text_options) {
            if (name == o.name) {
                found.*o.member = text;
            }
        }
        int seconds = 0;
        auto const* const end = text.data() + text.size();
        if (name == timeout_option && std::from_chars(text.data(), end, seconds).ptr == end) {
            found.crossbar_timeout = seconds;
        }
    }
    return found;
}

site_config load_site(site_options const& o)
{
    char const* const directory = std::getenv("OCS_CONFIG_DIR");
    auto const path = site_file_path(o, directory != nullptr ? directory : "");
    if (!path) {
        throw failure(path.error().what, usage_error);
    }
    if (path->empty()) {
        return {};
    }
    auto const root = config::load_yaml(*path);
    if (!root) {
        throw failure(root.error().what, configuration_error);
    }
    auto site = parse_site(*root);
    if (!site) {
        throw failure(site.error().what, configuration_error);
    }
    site->file = *path;
    for (auto const& warning : site->warnings) {
        log::warn("site", warning.what);
    }
    return std::move(*site);
}

std::string this_host()
{
    std::array<char, 256> buffer{};
    return gethostname(buffer.data(), buffer.size() - 1) == 0 ? buffer.data() : "localhost";
}

}  // namespace cerro::ocs
