#include <cerro/wamp/uri.hpp>

#include <algorithm>

namespace cerro::wamp {

namespace {

bool allowed(char ch, uri_rule rule) noexcept
{
    if (rule == uri_rule::strict) {
        return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '_';
    }
    // White space as Python's \s has it within ASCII: TAB to CR, FS to US, blank.
    bool const space = (ch >= '\t' && ch <= '\r') || (ch >= '\x1c' && ch <= ' ');
    return !space && ch != '#';
}

enum class empties : std::uint8_t { none, last, any };

bool valid(std::string_view uri, uri_rule rule, empties may_be_empty) noexcept
{
    bool component_empty = true;
    for (char const ch : uri) {
        if (ch == '.') {
            if (component_empty && may_be_empty != empties::any) {
                return false;
            }
            component_empty = true;
        } else if (allowed(ch, rule)) {
            component_empty = false;
        } else {
            return false;
        }
    }
    return !component_empty || may_be_empty != empties::none;
}

/// Takes the first component off `uri`.
std::string_view take_component(std::string_view& uri) noexcept
{
    auto const dot = std::min(uri.find('.'), uri.size());
    auto const component = uri.substr(0, dot);
    uri.remove_prefix(dot);
    return component;
}

bool matches_wildcard(std::string_view uri, std::string_view pattern) noexcept
{
    while (true) {
        auto const wanted = take_component(pattern);
        auto const given = take_component(uri);
        if (!wanted.empty() && wanted != given) {
            return false;
        }
        if (uri.empty() || pattern.empty()) {
            return uri.empty() && pattern.empty();
        }
        uri.remove_prefix(1);  // the dots
        pattern.remove_prefix(1);
    }
}

}  // namespace

std::string_view name(match_policy m) noexcept
{
    switch (m) {
        case match_policy::exact: return "exact";
        case match_policy::prefix: return "prefix";
        case match_policy::wildcard: return "wildcard";
    }
    return "?";
}

std::optional<match_policy> parse_match_policy(std::string_view text) noexcept
{
    for (auto const m : {match_policy::exact, match_policy::prefix, match_policy::wildcard}) {
        if (text == name(m)) {
            return m;
        }
    }
    return std::nullopt;
}

bool valid_uri(std::string_view uri, uri_rule rule) noexcept
{
    return valid(uri, rule, empties::none);
}

bool valid_pattern(std::string_view uri, match_policy m, uri_rule rule) noexcept
{
    switch (m) {
        case match_policy::exact: return valid(uri, rule, empties::none);
        case match_policy::prefix: return valid(uri, rule, empties::last);
        case match_policy::wildcard: return valid(uri, rule, empties::any);
    }
    return false;
}

bool matches(std::string_view uri, std::string_view pattern, match_policy m) noexcept
{
    switch (m) {
        case match_policy::exact: return uri == pattern;
        case match_policy::prefix: return uri.starts_with(pattern);
        case match_policy::wildcard: return matches_wildcard(uri, pattern);
    }
    return false;
}

}  // namespace cerro::wamp
