#include <cerro/ocs/field_names.hpp>

#include <algorithm>
#include <unordered_set>

namespace cerro::ocs {
namespace {

bool is_letter(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_legal(char c) noexcept
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

/// `name` + `suffix`, the name cut so that the whole keeps the limit.
std::string with_suffix(std::string const& name, std::string const& suffix)
{
    return name.substr(0, max_field_name - suffix.size()) + suffix;
}

}  // namespace

bool valid_field_name(std::string_view name) noexcept
{
    if (name.empty() || name.size() > max_field_name || !std::all_of(name.begin(), name.end(), is_legal)) {
        return false;
    }
    auto const first = name.find_first_not_of('_');
    return first == std::string_view::npos || is_letter(name[first]);
}

std::string repair_field_name(std::string_view name)
{
    if (name.empty()) {
        return "invalid_field";
    }
    std::string legal;
    for (char const c : name) {
        if (c == ' ') {
            legal += '_';
        } else if (is_legal(c)) {
            legal += c;
        }
    }
    auto const underscores = std::min(legal.find_first_not_of('_'), legal.size());
    auto const letter = std::find_if(legal.begin(), legal.end(), is_letter);
    std::string repaired = legal.substr(0, underscores) + std::string(letter, legal.end());
    if (repaired.size() > max_field_name) {
        repaired.resize(max_field_name);
    }
    return repaired;
}

std::vector<std::string> repair_field_names(std::vector<std::string> const& names)
{
    std::vector<std::string> repaired;
    repaired.reserve(names.size());
    std::unordered_set<std::string> used;
    for (auto const& name : names) {
        std::string wanted = valid_field_name(name) ? name : repair_field_name(name);
        if (wanted.empty()) {
            wanted = repair_field_name("invalid_field_" + name);
        }
        std::string chosen = wanted;
        for (unsigned n = 1; !used.insert(chosen).second; ++n) {
            chosen = with_suffix(wanted, (n < 10 ? "_0" : "_") + std::to_string(n));
        }
        repaired.push_back(std::move(chosen));
    }
    return repaired;
}

}  // namespace cerro::ocs
