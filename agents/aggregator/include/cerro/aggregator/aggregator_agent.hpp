#pragma once

/// @file
/// The OCS agent AggregatorAgent: process `record`, subscribed to all feeds of its address root.

#include <cerro/agent/agent.hpp>

namespace cerro::aggregator {

/// For agent::run_agent.
[[nodiscard]] agent::agent_description describe();

}  // namespace cerro::aggregator
