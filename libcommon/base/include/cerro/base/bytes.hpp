#pragma once

/// @file
/// Names for raw octets, used by every layer.

#include <memory>
#include <string>
#include <string_view>

namespace cerro {

/// Owned octets. A std::string, because URIs, keys and JSON text are taken from messages without a copy.
using bytes = std::string;

/// Octets that somebody else owns; valid only as long as the owner says.
using byte_view = std::string_view;

/// Octets written once and shared by any number of receivers; never changed after they are shared.
using shared_bytes = std::shared_ptr<bytes const>;

}  // namespace cerro
