#pragma once

/// @file
/// The registry: which agents there are, and what their operations do. Agent class RegistryAgent of OCS.

#include <cerro/agent/agent.hpp>

namespace cerro::registry {

[[nodiscard]] agent::agent_description describe();

}  // namespace cerro::registry
