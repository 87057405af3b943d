#pragma once

/// @file
/// Names of fields in record feeds: the rule, and the repair that archive writers apply to names that break
/// it.

#include <string>
#include <string_view>
#include <vector>

namespace cerro::ocs {

inline constexpr std::size_t max_field_name = 255;

/// Letters, digits and underscores, 1..255 characters, the first character that is no underscore a letter.
/// Names of underscores only pass, as they do in OCS.
[[nodiscard]] bool valid_field_name(std::string_view name) noexcept;

/// The nearest valid name: spaces become underscores, other illegal characters go, and so do non-letters
/// before the first letter (leading underscores stay). "" becomes "invalid_field". The result may be empty
/// ("123").
[[nodiscard]] std::string repair_field_name(std::string_view name);

/// Repairs the names of one block, in order. None is empty ("123" becomes "invalid_field_123"), and names
/// that collide get _01, _02, ...
[[nodiscard]] std::vector<std::string> repair_field_names(std::vector<std::string> const& names);

}  // namespace cerro::ocs
