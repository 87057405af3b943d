#pragma once

/// @file
/// Parameters of an operation, declared once: type, default, choices, range, help. The declaration checks
/// each start (texts as OCS has them), fills get_api, --help and the documents.

#include <cerro/base/result.hpp>
#include <cerro/codec/value.hpp>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace cerro::agent {

/// Thrown by an operation's body for parameters that only it can judge: the session ends with "ERROR:
/// <text>".
class param_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

enum class param_type : std::uint8_t { any, integer, real, text, boolean, list, dict };

struct param {
    param(std::string name, param_type t) : key(std::move(name)), type(t) {}

    std::string key;
    param_type type;
    std::optional<value> default_value;       ///< absent: required; null: optional
    std::vector<value> choices;               ///< empty: any
    std::function<bool(value const&)> check;  ///< false: "Param 'x' failed validity check (see docs?)."
    bool cast = false;                        ///< try to convert (Python's int(), float(), str()) first
    std::string unit;                         ///< "K", "s"; for people
    std::string help;
    std::string range;  ///< what between() allows, for people

    // Builders: param("delay", real).with_default(5.0).where([](auto& v) {...}).describe("time to wait", "s")
    param with_default(value v) &&;
    param one_of(std::vector<value> c) &&;
    param where(std::function<bool(value const&)> f) &&;
    param between(double low, double high) &&;  ///< inclusive; sets check and shows the range
    param casting() &&;
    param describe(std::string text, std::string unit_ = {}) &&;
};

/// What an operation takes.
class parameters {
public:
    /// Accepts and ignores anything (an operation without declaration).
    static parameters unchecked();
    /// Accepts none.
    static parameters none();
    parameters(std::initializer_list<param> declared);
    explicit parameters(std::vector<param> declared);

    /// The checked parameters with defaults filled in, or the OCS error text.
    /// @param given a dict, or null
    [[nodiscard]] result<dict> check(value const& given) const;
    [[nodiscard]] std::vector<param> const& declared() const { return declared_; }
    /// One line for each parameter: name, type, help, unit, range, choices, default. Empty if none is
    /// declared.
    [[nodiscard]] std::string describe() const;

private:
    parameters() = default;
    bool unchecked_ = false;
    std::vector<param> declared_;
};

}  // namespace cerro::agent
