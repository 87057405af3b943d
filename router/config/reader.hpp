#pragma once

/// @file
/// Reads typed members of configuration maps and collects every problem, so that one run shows them all.

#include <cerro/config/node.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// A size with an optional unit: 4096, "16MiB", "64 kB". Units: B, kB, KiB, MB, MiB, GB, GiB.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
/// A duration with its unit: "250ms", "10s", "5min", "1h".
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

class reader {
public:
    void wrong(config::node const& at, std::string_view text) { problems_.push_back(at.wrong(text).what); }
    [[nodiscard]] std::vector<std::string> const& problems() const { return problems_; }
    /// Something that is no error, but must be known.
    void note(config::node const& at, std::string_view text) { notes_.push_back(at.wrong(text).what); }
    /// What was read and has no effect, and other notes.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

    /// A key that crossbar knows and this router does nothing with.
    struct idle_key {
        std::string_view key;
        std::string_view otherwise;  ///< its default, which needs no note; empty: each value does
    };
    void no_effect(config::node const& of, std::initializer_list<idle_key> keys);

    /// Is `n` a map with no other keys than `known`?
    bool map(config::node const& n, std::initializer_list<std::string_view> known);
    /// A map, keys free.
    bool map(config::node const& n);

    // A member, or `otherwise` when it is absent; a wrong one is a problem. `required_*` also when absent.
    std::string text(config::node const& of, std::string_view key, std::string otherwise = {});
    std::string required_text(config::node const& of, std::string_view key);
    bool boolean(config::node const& of, std::string_view key, bool otherwise);
    std::int64_t integer(config::node const& of,
                         std::string_view key,
                         std::int64_t otherwise,
                         std::int64_t least,
                         std::int64_t most);
    std::vector<std::string> texts(config::node const& of, std::string_view key);
    /// The elements of a list; empty when absent.
    std::vector<config::node> const& items(config::node const& of, std::string_view key);
    std::size_t size(config::node const& of, std::string_view key, std::size_t otherwise);
    std::chrono::milliseconds duration(config::node const& of,
                                       std::string_view key,
                                       std::chrono::milliseconds otherwise);
    /// Text that may be "$NAME": then the value of that environment variable.
    std::string secret(config::node const& of, std::string_view key);
    /// Expands "$NAME"; a variable that is not set is a problem.
    std::string expand(config::node const& at, std::string const& text);

private:
    std::vector<std::string> problems_;
    std::vector<std::string> notes_;
};

}  // namespace cerro::router
