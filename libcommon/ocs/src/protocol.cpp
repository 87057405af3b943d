#include <cerro/ocs/protocol.hpp>

namespace cerro::ocs {

std::string_view op_code_name(std::int64_t number) noexcept
{
    switch (number) {
        case 1: return "NONE";
        case 2: return "STARTING";
        case 3: return "RUNNING";
        case 4: return "STOPPING";
        case 5: return "SUCCEEDED";
        case 6: return "FAILED";
        case 7: return "EXPIRED";
        case 8: return "DEGRADED";
        default: return "???";
    }
}

std::string_view name(op_code c) noexcept
{
    return op_code_name(static_cast<int>(c));
}

std::string_view name(op_status s) noexcept
{
    switch (s) {
        case op_status::starting: return "starting";
        case op_status::running: return "running";
        case op_status::stopping: return "stopping";
        case op_status::done: return "done";
    }
    return "???";
}

std::string agent_address(std::string_view root, std::string_view instance_id)
{
    return std::string(root) + '.' + std::string(instance_id);
}

std::string ops_address(std::string_view agent)
{
    return std::string(agent) + ".ops";
}

std::string feed_address(std::string_view agent, std::string_view feed)
{
    return std::string(agent) + ".feeds." + std::string(feed);
}

std::string all_agents_feed(std::string_view root, std::string_view feed)
{
    return feed_address(std::string(root) + '.', feed);
}

std::string all_feeds(std::string_view root)
{
    return all_agents_feed(root, "");
}

std::string without_root(std::string_view root, std::string_view address)
{
    if (address.size() > root.size() && address.starts_with(root) && address[root.size()] == '.') {
        address.remove_prefix(root.size() + 1);
    }
    return std::string(address);
}

bool valid_instance_id(std::string_view id) noexcept
{
    constexpr std::string_view illegal = ".# \t\r\n\v\f";
    return !id.empty() && id.find_first_of(illegal) == std::string_view::npos;
}

std::string privilege_name(int level)
{
    switch (level) {
        case privilege::blocked: return "0-BLOCKED";
        case privilege::basic: return "1-BASIC";
        case privilege::advanced: return "2-ADVANCED";
        case privilege::full: return "3-FULL";
        case privilege::superuser: return "4-SUPERUSER";
        default: return std::to_string(level);
    }
}

}  // namespace cerro::ocs
