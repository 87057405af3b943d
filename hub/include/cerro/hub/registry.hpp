#pragma once

/// @file
/// Who serves what: the hub's list of data nodes, without a connection.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::hub {

struct data_node {
    std::string name;
    std::string description;
    std::uint64_t session = 0;  ///< as the caller says
    friend bool operator==(data_node const&, data_node const&) = default;
};

class registry {
public:
    static constexpr std::size_t max_nodes = 10'000;

    /// @return false when the name is taken (by whichever session) or the list is full
    bool add(data_node n);
    /// Removes the node only if name and session both fit. @return what was removed, or nothing
    std::vector<data_node> subtract(std::string_view name, std::uint64_t session);
    /// Removes all nodes of that session.
    std::vector<data_node> leave(std::uint64_t session);
    /// Removes the nodes of all sessions that are not among `alive`.
    std::vector<data_node> keep_only(std::vector<std::uint64_t> const& alive);
    /// In the order of addition.
    [[nodiscard]] std::vector<data_node> const& nodes() const noexcept { return nodes_; }

private:
    template <class Condition>
    std::vector<data_node> remove(Condition c);

    std::vector<data_node> nodes_;
};

}  // namespace cerro::hub
