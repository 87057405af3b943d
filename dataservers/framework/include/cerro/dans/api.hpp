#pragma once

/// @file
/// The two calls of a DataNodeServer, from decoded arguments to the reply, without a connection; and the
/// URIs.

#include <cerro/base/result.hpp>
#include <cerro/dans/source.hpp>

namespace cerro::dans {

/// Names on the wire. `base` is org.simonsobservatory unless a site says otherwise.
namespace uri {
inline constexpr std::string_view base = "org.simonsobservatory";
[[nodiscard]] std::string add(std::string_view base);
[[nodiscard]] std::string subtract(std::string_view base);
[[nodiscard]] std::string get_data_node(std::string_view base);
[[nodiscard]] std::string node_added(std::string_view base);
[[nodiscard]] std::string node_subtracted(std::string_view base);
/// Published by our hub when it has lost its list: data node servers then add themselves again.
[[nodiscard]] std::string hub_started(std::string_view base);
[[nodiscard]] std::string get_fields(std::string_view base, std::string_view node);
[[nodiscard]] std::string get_data(std::string_view base, std::string_view node);
}  // namespace uri

/// Parameters of a Python function: positional or by keyword; the first `required` have no default.
struct signature {
    std::string function;  ///< as Python names it in errors: "hub.add_data_node"
    std::vector<std::string> parameters;
    std::size_t required = 0;
};
/// The arguments in the order of the parameters, null where none was given.
/// @return errc::invalid_argument with the text that Python would give
[[nodiscard]] result<list> bind(signature const& s, list args, dict kwargs);

/// `{field: {description, timeline, type, units}}, {timeline: {interval, field, reduce}}`. The extra key
/// "reduce" says that get_data takes `max_points`.
[[nodiscard]] list fields_reply(catalogue const& c);

struct data_request {
    std::vector<std::string> fields;
    time_range range;
    double min_stride = 0;       ///< [s]; 0 = all
    std::size_t max_points = 0;  ///< our extension: at most so many for each field, by reduce(); 0 = all
};
/// From the arguments of get_data(field, start, end, min_stride=None, max_points=None).
[[nodiscard]] result<data_request> parse_data_request(list const& bound, double now);
/// Fields of `start` and `end` as numbers.
[[nodiscard]] result<time_range> parse_range(value const& start, value const& end, double now);

/// `{"data": {field: [...]}, "timeline": {name: {"t": [...], "finalized_until": ...}}}`; false when there are
/// more than `allowance` values. Fields of one timeline share its times: where one lacks a sample that
/// another has, it gets null. With max_points each field has a timeline entry of its own that names it in
/// "fields".
[[nodiscard]] value data_reply(source& s, data_request const& r, std::size_t allowance);

}  // namespace cerro::dans
