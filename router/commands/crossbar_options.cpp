#include "crossbar_options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace cerro::router {

namespace {

namespace fs = std::filesystem;

struct idle_option {
    std::string_view name;
    bool has_value;
    std::string_view harmless;  ///< this value needs no warning
};

constexpr std::array idle{idle_option{"--color", true, "auto"},
                          idle_option{"--logtofile", false, ""},
                          idle_option{"--logdir", true, ""},
                          idle_option{"--node-id", true, ""},
                          idle_option{"--debug-lifecycle", false, ""},
                          idle_option{"--debug-programflow", false, ""},
                          idle_option{"--enable-vmprof", false, ""},
                          idle_option{"--reactor", true, ""}};

/// crossbar's level as one of ours.
std::string level(std::string const& name)
{
    return name == "none" ? "off" : name;
}

}  // namespace

translated translate_options(std::vector<std::string> const& words)
{
    translated out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        auto const equals = words[i].starts_with("--") ? words[i].find('=') : std::string::npos;
        std::string const name = words[i].substr(0, equals);
        auto const value = [&]() -> std::string {
            if (equals != std::string::npos) {
                return words[i].substr(equals + 1);
            }
            return i + 1 < words.size() ? words[++i] : std::string();
        };
        auto const known =
            std::find_if(idle.begin(), idle.end(), [&](auto const& o) { return o.name == name; });
        if (name == "--loglevel") {
            out.words.insert(out.words.end(), {"--log-level", level(value())});
        } else if (name == "--logformat") {
            if (value() == "json") {
                out.words.emplace_back("--log-json");
            }
        } else if (known != idle.end()) {
            if (!known->has_value || value() != known->harmless) {
                out.warnings.push_back(name + " has no effect in this router");
            }
        } else {
            out.words.push_back(words[i]);
        }
    }
    return out;
}

std::string config_path(std::string const& cbdir, std::string const& config)
{
    std::error_code ec;
    std::string const file = config.empty() ? "config.json" : config;
    if (!config.empty() && cbdir.empty() && fs::exists(config, ec)) {
        return config;
    }
    fs::path folder = cbdir;
    if (cbdir.empty()) {
        char const* const from_environment = std::getenv("CROSSBAR_DIR");
        if (from_environment != nullptr && *from_environment != '\0') {
            folder = from_environment;
        } else {
            folder = fs::is_directory(".crossbar", ec) || config.empty() ? ".crossbar" : ".";
        }
    }
    if (fs::is_regular_file(folder, ec)) {
        return folder.string();
    }
    return (folder / file).lexically_normal().string();
}

}  // namespace cerro::router
