#pragma once

/// @file
/// What data nodes answer, ours and those of 2019, and how it is written for HTTP. Without I/O.

#include <cerro/base/result.hpp>
#include <cerro/dans/source.hpp>

#include <map>
#include <string>
#include <vector>

namespace cerro::bridge {

struct node_field {
    std::string name;
    std::string timeline;
    std::string type;  ///< as the node says: "number", "string", "bool"
    std::optional<std::string> description;
    std::optional<std::string> units;
    std::optional<double> interval;
};

/// The fields of one node, in its order.
struct node_fields {
    std::vector<node_field> fields;
    bool reduces = false;  ///< get_data takes max_points
    [[nodiscard]] node_field const* find(std::string_view name) const;
};

/// @return errc::malformed when `reply` is no get_fields result
[[nodiscard]] result<node_fields> parse_fields(value const& reply);

/// Field name -> samples, from the result of get_data. Times and values of unequal lengths are cut to the
/// shorter; times that go back are sorted; NaN stands for null. A field without usable timeline is left out.
///
/// @param known says to which timeline a field belongs, where the answer does not
/// @return errc::limit_exceeded when the node said false (too much was asked), errc::malformed for anything
/// else
[[nodiscard]] result<std::map<std::string, dans::series>> parse_data(value reply, node_fields const& known);

struct answered {
    std::string target;
    dans::series samples;
    bool table = false;
};

/// The answer to POST /query: [{"target", "datapoints": [[v, ms], ...]}] or tables, in this order.
[[nodiscard]] std::string write_series(std::vector<answered> const& all);
/// The answer to GET /data: [{"time": ms, "value": v}], with "target" in each when there are several.
[[nodiscard]] std::string write_records(std::vector<answered> const& all);
/// Unix milliseconds, rounded.
[[nodiscard]] std::int64_t milliseconds(double seconds);

}  // namespace cerro::bridge
