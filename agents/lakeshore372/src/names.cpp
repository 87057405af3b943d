#include "bridge_agent.hpp"
#include <cerro/ocs/field_names.hpp>

#include <algorithm>
#include <cstdio>

namespace cerro::lakeshore372 {

namespace {

/// Blocks with other fields than a channel's.
constexpr std::array<std::string_view, 5> reserved{
    "control_chan", "heaters", "sample_heater_out", "still_heater_out", "still_heater_still_out"};

}  // namespace

std::string field_prefix(std::string const& block_name)
{
    auto name = ocs::repair_field_name(block_name);
    name.resize(std::min(name.size(), ocs::max_field_name - 2));  // "_T" and "_R" follow
    return name;
}

std::array<std::string, channel_count + 1> block_names(
    std::array<std::string, channel_count + 1> const& given)
{
    auto names = given;
    for (std::size_t i = 1; i < given.size(); ++i) {
        char number[16];
        std::snprintf(number, sizeof number, "%02zu", i);
        auto const mine = field_prefix(given[i]);
        auto const alike = std::count_if(given.begin() + 1, given.end(), [&mine](std::string const& other) {
            return field_prefix(other) == mine;
        });
        if (given[i].empty() || mine.find_first_not_of('_') == std::string::npos) {
            names[i] = std::string("Channel ") + number;
        } else if (alike > 1 || std::find(reserved.begin(), reserved.end(), given[i]) != reserved.end()) {
            names[i] = given[i] + " " + number;
        }
        // Still taken, if a channel bears the name of another one's number.
        auto const taken = [&] {
            return std::any_of(names.begin() + 1,
                               names.begin() + static_cast<std::ptrdiff_t>(i),
                               [&](auto const& n) { return field_prefix(n) == field_prefix(names[i]); });
        };
        while (taken()) {
            names[i] += std::string(" ") + number;
        }
    }
    return names;
}

}  // namespace cerro::lakeshore372
