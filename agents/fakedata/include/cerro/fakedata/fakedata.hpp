#pragma once

/// @file
/// An agent that makes data up: for tests, demonstrations, and as an example. Agent class FakeDataAgent of
/// OCS.

#include <cerro/agent/agent.hpp>

namespace cerro::fakedata {

[[nodiscard]] agent::agent_description describe();

}  // namespace cerro::fakedata
