#include <cerro/ocs/site.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

namespace cerro::ocs {
namespace {

using config::node;

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> manage_words{{
    {"host/up", "host/up"},
    {"host/down", "host/down"},
    {"docker/up", "docker/up"},
    {"docker/down", "docker/down"},
    {"ignore", "ignore"},
    {"yes", "host/up"},
    {"no", "ignore"},
    {"docker", "docker/up"},
    {"host", "host/up"},
    {"up", "host/up"},
    {"down", "host/down"},
    {"", "host/up"},
}};

void warn_unknown(node const& n,
                  std::initializer_list<std::string_view> known,
                  std::vector<problem>& warnings)
{
    auto more = n.unknown_keys(known);
    std::move(more.begin(), more.end(), std::back_inserter(warnings));
}

/// Sets `into` from an optional scalar member; null counts as absent.
result<void> read_text(node const& map, std::string_view key, std::string& into)
{
    auto const* member = map.find(key);
    if (member == nullptr || member->is_null()) {
        return {};
    }
    if (!member->is_scalar()) {
        return member->wrong("expected a text");
    }
    into = member->text();
    return {};
}

result<void> read_required(node const& map, std::string_view key, std::string& into)
{
    if (auto const done = read_text(map, key, into); !done) {
        return done.error();
    }
    if (into.empty()) {
        return map.wrong("the key '" + std::string(key) + "' is missing");
    }
    return {};
}

/// First error of several readings.
result<void> all(std::initializer_list<result<void>> steps)
{
    for (auto const& step : steps) {
        if (!step) {
            return step.error();
        }
    }
    return {};
}

result<void> read_arguments(node const& n, std::vector<std::string>& into)
{
    if (n.is_null()) {
        return {};
    }
    if (n.is_scalar()) {
        into.push_back(n.text());
        return {};
    }
    if (!n.is_sequence()) {
        return n.wrong("expected a list of words");
    }
    for (auto const& item : n.items()) {
        if (auto const done = read_arguments(item, into); !done) {
            return done.error();
        }
    }
    return {};
}

result<void> read_manage(node const& instance, std::string& into)
{
    if (auto const done = read_text(instance, "manage", into); !done) {
        return done.error();
    }
    // YAML turns an unquoted yes or no into a boolean; the text is what was written.
    std::string const word = into == "true" || into == "True"     ? "yes"
                             : into == "false" || into == "False" ? "no"
                                                                  : into;
    auto const* found = std::find_if(
        manage_words.begin(), manage_words.end(), [&](auto const& pair) { return pair.first == word; });
    if (found == manage_words.end()) {
        return instance.find("manage")->wrong(
            "'" + into + "' is none of host/up, host/down, docker/up, docker/down, ignore");
    }
    into = found->second;
    return {};
}

result<instance_settings> read_instance(node const& n, std::vector<problem>& warnings)
{
    if (!n.is_map()) {
        return n.wrong("expected a mapping with instance-id and agent-class");
    }
    warn_unknown(n, {"instance-id", "agent-class", "arguments", "manage"}, warnings);
    instance_settings instance;
    auto const read = all({read_required(n, "instance-id", instance.instance_id),
                           read_text(n, "agent-class", instance.agent_class),
                           read_manage(n, instance.manage)});
    if (!read) {
        return read.error();
    }
    if (auto const* arguments = n.find("arguments"); arguments != nullptr) {
        if (auto const done = read_arguments(*arguments, instance.arguments); !done) {
            return done.error();
        }
    }
    return instance;
}

result<void> read_instances(node const& host, host_settings& into, std::vector<problem>& warnings)
{
    auto const* instances = host.find("agent-instances");
    if (instances == nullptr) {
        return host.wrong("the key 'agent-instances' is missing (an empty list [] is allowed)");
    }
    if (instances->is_null()) {
        return {};
    }
    if (!instances->is_sequence()) {
        return instances->wrong("expected a list of agent instances");
    }
    for (auto const& item : instances->items()) {
        auto instance = read_instance(item, warnings);
        if (!instance) {
            return instance.error();
        }
        into.instances.push_back(std::move(*instance));
    }
    return {};
}

result<void> read_crossbar(node const& host, host_settings& into, std::vector<problem>& warnings)
{
    auto const* crossbar = host.find("crossbar");
    if (crossbar == nullptr || crossbar->is_null()) {
        return {};
    }
    if (!crossbar->is_map()) {
        return crossbar->wrong("expected a mapping (config-dir, bin) or nothing");
    }
    warn_unknown(*crossbar, {"config-dir", "bin"}, warnings);
    into.crossbar.emplace();
    return all({read_text(*crossbar, "config-dir", into.crossbar->config_dir),
                read_text(*crossbar, "bin", into.crossbar->bin)});
}

/// Both spellings: the one that OCS reads, and the one that its documents name. The former wins.
result<void> read_crossbar_timeout(node const& host, host_settings& into)
{
    for (auto const* key : {"crossbar_timeout", "crossbar-timeout"}) {
        auto const* member = host.find(key);
        if (member == nullptr || member->is_null()) {
            continue;
        }
        auto const seconds = member->as_int();
        if (!seconds) {
            return seconds.error();
        }
        if (*seconds < 0 || *seconds > std::numeric_limits<int>::max()) {
            return member->wrong("expected seconds, 0 (for ever) or more");
        }
        into.crossbar_timeout = static_cast<int>(*seconds);
        return {};
    }
    return {};
}

result<host_settings> read_host(std::string const& name, node const& n, std::vector<problem>& warnings)
{
    if (!n.is_map()) {
        return n.wrong("expected a mapping with agent-instances");
    }
    warn_unknown(n,
                 {"agent-instances",
                  "log-dir",
                  "crossbar",
                  "crossbar_timeout",
                  "crossbar-timeout",
                  "wamp_server",
                  "wamp_http",
                  "wamp_realm",
                  "agent-paths"},
                 warnings);
    host_settings host;
    host.name = name;
    auto const read = all({read_instances(n, host, warnings),
                           read_text(n, "log-dir", host.log_dir),
                           read_crossbar(n, host, warnings),
                           read_crossbar_timeout(n, host),
                           read_text(n, "wamp_server", host.overrides.wamp_server),
                           read_text(n, "wamp_http", host.overrides.wamp_http),
                           read_text(n, "wamp_realm", host.overrides.wamp_realm)});
    if (!read) {
        return read.error();
    }
    return host;
}

result<hub_settings> read_hub(node const& root, std::vector<problem>& warnings)
{
    auto const* hub = root.find("hub");
    if (hub == nullptr) {
        return root.wrong("the section 'hub' is missing: it names wamp_server, wamp_realm and address_root");
    }
    if (!hub->is_map()) {
        return hub->wrong("expected a mapping with wamp_server, wamp_realm and address_root");
    }
    warn_unknown(
        *hub,
        {"wamp_server", "wamp_http", "wamp_realm", "address_root", "access_policy", "registry_address"},
        warnings);
    hub_settings settings;
    auto const read = all({read_required(*hub, "wamp_server", settings.wamp_server),
                           read_required(*hub, "wamp_realm", settings.wamp_realm),
                           read_required(*hub, "address_root", settings.address_root),
                           read_text(*hub, "wamp_http", settings.wamp_http),
                           read_text(*hub, "access_policy", settings.access_policy)});
    if (!read) {
        return read.error();
    }
    return settings;
}

}  // namespace

result<site_config> parse_site(node const& root)
{
    if (!root.is_map()) {
        return root.wrong("expected a mapping with the sections hub and hosts");
    }
    site_config site;
    warn_unknown(root, {"hub", "hosts"}, site.warnings);
    auto hub = read_hub(root, site.warnings);
    if (!hub) {
        return hub.error();
    }
    site.hub = std::move(*hub);
    auto const* hosts = root.find("hosts");
    if (hosts == nullptr || hosts->is_null()) {
        return site;
    }
    if (!hosts->is_map()) {
        return hosts->wrong("expected a mapping from host names to hosts");
    }
    for (auto const& [name, member] : hosts->members()) {
        auto host = read_host(name, member, site.warnings);
        if (!host) {
            return host.error();
        }
        site.hosts.push_back(std::move(*host));
    }
    return site;
}

result<site_config> parse_site(std::string_view yaml, std::string name)
{
    auto const root = config::parse_yaml(yaml, name);
    if (!root) {
        return root.error();
    }
    auto site = parse_site(*root);
    if (site) {
        site->file = std::move(name);
    }
    return site;
}

}  // namespace cerro::ocs
