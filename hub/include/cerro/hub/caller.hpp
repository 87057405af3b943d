#pragma once

/// @file
/// Who calls the hub.

#include <cerro/codec/value.hpp>

#include <cstdint>
#include <optional>

namespace cerro::hub {

struct caller {
    std::optional<std::uint64_t> session;
    bool lied = false;  ///< it claimed another session than the router says
};

/// The session in INVOCATION.Details.caller, which the router gives if it is configured to disclose callers;
/// else the one that the caller claims, as sisock's hub did.
[[nodiscard]] caller caller_of(dict const& details, value const& claimed);

}  // namespace cerro::hub
