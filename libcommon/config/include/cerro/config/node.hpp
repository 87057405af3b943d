#pragma once

/// @file
/// Configuration text (YAML, or JSON as crossbar writes it) as a tree that knows file, line and column of
/// everything, so that each error says where it is.

#include <cerro/base/result.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::config {

/// One place in a configuration: "config.json:12:5: workers[0].realms[0].permision".
class node {
public:
    enum class kind : std::uint8_t { null, scalar, sequence, map };

    node() = default;
    [[nodiscard]] kind type() const noexcept { return kind_; }
    [[nodiscard]] bool is_null() const noexcept { return kind_ == kind::null; }
    [[nodiscard]] bool is_map() const noexcept { return kind_ == kind::map; }
    [[nodiscard]] bool is_sequence() const noexcept { return kind_ == kind::sequence; }
    [[nodiscard]] bool is_scalar() const noexcept { return kind_ == kind::scalar; }
    [[nodiscard]] bool quoted() const noexcept { return quoted_; }

    /// "file:line:column: path" for messages
    [[nodiscard]] std::string where() const;
    /// A problem at this place: "config.json:12:5: hub.wamp_realm: " + text
    [[nodiscard]] problem wrong(std::string_view text) const;

    // Typed content; the problem names the place, the value found and what was expected. Bare words are typed
    // as Python's YAML loader does (yes and off are booleans, 0x10 and 1_000 whole numbers); quoted ones are
    // text.
    [[nodiscard]] result<std::string> as_string() const;
    [[nodiscard]] result<std::int64_t> as_int() const;
    [[nodiscard]] result<double> as_double() const;
    [[nodiscard]] result<bool> as_bool() const;
    /// The text of a scalar as written, whatever its type.
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

    /// Member of a map, or null pointer.
    [[nodiscard]] node const* find(std::string_view key) const;
    [[nodiscard]] std::vector<std::pair<std::string, node>> const& members() const noexcept
    {
        return members_;
    }
    [[nodiscard]] std::vector<node> const& items() const noexcept { return items_; }

    /// For each member whose key is not among `known`: a problem with a suggestion ("did you mean
    /// 'permissions'?").
    [[nodiscard]] std::vector<problem> unknown_keys(std::initializer_list<std::string_view> known) const;

private:
    friend class builder;
    kind kind_ = kind::null;
    bool quoted_ = false;
    std::string text_;
    std::vector<std::pair<std::string, node>> members_;
    std::vector<node> items_;
    std::shared_ptr<std::string const> file_;
    std::string path_;
    int line_ = 0;    // from 1
    int column_ = 0;  // from 1
};

/// @param name stands in messages in place of a file name
/// @return errc::malformed with line and column; errc::limit_exceeded above 4 MiB, 64 levels or 100,000
/// values (aliases expanded). In YAML a repeated key silently wins over the earlier one (as Python's loader
/// does); in JSON it is an error.
[[nodiscard]] result<node> parse_yaml(std::string_view text, std::string name);
[[nodiscard]] result<node> parse_json(std::string_view text, std::string name);
[[nodiscard]] result<node> load_yaml(std::string const& path);
[[nodiscard]] result<node> load_json(std::string const& path);

/// The candidate nearest to `word` by edit distance, if it is near enough to suggest; else "".
[[nodiscard]] std::string nearest(std::string_view word, std::vector<std::string_view> const& candidates);

}  // namespace cerro::config
