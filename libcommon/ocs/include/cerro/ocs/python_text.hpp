#pragma once

/// @file
/// Values as Python prints them. Texts of OCS replies contain such, and `ocs-client-cli listen` prints them.

#include <cerro/codec/value.hpp>

#include <string>

namespace cerro::ocs {

/// repr(v): None, True, 1.0, 'text', [1, 2], {'a': 1}
[[nodiscard]] std::string python_repr(value const& v);
/// str(v): the same, except that a text prints as it is
[[nodiscard]] std::string python_str(value const& v);
/// repr() of a float: shortest digits that read back, exponent form below 1e-4 and from 1e16
[[nodiscard]] std::string python_float(double d);

}  // namespace cerro::ocs
