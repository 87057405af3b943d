#pragma once

/// @file
/// A value as WAMP payloads carry them: null, bool, integers, double, text, bytes, list, dict (wamp
/// protocol, 4.3).

#include <cerro/base/bytes.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cerro {

class value;

/// An ordered list of values (JSON array).
using list = std::vector<value>;

/// Raw octets as a payload value, to be told from text. On JSON: "\0" + base64 (wamp protocol, 4.3).
struct binary {
    bytes octets;
    friend bool operator==(binary const&, binary const&) = default;
};

/// A string-keyed map that keeps the order of insertion (OCS clients show operations and feeds in that
/// order). Look-up is linear for small maps, which nearly all are.
class dict {
public:
    using entry = std::pair<std::string, value>;
    using const_iterator = std::vector<entry>::const_iterator;

    dict();
    dict(std::initializer_list<entry> entries);
    dict(dict const&);
    dict(dict&&) noexcept;
    dict& operator=(dict const&);
    dict& operator=(dict&&) noexcept;
    ~dict();

    /// The value of `key`, or null pointer. Valid until the dict changes.
    [[nodiscard]] value const* find(std::string_view key) const;
    [[nodiscard]] value* find(std::string_view key);
    [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }

    /// Reference to the value of `key`; makes a null one at the end if there was none.
    value& operator[](std::string_view key);
    /// Sets `key`, replacing an earlier value in its place.
    void set(std::string_view key, value v);
    /// Appends without looking for the same key: for codecs and builders that know their keys are distinct.
    void append(std::string key, value v);
    bool erase(std::string_view key);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] const_iterator begin() const;
    [[nodiscard]] const_iterator end() const;
    /// The entries, for changing values in place; keys must stay distinct.
    [[nodiscard]] std::vector<entry>& entries() { return entries_; }

    /// Equal content, in whatever order.
    friend bool operator==(dict const& a, dict const& b);

private:
    std::vector<entry> entries_;
};

/// One payload value. Integers above 2^63-1 are kept as uint64. Copies are deep.
class value {
public:
    enum class kind : std::uint8_t {
        null,
        boolean,
        integer,
        unsigned_integer,
        real,
        text,
        octets,
        array,
        object
    };

    value() noexcept = default;        // null
    value(std::nullptr_t) noexcept {}  // NOLINT(google-explicit-constructor): values are written in literals
    value(bool b) noexcept : v_(b) {}  // NOLINT
    value(int i) noexcept : v_(std::int64_t{i}) {}             // NOLINT
    value(unsigned i) noexcept : v_(std::int64_t{i}) {}        // NOLINT
    value(long i) noexcept : v_(std::int64_t{i}) {}            // NOLINT
    value(long long i) noexcept : v_(std::int64_t{i}) {}       // NOLINT
    value(unsigned long i) noexcept { set_unsigned(i); }       // NOLINT
    value(unsigned long long i) noexcept { set_unsigned(i); }  // NOLINT
    value(double d) noexcept : v_(d) {}                        // NOLINT
    value(char const* s) : v_(std::string(s)) {}               // NOLINT
    value(std::string_view s) : v_(std::string(s)) {}          // NOLINT
    value(std::string s) noexcept : v_(std::move(s)) {}        // NOLINT
    value(binary b) noexcept : v_(std::move(b)) {}             // NOLINT
    value(list l) noexcept : v_(std::move(l)) {}               // NOLINT
    value(dict d) noexcept : v_(std::move(d)) {}               // NOLINT
    template <class T>
    value(T*) = delete;  // a pointer would silently become true

    [[nodiscard]] kind type() const noexcept { return static_cast<kind>(v_.index()); }
    [[nodiscard]] bool is_null() const noexcept { return type() == kind::null; }
    [[nodiscard]] bool is_bool() const noexcept { return type() == kind::boolean; }
    /// any integer
    [[nodiscard]] bool is_integer() const noexcept
    {
        return type() == kind::integer || type() == kind::unsigned_integer;
    }
    [[nodiscard]] bool is_real() const noexcept { return type() == kind::real; }
    /// integer or real, not bool
    [[nodiscard]] bool is_number() const noexcept { return is_integer() || is_real(); }
    [[nodiscard]] bool is_text() const noexcept { return type() == kind::text; }
    [[nodiscard]] bool is_binary() const noexcept { return type() == kind::octets; }
    [[nodiscard]] bool is_list() const noexcept { return type() == kind::array; }
    [[nodiscard]] bool is_dict() const noexcept { return type() == kind::object; }

    // The content if it has that type (or can be given without loss), else nothing / null pointer.
    [[nodiscard]] std::optional<bool> as_bool() const;
    /// also a real with an integral value: JavaScript peers send those
    [[nodiscard]] std::optional<std::int64_t> as_int() const;
    [[nodiscard]] std::optional<std::uint64_t> as_uint() const;
    /// also integers
    [[nodiscard]] std::optional<double> as_double() const;
    [[nodiscard]] std::string const* as_text() const noexcept { return std::get_if<std::string>(&v_); }
    [[nodiscard]] binary const* as_binary() const noexcept { return std::get_if<binary>(&v_); }
    [[nodiscard]] list const* as_list() const noexcept { return std::get_if<list>(&v_); }
    [[nodiscard]] list* as_list() noexcept { return std::get_if<list>(&v_); }
    [[nodiscard]] dict const* as_dict() const noexcept { return std::get_if<dict>(&v_); }
    [[nodiscard]] dict* as_dict() noexcept { return std::get_if<dict>(&v_); }

    /// Member `key` of a dict, element `index` of a list; null pointer if this is none, or has none.
    [[nodiscard]] value const* find(std::string_view key) const;
    [[nodiscard]] value const* at(std::size_t index) const;

    /// Same type and content; 1 and 1.0 differ, the order of dict members does not matter.
    friend bool operator==(value const& a, value const& b);

private:
    void set_unsigned(std::uint64_t i) noexcept;

    std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, binary, list, dict>
        v_;
};

}  // namespace cerro
