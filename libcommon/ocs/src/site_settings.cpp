#include <cerro/ocs/protocol.hpp>
#include <cerro/ocs/site.hpp>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace cerro::ocs {
namespace {

problem wrong(std::string text)
{
    return fail(errc::invalid_argument, std::move(text));
}

void override_with(std::string& value, std::string const& stronger)
{
    if (!stronger.empty()) {
        value = stronger;
    }
}

std::string joined(std::vector<std::string> const& words)
{
    std::string text;
    for (auto const& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

host_settings const* choose_host(site_config const& site, site_options const& o, std::string const& host_name)
{
    auto const* host = site.find_host(o.site_host.empty() ? host_name : o.site_host);
    return host != nullptr ? host : site.find_host("localhost");
}

result<instance_settings const*> choose_instance(site_config const& site,
                                                 host_settings const& host,
                                                 site_options const& o,
                                                 agent_identity const& who)
{
    if (!o.instance_id.empty()) {
        std::vector<std::string> known;
        for (auto const& instance : host.instances) {
            if (instance.instance_id == o.instance_id) {
                return &instance;
            }
            known.push_back(instance.instance_id);
        }
        std::vector<std::string_view> const candidates(known.begin(), known.end());
        auto const near = config::nearest(o.instance_id, candidates);
        return wrong("Could not find matching device description. " + site.file + ", host " + host.name +
                     " has no instance-id '" + o.instance_id + "'" +
                     (near.empty() ? " (it has: " + joined(known) + ")" : " (did you mean '" + near + "'?)"));
    }
    std::vector<instance_settings const*> matches;
    for (auto const& instance : host.instances) {
        if (instance.agent_class == who.agent_class) {
            matches.push_back(&instance);
        }
    }
    if (matches.size() > 1) {
        std::vector<std::string> ids;
        for (auto const* match : matches) {
            ids.push_back(match->instance_id);
        }
        return wrong("Multiple matches found for agent-class=" + who.agent_class + " on host " + host.name +
                     " of " + site.file + ": choose one with --instance-id (" + joined(ids) + ")");
    }
    if (matches.empty()) {
        return wrong("Could not find matching device description. " + site.file + ", host " + host.name +
                     " has no instance of class " + who.agent_class +
                     "; add one, or choose with --instance-id");
    }
    return matches.front();
}

/// Everything but host and instance: command line over host over hub.
result<program_settings> merge(site_config const& site, site_options const& o, host_settings const* host)
{
    program_settings s;
    s.hub = site.hub;
    if (host != nullptr) {
        s.host = host->name;
        override_with(s.hub.wamp_server, host->overrides.wamp_server);
        override_with(s.hub.wamp_http, host->overrides.wamp_http);
        override_with(s.hub.wamp_realm, host->overrides.wamp_realm);
        s.log_dir = host->log_dir;
        s.crossbar_timeout = host->crossbar_timeout.value_or(0);
    }
    override_with(s.hub.wamp_server, o.site_hub);
    override_with(s.hub.wamp_http, o.site_http);
    override_with(s.hub.wamp_realm, o.site_realm);
    override_with(s.hub.address_root, o.address_root);
    override_with(s.hub.access_policy, o.access_policy);
    override_with(s.log_dir, o.log_dir);
    s.crossbar_timeout = o.crossbar_timeout.value_or(s.crossbar_timeout);
    s.instance_id = o.instance_id;
    std::error_code ignored;  // without a current directory relative paths stay relative
    s.working_dir = o.working_dir.empty() ? std::filesystem::current_path(ignored).string() : o.working_dir;
    if (!s.log_dir.empty() && std::filesystem::path(s.log_dir).is_relative()) {
        s.log_dir = (std::filesystem::path(s.working_dir) / s.log_dir).string();
    }
    std::vector<std::string> missing;
    if (s.hub.wamp_server.empty()) {
        missing.emplace_back("--site-hub (the router's url)");
    }
    if (s.hub.wamp_realm.empty()) {
        missing.emplace_back("--site-realm");
    }
    if (s.hub.address_root.empty()) {
        missing.emplace_back("--address-root");
    }
    if (!missing.empty()) {
        return wrong("without a site file these options are needed: " + joined(missing));
    }
    return s;
}

result<program_settings> checked(program_settings s)
{
    if (s.instance_id.empty()) {
        return wrong("without a site file --instance-id is needed");
    }
    if (!valid_instance_id(s.instance_id)) {
        return wrong("'" + s.instance_id +
                     "' cannot be an instance-id: one word without dots, spaces and # is needed");
    }
    return s;
}

}  // namespace

host_settings const* site_config::find_host(std::string_view name) const
{
    auto const found =
        std::find_if(hosts.begin(), hosts.end(), [&](auto const& host) { return host.name == name; });
    return found == hosts.end() ? nullptr : &*found;
}

result<std::string> site_file_path(site_options const& o, std::string const& config_dir)
{
    if (!o.site_file.empty()) {
        if (!o.site.empty()) {
            return wrong("--site and --site-file exclude each other");
        }
        return o.site_file;
    }
    if (o.site == "none") {
        return std::string();
    }
    if (config_dir.empty()) {
        return wrong(
            "no site file: give --site-file FILE, or set OCS_CONFIG_DIR to the folder of " +
            (o.site.empty() ? std::string("default") : o.site) +
            ".yaml, or run without one (--site=none --site-hub URL --site-realm REALM --address-root ROOT)");
    }
    return (std::filesystem::path(config_dir) / ((o.site.empty() ? "default" : o.site) + ".yaml")).string();
}

result<program_settings> settings_for_agent(site_config const& site,
                                            site_options const& o,
                                            agent_identity const& who,
                                            std::string const& host_name)
{
    if (site.file.empty()) {
        auto s = merge(site, o, nullptr);
        return s ? checked(std::move(*s)) : s;
    }
    auto const* host = choose_host(site, o, host_name);
    if (host == nullptr) {
        return wrong(site.file + " has neither a host '" + (o.site_host.empty() ? host_name : o.site_host) +
                     "' nor 'localhost'; choose one of its hosts with --site-host");
    }
    auto const instance = choose_instance(site, *host, o, who);
    if (!instance) {
        return instance.error();
    }
    auto s = merge(site, o, host);
    if (!s) {
        return s;
    }
    s->instance_id = (*instance)->instance_id;
    s->arguments = (*instance)->arguments;
    return checked(std::move(*s));
}

result<program_settings> settings_for_client(site_config const& site,
                                             site_options const& o,
                                             std::string const& host_name)
{
    return merge(site, o, choose_host(site, o, host_name));
}

}  // namespace cerro::ocs
