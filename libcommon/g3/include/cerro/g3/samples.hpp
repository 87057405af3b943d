#pragma once

/// @file
/// Samples of fields: the four types an archive knows, columns of them, and how values of mixed types find a
/// common one.

#include <cerro/base/result.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace cerro::g3 {

inline constexpr double ticks_per_second = 1e8;

/// Unix seconds as files have them: truncated to 10 ns. Nothing for what is not finite or does not fit.
[[nodiscard]] std::optional<std::int64_t> to_ticks(double unix_seconds) noexcept;
[[nodiscard]] double to_seconds(std::int64_t ticks) noexcept;

/// In this order each of the first three can hold what those before it hold.
enum class sample_type : std::uint8_t { boolean, integer, real, text };
/// "bool", "int", "float", "str": as OCS names them
[[nodiscard]] std::string_view name(sample_type t) noexcept;

/// All values of one field in one block; the alternatives stand in the order of sample_type.
using column =
    std::variant<std::vector<bool>, std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;
[[nodiscard]] sample_type type_of(column const& c) noexcept;
[[nodiscard]] std::size_t size(column const& c) noexcept;
[[nodiscard]] column make_column(sample_type t);

/// One value as it came; std::monostate is null.
using cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// The type that holds `cells` and what a column of type `so_far` (if any) has already.
///
/// bool widens to int, int to float (above 2^53 that rounds). Null is NaN, so it needs a float column; null
/// alone makes one. Text stands with text only.
/// @return errc::unsupported: text among numbers; errc::invalid_argument: a null with no place; the text says
/// which
[[nodiscard]] result<sample_type> common_type(std::span<cell const> cells, std::optional<sample_type> so_far);

/// Changes a column to a wider type (common_type tells which are).
void widen(column& c, sample_type t);
/// Appends cells to a column whose type came from common_type.
void append(column& c, std::span<cell const> cells);

}  // namespace cerro::g3
