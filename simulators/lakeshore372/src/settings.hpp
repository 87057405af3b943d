#pragma once

/// @file
/// The instrument's settings that are only kept and given back: a table of commands, each with its fields and
/// their ranges.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::sim372 {

class settings {
public:
    settings();

    enum class outcome { done, no_such_command, bad_arguments };

    /// Sets e.g. INSET with arguments {"1", "1", "10", "3", "21", "1"}: index first, if the command has one.
    /// @param index set to the input or output that was changed
    outcome set(std::string_view verb, std::vector<std::string> const& arguments, int& index);

    /// Answers e.g. INSET with {"1"}; without argument for index `fallback`.
    outcome get(std::string_view verb, std::vector<std::string> const& arguments, std::string& reply) const;

    /// One field as a number. The command, index and field must exist.
    [[nodiscard]] double number(std::string_view verb, int index, std::size_t field) const;
    void put(std::string_view verb, int index, std::size_t field, double v);

    /// The fields as shown, or "" if there is no such setting.
    [[nodiscard]] std::string shown(std::string_view verb, int index) const;

private:
    struct entry {
        std::string_view verb;
        int index;
        std::vector<double> values;
    };

    entry const* find(std::string_view verb, int index) const;
    entry* find(std::string_view verb, int index);

    std::vector<entry> entries_;
};

/// "A" and 0 are input 0. @return nothing if `text` is no number from `low` to `high`
[[nodiscard]] std::optional<int> parse_index(std::string_view text, int low, int high);
/// The whole of `text` as a number, a leading '+' allowed.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);

}  // namespace cerro::sim372
