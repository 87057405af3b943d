#pragma once

/// @file
/// Hash map keyed by text, looked up by string_view without building a string.

#include <boost/unordered/unordered_flat_map.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace cerro::router {

struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept
    {
        return std::hash<std::string_view>{}(text);
    }
};

template <class T>
using string_map = boost::unordered_flat_map<std::string, T, text_hash, std::equal_to<>>;

template <class Key, class T>
using flat_map = boost::unordered_flat_map<Key, T>;

}  // namespace cerro::router
