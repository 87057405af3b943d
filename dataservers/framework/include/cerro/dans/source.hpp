#pragma once

/// @file
/// What the author of a DataNodeServer writes: which fields there are, and their samples. Everything else
/// (ranges, strides, equal lengths, the wire's forms) is the framework's.

#include <cerro/dans/series.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cerro::dans {

struct field_info {
    std::string name;
    std::optional<std::string> description;
    std::string timeline;
    sample_type type = sample_type::number;
    std::optional<std::string> units;
};

struct timeline_info {
    std::string name;
    std::optional<double> interval;  ///< true distance of samples [s]; nothing = irregular or unknown
};

/// Fields in the order in which people should see them; each field's timeline is listed once.
struct catalogue {
    std::vector<field_info> fields;
    std::vector<timeline_info> timelines;
};

/// Called on the loop of the service; must not block for long.
class source {
public:
    virtual ~source() = default;
    /// Fields with at least one sample in `range`; more may be listed.
    [[nodiscard]] virtual catalogue fields(time_range range) = 0;
    /// The field of that name, whatever its samples; nothing if there is none.
    [[nodiscard]] virtual std::optional<field_info> find(std::string const& field) = 0;
    /// Samples of a field that find() knows, in `range`, times ascending.
    [[nodiscard]] virtual series read(std::string const& field, time_range range) = 0;
    /// The last sample in `range`, or none. Override it where that is cheaper than read().
    [[nodiscard]] virtual series latest(std::string const& field, time_range range);
    /// Data of that timeline before this time will not change; nothing = unknown.
    [[nodiscard]] virtual std::optional<double> finalized_until(std::string const& timeline) = 0;
};

}  // namespace cerro::dans
