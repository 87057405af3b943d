#pragma once

/// @file
/// What is known of all agents, from their heartbeats. No I/O; the clock is a parameter.

#include <cerro/codec/value.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::registry {

/// An agent that is silent for so long is expired [s].
inline constexpr double silence_limit_s = 5.0;

struct agent_entry {
    std::string address;
    std::string agent_class;
    dict op_codes;  ///< operation: op code
    double last_updated = 0.0;
    std::optional<double> time_expired;
};

/// One sample of the feed agent_operations.
struct op_sample {
    std::string name;  ///< block and field: "observatory_fake1_acq"
    value code;
};

class agent_table {
public:
    /// @param codes message of a heartbeat; anything but a dict counts as an empty one (very old agents send
    /// 0)
    /// @return the entry if its op codes differ from what was known, to be published; else null pointer.
    /// Valid until the next call.
    agent_entry const* heard(std::string const& address,
                             std::string const& agent_class,
                             value const& codes,
                             double now);

    /// Marks the agents that were silent too long: their op codes become 7 (expired).
    /// @param listening_since time since when we could hear at all; silence before it does not count
    void expire(double now, double listening_since);

    /// Removes an agent. @return false if there is none of this address
    bool forget(std::string_view address);

    [[nodiscard]] std::vector<agent_entry> const& agents() const noexcept { return agents_; }
    /// session.data of the registry's process: {address: {...}}
    [[nodiscard]] dict describe() const;

private:
    std::vector<agent_entry> agents_;  ///< in the order of their first heartbeat
};

/// What the feed agent_operations carries of an agent: one sample for each operation.
[[nodiscard]] std::vector<op_sample> op_samples(agent_entry const& agent);

}  // namespace cerro::registry
