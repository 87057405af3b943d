#pragma once

/// @file
/// Which fault the simulator has when.

#include "cerro/sim372/server.hpp"

#include <optional>
#include <vector>

namespace cerro::sim372 {

class fault_plan {
public:
    explicit fault_plan(std::vector<fault> planned) : faults_(std::move(planned)) {}

    void add(fault f) { faults_.push_back(f); }
    void clear() { faults_.clear(); }

    /// The fault at that time; of several the one added last.
    [[nodiscard]] std::optional<fault_kind> at(double now) const;

    /// True once for each restart whose time has come.
    bool take_restart(double now);

private:
    std::vector<fault> faults_;
};

}  // namespace cerro::sim372
