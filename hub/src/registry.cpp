#include <cerro/hub/registry.hpp>

#include <algorithm>

namespace cerro::hub {

bool registry::add(data_node n)
{
    bool const taken =
        std::any_of(nodes_.begin(), nodes_.end(), [&](auto const& other) { return other.name == n.name; });
    if (taken || nodes_.size() >= max_nodes) {
        return false;
    }
    nodes_.push_back(std::move(n));
    return true;
}

template <class Condition>
std::vector<data_node> registry::remove(Condition c)
{
    auto const kept =
        std::stable_partition(nodes_.begin(), nodes_.end(), [&](auto const& n) { return !c(n); });
    std::vector<data_node> removed(kept, nodes_.end());
    nodes_.erase(kept, nodes_.end());
    return removed;
}

std::vector<data_node> registry::subtract(std::string_view name, std::uint64_t session)
{
    return remove([&](auto const& n) { return n.name == name && n.session == session; });
}

std::vector<data_node> registry::leave(std::uint64_t session)
{
    return remove([&](auto const& n) { return n.session == session; });
}

std::vector<data_node> registry::keep_only(std::vector<std::uint64_t> const& alive)
{
    return remove(
        [&](auto const& n) { return std::find(alive.begin(), alive.end(), n.session) == alive.end(); });
}

}  // namespace cerro::hub
