#pragma once

/// @file
/// Who may get an event: the six lists of PUBLISH.Options that choose receivers (wamp protocol, 7).

#include <cerro/codec/value.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace cerro::router {

struct member;

/// `exclude`, `eligible` and both with `_authid` and `_authrole`. Copies share their lists.
class receivers {
public:
    static constexpr std::size_t max_entries = 10'000;  ///< of one list

    /// Takes one option; a bare value counts as a list of one, null as none.
    /// @return false if `key` is none of the six
    bool take(std::string_view key, value const& v);

    /// Was there any list? If not, everybody may get it.
    [[nodiscard]] bool chosen() const { return lists_ != nullptr; }
    /// In each `eligible` list that there is, and in no `exclude` list.
    [[nodiscard]] bool admits(member const& m) const { return !lists_ || listed(m); }
    /// A list had more than max_entries.
    [[nodiscard]] bool too_long() const;
    /// What the lists take of memory, about [bytes].
    [[nodiscard]] std::size_t cost() const;

    /// The same lists?
    friend bool operator==(receivers const& a, receivers const& b);

private:
    struct lists;
    [[nodiscard]] bool listed(member const& m) const;

    std::shared_ptr<lists> lists_;
};

}  // namespace cerro::router
