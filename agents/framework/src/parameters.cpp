#include <cerro/agent/parameters.hpp>
#include <cerro/ocs/python_text.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cerro::agent {
namespace {

using ocs::python_repr;
using ocs::python_str;

std::string_view python_name(param_type t)
{
    switch (t) {
        case param_type::any: return "object";
        case param_type::integer: return "int";
        case param_type::real: return "float";
        case param_type::text: return "str";
        case param_type::boolean: return "bool";
        case param_type::list: return "list";
        case param_type::dict: return "dict";
    }
    return "object";
}

/// Name of a value's type, as Python calls it.
std::string_view python_type(value const& v)
{
    switch (v.type()) {
        case value::kind::null: return "NoneType";
        case value::kind::boolean: return "bool";
        case value::kind::integer:
        case value::kind::unsigned_integer: return "int";
        case value::kind::real: return "float";
        case value::kind::text: return "str";
        case value::kind::octets: return "bytes";
        case value::kind::array: return "list";
        case value::kind::object: return "dict";
    }
    return "object";
}

std::string describe_value(param const& p, value const& v)
{
    return "Param '" + p.key + "'=" + python_str(v);
}

problem refuse(std::string text)
{
    return fail(errc::invalid_argument, std::move(text));
}

/// A boolean as the integer that it is in Python.
std::optional<double> as_number(value const& v)
{
    if (auto const b = v.as_bool()) {
        return *b ? 1.0 : 0.0;
    }
    return v.as_double();
}

/// Python's ==: 1, 1.0 and True are equal.
bool python_equal(value const& a, value const& b)
{
    if (a.is_real() || b.is_real() || a.is_bool() || b.is_bool()) {
        auto const x = as_number(a);
        auto const y = as_number(b);
        return x && y ? *x == *y : a == b;
    }
    return a == b;
}

std::string_view stripped(std::string_view text)
{
    constexpr std::string_view space = " \t\r\n\v\f";
    auto const first = text.find_first_not_of(space);
    return first == std::string_view::npos ? ""
                                           : text.substr(first, text.find_last_not_of(space) - first + 1);
}

template <class T>
std::optional<T> parse_number(std::string_view text)
{
    text = stripped(text);
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    T number{};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const complete = error == std::errc() && end == text.data() + text.size();
    return complete ? std::optional(number) : std::nullopt;
}

std::optional<value> cast_to_integer(value const& v)
{
    constexpr double limit = 9.2e18;  // below 2^63
    if (v.is_integer()) {
        return v;
    }
    if (auto const* text = v.as_text()) {
        auto const n = parse_number<std::int64_t>(*text);
        return n ? std::optional<value>(*n) : std::nullopt;
    }
    auto const number = as_number(v);
    if (number && std::abs(*number) < limit) {
        return value(static_cast<std::int64_t>(*number));
    }
    return std::nullopt;
}

std::optional<value> cast_to_real(value const& v)
{
    auto const* text = v.as_text();
    auto const number = text != nullptr ? parse_number<double>(*text) : as_number(v);
    return number ? std::optional<value>(*number) : std::nullopt;
}

bool truth(value const& v)
{
    switch (v.type()) {
        case value::kind::null: return false;
        case value::kind::text: return !v.as_text()->empty();
        case value::kind::octets: return !v.as_binary()->octets.empty();
        case value::kind::array: return !v.as_list()->empty();
        case value::kind::object: return !v.as_dict()->empty();
        default: return as_number(v) != 0.0;
    }
}

std::optional<value> cast(param_type t, value const& v)
{
    switch (t) {
        case param_type::any: return v;
        case param_type::integer: return cast_to_integer(v);
        case param_type::real: return cast_to_real(v);
        case param_type::text: return value(python_str(v));
        case param_type::boolean: return value(truth(v));
        case param_type::list: return v.is_list() ? std::optional(v) : std::nullopt;
        case param_type::dict: return v.is_dict() ? std::optional(v) : std::nullopt;
    }
    return std::nullopt;
}

/// `v` if it has the type, brought to the form that authors expect: no bool for a number, no int for a float.
std::optional<value> conform(param_type t, value const& v)
{
    bool const integral = v.is_integer() || v.is_bool();
    switch (t) {
        case param_type::any: return v;
        case param_type::integer: return integral ? cast_to_integer(v) : std::nullopt;
        case param_type::real: return integral || v.is_real() ? cast_to_real(v) : std::nullopt;
        case param_type::text: return v.is_text() ? std::optional(v) : std::nullopt;
        case param_type::boolean: return v.is_bool() ? std::optional(v) : std::nullopt;
        case param_type::list: return v.is_list() ? std::optional(v) : std::nullopt;
        case param_type::dict: return v.is_dict() ? std::optional(v) : std::nullopt;
    }
    return std::nullopt;
}

result<value> check_one(param const& p, value const* given)
{
    value v = given != nullptr && !given->is_null() ? *given : p.default_value.value_or(value());
    if (v.is_null()) {
        if (!p.default_value) {
            return refuse("Param '" + p.key + "' is required and must not be None");
        }
        return v;
    }
    std::string const type = "<class '" + std::string(python_name(p.type)) + "'>";
    if (p.cast) {
        auto converted = cast(p.type, v);
        if (!converted) {
            return refuse(describe_value(p, v) + " could not be cast to " + type + '.');
        }
        v = std::move(*converted);
    }
    auto conforming = conform(p.type, v);
    if (!conforming) {
        return refuse(describe_value(p, v) + " is not of required type (" + type + ')');
    }
    v = std::move(*conforming);
    bool const chosen =
        p.choices.empty() ||
        std::any_of(p.choices.begin(), p.choices.end(), [&](value const& c) { return python_equal(c, v); });
    if (!chosen) {
        return refuse(describe_value(p, v) + " is not in allowed set (" +
                      python_repr(list(p.choices.begin(), p.choices.end())) + ')');
    }
    if (p.check && !p.check(v)) {
        return refuse("Param '" + p.key + "' failed validity check (see docs?).");
    }
    return v;
}

result<dict> check_all(std::vector<param> const& declared, dict const& given)
{
    dict checked;
    for (auto const& p : declared) {
        auto v = check_one(p, given.find(p.key));
        if (!v) {
            return v.error();
        }
        checked.append(p.key, std::move(*v));
    }
    list strays;
    for (auto const& member : given) {
        if (!checked.contains(member.first)) {
            strays.emplace_back(member.first);
        }
    }
    if (!strays.empty()) {
        return refuse("params included unexpected values: " + python_repr(strays));
    }
    return checked;
}

std::string describe_param(param const& p)
{
    std::string text = p.key + " (" + std::string(python_name(p.type)) + ")";
    if (!p.help.empty()) {
        text += ": " + p.help;
    }
    if (!p.unit.empty()) {
        text += " [" + p.unit + ']';
    }
    if (!p.range.empty()) {
        text += ", " + p.range;
    }
    if (!p.choices.empty()) {
        text += ", one of " + python_repr(list(p.choices.begin(), p.choices.end()));
    }
    if (p.default_value && !p.default_value->is_null()) {
        text += "; default " + python_repr(*p.default_value);
    } else if (p.default_value) {
        text += "; optional";
    }
    return text;
}

}  // namespace

param param::with_default(value v) &&
{
    default_value = std::move(v);
    return std::move(*this);
}

param param::one_of(std::vector<value> c) &&
{
    choices = std::move(c);
    return std::move(*this);
}

param param::where(std::function<bool(value const&)> f) &&
{
    check = std::move(f);
    return std::move(*this);
}

param param::between(double low, double high) &&
{
    check = [low, high](value const& v) {
        auto const number = as_number(v);
        return number && *number >= low && *number <= high;
    };
    range = ocs::python_float(low) + " to " + ocs::python_float(high);
    return std::move(*this);
}

param param::casting() &&
{
    cast = true;
    return std::move(*this);
}

param param::describe(std::string text, std::string unit_) &&
{
    help = std::move(text);
    unit = std::move(unit_);
    return std::move(*this);
}

parameters parameters::unchecked()
{
    parameters p;
    p.unchecked_ = true;
    return p;
}

parameters parameters::none()
{
    return {};
}

parameters::parameters(std::initializer_list<param> declared) : declared_(declared) {}

parameters::parameters(std::vector<param> declared) : declared_(std::move(declared)) {}

result<dict> parameters::check(value const& given) const
{
    auto const* members = given.as_dict();
    if (members == nullptr && !given.is_null() && !unchecked_) {
        return refuse("CRASH: during param pre-processing: '" + std::string(python_type(given)) +
                      "' object has no attribute 'get'");
    }
    dict const params = members != nullptr ? *members : dict();
    if (unchecked_) {
        return params;
    }
    try {
        return check_all(declared_, params);
    } catch (std::exception const& e) {
        return refuse(std::string("CRASH: during param pre-processing: ") + e.what());
    }
}

std::string parameters::describe() const
{
    std::string text;
    for (auto const& p : declared_) {
        text += (text.empty() ? "" : "\n") + describe_param(p);
    }
    return text;
}

}  // namespace cerro::agent
