#include "call_arguments.hpp"

#include <cerro/ocs/python_text.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace cerro::agent {
namespace {

constexpr std::string_view ops_function = "OCSAgent._ops_handler()";
constexpr std::string_view management_function = "OCSAgent._management_handler()";

problem bad_call(std::string_view function, std::string const& text)
{
    return fail(errc::invalid_argument, std::string(function) + ' ' + text);
}

problem missing(std::string_view function, std::vector<std::string> const& names)
{
    std::string text = "missing " + std::to_string(names.size()) + " required positional argument" +
                       (names.size() == 1 ? ": " : "s: ");
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += (i == 0 ? "'" : " and '") + names[i] + '\'';
    }
    return bad_call(function, text);
}

result<std::optional<double>> read_timeout(value const* v)
{
    if (v == nullptr || v->is_null()) {
        return std::optional<double>();
    }
    auto const seconds = v->is_number() ? v->as_double() : std::nullopt;
    if (!seconds || std::isnan(*seconds)) {
        return bad_call(ops_function,
                        "timeout must be a number of seconds or null, not " + ocs::python_repr(*v));
    }
    return seconds;
}

}  // namespace

result<operation_request> read_operation_request(client::arguments const& call)
{
    constexpr std::array<std::string_view, 5> names{"action", "op_name", "params", "timeout", "password"};
    constexpr std::size_t required = 2;
    std::array<value const*, names.size()> bound{};
    // Python counts `self`.
    if (call.args.size() > names.size()) {
        return bad_call(ops_function,
                        "takes from " + std::to_string(required + 1) + " to " +
                            std::to_string(names.size() + 1) + " positional arguments but " +
                            std::to_string(call.args.size() + 1) + " were given");
    }
    for (std::size_t i = 0; i < call.args.size(); ++i) {
        bound[i] = &call.args[i];
    }
    for (auto const& [key, v] : call.kwargs) {
        auto const* const name = std::find(names.begin(), names.end(), key);
        if (name == names.end()) {
            return bad_call(ops_function, "got an unexpected keyword argument '" + key + '\'');
        }
        auto& slot = bound[static_cast<std::size_t>(name - names.begin())];
        if (slot != nullptr) {
            return bad_call(ops_function, "got multiple values for argument '" + key + '\'');
        }
        slot = &v;
    }
    std::vector<std::string> lacking;
    for (std::size_t i = 0; i < required; ++i) {
        if (bound[i] == nullptr) {
            lacking.emplace_back(names[i]);
        }
    }
    if (!lacking.empty()) {
        return missing(ops_function, lacking);
    }
    auto const timeout = read_timeout(bound[3]);
    if (!timeout) {
        return timeout.error();
    }
    operation_request request;
    request.action = ocs::python_str(*bound[0]);
    request.op = ocs::python_str(*bound[1]);
    request.params = bound[2] != nullptr ? *bound[2] : value();
    request.timeout = *timeout;
    if (bound[4] != nullptr && bound[4]->is_text()) {
        request.password = *bound[4]->as_text();
    }
    return request;
}

result<std::string> read_management_query(client::arguments const& call)
{
    auto const* keyword = call.kwargs.find("q");
    if (call.args.size() > 1) {
        return bad_call(
            management_function,
            "takes 2 positional arguments but " + std::to_string(call.args.size() + 1) + " were given");
    }
    if (call.args.empty() && keyword == nullptr) {
        return missing(management_function, {"q"});
    }
    if (!call.args.empty() && keyword != nullptr) {
        return bad_call(management_function, "got multiple values for argument 'q'");
    }
    return ocs::python_str(keyword != nullptr ? *keyword : call.args.front());
}

}  // namespace cerro::agent
