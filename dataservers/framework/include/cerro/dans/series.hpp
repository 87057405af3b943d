#pragma once

/// @file
/// Samples of one field: times and values of equal length, of one type.

#include <cerro/codec/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cerro::dans {

/// What a field's values are; on the wire "number", "string", "bool".
enum class sample_type : std::uint8_t { number, text, boolean };
[[nodiscard]] std::string_view name(sample_type t) noexcept;
/// The type of one value; null counts as a number (a missing one). Nothing for lists, dicts and octets.
[[nodiscard]] std::optional<sample_type> type_of(value const& v) noexcept;

/// Values of one type.
class column {
public:
    column() = default;  ///< of numbers
    explicit column(sample_type t);

    [[nodiscard]] sample_type type() const noexcept { return static_cast<sample_type>(v_.index()); }
    [[nodiscard]] std::size_t size() const noexcept;
    void reserve(std::size_t n);
    void clear();
    /// Appends `v`, which must be of this type; null in a column of numbers is NaN.
    /// @return false, and nothing appended, if it is of another type
    bool push(value const& v);
    void push_number(double d) { std::get<0>(v_).push_back(d); }
    /// Appends element `i` of a column of the same type.
    void push_from(column const& other, std::size_t i);
    void append(column const& other, std::size_t first, std::size_t last);
    void erase_front(std::size_t n);
    void insert(std::size_t at, value const& v);
    void set(std::size_t at, value const& v);
    /// Element `i` as a payload value.
    [[nodiscard]] value at(std::size_t i) const;
    /// All values, or null pointer if these are no numbers.
    [[nodiscard]] std::vector<double> const* numbers() const noexcept { return std::get_if<0>(&v_); }
    /// Memory held by the values, about [bytes].
    [[nodiscard]] std::size_t bytes_held() const noexcept;

private:
    std::variant<std::vector<double>, std::vector<std::string>, std::vector<std::uint8_t>> v_;
};

/// `t` [unix s], not decreasing; `v` as long as `t`.
struct series {
    std::vector<double> t;
    column v;
};

/// [start, end) in unix seconds.
struct time_range {
    double start = 0;
    double end = 0;
    [[nodiscard]] bool holds(double t) const noexcept { return t >= start && t < end; }
};

/// A time argument of sisock: above 0 it is a unix time, else it counts from now (-60 = one minute ago).
[[nodiscard]] inline double resolve_time(double t, double now) noexcept
{
    return t > 0 ? t : now + t;
}

/// First and one-past-last index of `t` (ascending) inside `range`.
[[nodiscard]] std::pair<std::size_t, std::size_t> find_range(std::vector<double> const& t, time_range range);
/// The samples of `s` inside `range`.
[[nodiscard]] series slice(series const& s, time_range range);

/// Does `text` fit `pattern`, where '*' stands for any text and '?' for any octet? For names of fields.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view text);

}  // namespace cerro::dans
