#include <cerro/ocs/field_names.hpp>
#include <cerro/ocs/protocol.hpp>
#include <cerro/registry/agent_table.hpp>

#include <algorithm>

namespace cerro::registry {

agent_entry const* agent_table::heard(std::string const& address,
                                      std::string const& agent_class,
                                      value const& codes,
                                      double now)
{
    auto found =
        std::find_if(agents_.begin(), agents_.end(), [&](auto const& a) { return a.address == address; });
    bool const is_new = found == agents_.end();
    if (is_new) {
        agents_.emplace_back();
        found = agents_.end() - 1;
        found->address = address;
    }
    auto const* members = codes.as_dict();
    dict const op_codes = members != nullptr ? *members : dict();
    bool const changed = is_new || !(found->op_codes == op_codes);
    found->agent_class = agent_class;
    found->op_codes = op_codes;
    found->last_updated = now;
    found->time_expired.reset();
    return changed ? &*found : nullptr;
}

void agent_table::expire(double now, double listening_since)
{
    for (auto& agent : agents_) {
        bool const silent = now - std::max(agent.last_updated, listening_since) > silence_limit_s;
        if (!silent || agent.time_expired) {
            continue;
        }
        agent.time_expired = now;
        for (auto& entry : agent.op_codes.entries()) {
            entry.second = static_cast<int>(ocs::op_code::expired);
        }
    }
}

bool agent_table::forget(std::string_view address)
{
    return std::erase_if(agents_, [&](auto const& a) { return a.address == address; }) > 0;
}

dict agent_table::describe() const
{
    dict all;
    for (auto const& agent : agents_) {
        dict d;
        d.append("expired", agent.time_expired.has_value());
        d.append("time_expired", agent.time_expired ? value(*agent.time_expired) : value());
        d.append("last_updated", agent.last_updated);
        d.append("op_codes", agent.op_codes);
        d.append("agent_class", agent.agent_class);
        d.append("agent_address", agent.address);
        all.append(agent.address, std::move(d));
    }
    return all;
}

std::vector<op_sample> op_samples(agent_entry const& agent)
{
    std::vector<op_sample> samples;
    for (auto const& [op, code] : agent.op_codes) {
        std::string name = agent.address + '_' + op;
        std::replace_if(
            name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
        samples.push_back({ocs::repair_field_name(name), code});
    }
    return samples;
}

}  // namespace cerro::registry
