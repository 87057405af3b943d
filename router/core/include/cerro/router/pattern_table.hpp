#pragma once

/// @file
/// A table of things found by URI under the three match policies (wamp protocol, 6 and 7): exact by hash,
/// prefix by one hash look-up for each distinct prefix length, wildcard by a trie over components.

#include <cerro/router/string_map.hpp>
#include <cerro/wamp/uri.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// Holds at most one T for each (uri, match). T has members `std::string uri` and `wamp::match_policy match`.
/// Pointers stay valid until their entry is erased.
template <class T>
class pattern_table {
public:
    [[nodiscard]] T* find(std::string_view uri, wamp::match_policy match)
    {
        switch (match) {
            case wamp::match_policy::exact: return get(exact_, uri);
            case wamp::match_policy::prefix: return get(prefix_, uri);
            case wamp::match_policy::wildcard: return get(wildcard_, uri);
        }
        return nullptr;
    }

    /// Adds `entry`, for whose (uri, match) there is none yet.
    T& insert(std::unique_ptr<T> entry)
    {
        T& added = *entry;
        switch (added.match) {
            case wamp::match_policy::exact: exact_.emplace(added.uri, std::move(entry)); break;
            case wamp::match_policy::prefix:
                ++prefix_lengths_[added.uri.size()];
                prefix_.emplace(added.uri, std::move(entry));
                break;
            case wamp::match_policy::wildcard:
                place(added.uri, &added);
                wildcard_.emplace(added.uri, std::move(entry));
                break;
        }
        return added;
    }

    /// Removes and destroys an entry of this table.
    void erase(T& entry)
    {
        std::string const uri = entry.uri;  // the entry dies on the way
        switch (entry.match) {
            case wamp::match_policy::exact: exact_.erase(uri); break;
            case wamp::match_policy::prefix:
                if (auto const at = prefix_lengths_.find(uri.size()); --at->second == 0) {
                    prefix_lengths_.erase(at);
                }
                prefix_.erase(uri);
                break;
            case wamp::match_policy::wildcard:
                remove(root_, uri, 0);
                wildcard_.erase(uri);
                break;
        }
    }

    /// Appends all entries that match the concrete `uri`: exact, then prefixes from the longest, then
    /// wildcards.
    void match_all(std::string_view uri, std::vector<T*>& out)
    {
        if (T* const hit = get(exact_, uri)) {
            out.push_back(hit);
        }
        for (auto const& [length, count] : prefix_lengths_) {
            if (length <= uri.size()) {
                if (T* const hit = get(prefix_, uri.substr(0, length))) {
                    out.push_back(hit);
                }
            }
        }
        if (!wildcard_.empty()) {
            walk(root_, uri, 0, [&](T* hit) {
                out.push_back(hit);
                return false;
            });
        }
    }

    /// The entry that wins: exact, else the longest prefix, else the wildcard with the longest literal runs.
    [[nodiscard]] T* match_best(std::string_view uri)
    {
        if (T* const hit = get(exact_, uri)) {
            return hit;
        }
        for (auto const& [length, count] : prefix_lengths_) {
            if (length <= uri.size()) {
                if (T* const hit = get(prefix_, uri.substr(0, length))) {
                    return hit;
                }
            }
        }
        T* best = nullptr;
        if (!wildcard_.empty()) {
            // Literal branches are walked first, so the first hit has the longest leading runs.
            walk(root_, uri, 0, [&](T* hit) {
                best = hit;
                return true;
            });
        }
        return best;
    }

    [[nodiscard]] bool has_patterns() const { return !prefix_.empty() || !wildcard_.empty(); }
    [[nodiscard]] std::size_t size() const { return exact_.size() + prefix_.size() + wildcard_.size(); }

private:
    struct trie_node {
        string_map<std::unique_ptr<trie_node>> children;  // "" is the wildcard branch
        T* entry = nullptr;
    };
    using table = string_map<std::unique_ptr<T>>;

    static T* get(table& from, std::string_view uri)
    {
        auto const at = from.find(uri);
        return at == from.end() ? nullptr : at->second.get();
    }

    /// The component that begins at `from`; moves `from` behind its dot, or to npos after the last.
    static std::string_view next_component(std::string_view uri, std::size_t& from)
    {
        auto const dot = uri.find('.', from);
        auto const component = uri.substr(from, dot == std::string_view::npos ? dot : dot - from);
        from = dot == std::string_view::npos ? dot : dot + 1;
        return component;
    }

    void place(std::string_view uri, T* entry)
    {
        trie_node* at = &root_;
        for (std::size_t from = 0; from != std::string_view::npos;) {
            auto const component = next_component(uri, from);
            auto& child = at->children[std::string(component)];
            if (!child) {
                child = std::make_unique<trie_node>();
            }
            at = child.get();
        }
        at->entry = entry;
    }

    /// @return true when `at` has become empty
    static bool remove(trie_node& at, std::string_view uri, std::size_t from)
    {
        if (from == std::string_view::npos) {
            at.entry = nullptr;
        } else {
            auto const child = at.children.find(next_component(uri, from));
            if (remove(*child->second, uri, from)) {
                at.children.erase(child);
            }
        }
        return at.entry == nullptr && at.children.empty();
    }

    /// Calls `hit` for each entry that matches, literal branches first, until it returns true.
    template <class F>
    static bool walk(trie_node& at, std::string_view uri, std::size_t from, F const& hit)
    {
        if (from == std::string_view::npos) {
            return at.entry != nullptr && hit(at.entry);
        }
        auto const component = next_component(uri, from);
        if (!component.empty()) {
            auto const child = at.children.find(component);
            if (child != at.children.end() && walk(*child->second, uri, from, hit)) {
                return true;
            }
        }
        auto const any = at.children.find(std::string_view{});
        return any != at.children.end() && walk(*any->second, uri, from, hit);
    }

    table exact_;
    table prefix_;
    table wildcard_;
    std::map<std::size_t, std::size_t, std::greater<>>
        prefix_lengths_;  // distinct lengths, longest first, and how many
    trie_node root_;
};

}  // namespace cerro::router
