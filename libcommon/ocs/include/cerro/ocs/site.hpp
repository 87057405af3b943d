#pragma once

/// @file
/// The OCS site configuration: one YAML file that says where the router is and which agents run on which
/// host.

#include <cerro/base/result.hpp>
#include <cerro/config/node.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::ocs {

/// What a command line said; empty = not given.
struct site_options {
    std::string site;  ///< name of a file in $OCS_CONFIG_DIR; "none" = no file
    std::string site_file;
    std::string site_host;
    std::string site_hub;
    std::string site_http;
    std::string site_realm;
    std::string instance_id;
    std::string address_root;
    std::string registry_address;  ///< obsolete; accepted and ignored
    std::string log_dir;
    std::string working_dir;
    std::optional<int> crossbar_timeout;
    std::string access_policy;
};

/// Addresses of the router, as the hub section gives them or a host overrides them.
struct hub_settings {
    std::string wamp_server;
    std::string wamp_http;
    std::string wamp_realm;
    std::string address_root;
    std::string access_policy;
};

struct instance_settings {
    std::string instance_id;
    std::string agent_class;
    std::vector<std::string> arguments;  ///< flattened
    std::string manage;                  ///< "host/up", "host/down", "docker/up", "docker/down", "ignore"
};

/// How the router of a host is run, where the site manages it.
struct crossbar_settings {
    std::string config_dir;
    std::string bin;
};

struct host_settings {
    std::string name;
    std::vector<instance_settings> instances;
    std::string log_dir;
    std::optional<int> crossbar_timeout;
    std::optional<crossbar_settings> crossbar;
    hub_settings overrides;  ///< only the addresses; empty = as the hub has it
};

struct site_config {
    std::string file;  ///< as named; empty for --site=none
    hub_settings hub;
    std::vector<host_settings> hosts;
    std::vector<problem> warnings;  ///< unknown keys, with their places

    [[nodiscard]] host_settings const* find_host(std::string_view name) const;
};

/// Everything a program needs to know, the command line merged with its host and its hub.
struct program_settings {
    hub_settings hub;
    std::string host;  ///< the host section used; empty = none
    std::string instance_id;
    std::vector<std::string> arguments;  ///< of the matching instance
    std::string log_dir;                 ///< made absolute by working_dir; empty = none
    std::string working_dir;
    int crossbar_timeout = 0;  ///< [s] until a lost router ends the program; 0 = never
};

/// Who asks: agents must be in the file, clients need no host and no instance.
struct agent_identity {
    explicit agent_identity(std::string class_name) : agent_class(std::move(class_name)) {}
    std::string agent_class;
};

/// The file that the options and `config_dir` ($OCS_CONFIG_DIR, empty = not set) name; "" for --site=none.
[[nodiscard]] result<std::string> site_file_path(site_options const& o, std::string const& config_dir);

/// @return errc::malformed naming file:line:column, the key, and the cure
[[nodiscard]] result<site_config> parse_site(config::node const& root);
[[nodiscard]] result<site_config> parse_site(std::string_view yaml, std::string name);

/// What an agent runs with. Its instance is chosen by --instance-id, else by class among the host's
/// instances.
/// @param host_name of this machine, used without --site-host; then "localhost" is tried
[[nodiscard]] result<program_settings> settings_for_agent(site_config const& site,
                                                          site_options const& o,
                                                          agent_identity const& who,
                                                          std::string const& host_name);
/// What a client runs with: no host need match.
[[nodiscard]] result<program_settings> settings_for_client(site_config const& site,
                                                           site_options const& o,
                                                           std::string const& host_name);

/// Merges an instance's arguments with a command line: an option of the command line replaces the file's
/// option of the same name with all its words. Words before any option stay in front.
[[nodiscard]] std::vector<std::string> merge_arguments(std::vector<std::string> const& from_file,
                                                       std::vector<std::string> const& from_command_line);

/// Does this word begin an option? ("-x", "--mode", "--mode=acq", but not "-5")
[[nodiscard]] bool is_option_word(std::string_view word) noexcept;

}  // namespace cerro::ocs
