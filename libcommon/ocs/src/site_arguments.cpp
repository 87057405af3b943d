#include <cerro/ocs/site.hpp>

#include <algorithm>

namespace cerro::ocs {
namespace {

/// One option with the words that follow it, or (empty name) the words before any option.
struct entry {
    std::string name;
    std::vector<std::string> words;
};

std::vector<entry> split(std::vector<std::string> const& arguments)
{
    std::vector<entry> entries(1);
    for (auto const& word : arguments) {
        if (is_option_word(word)) {
            entries.push_back({word.substr(0, word.find('=')), {}});
        }
        entries.back().words.push_back(word);
    }
    return entries;
}

void put(std::vector<entry>& into, entry e)
{
    auto const same =
        std::find_if(into.begin(), into.end(), [&](auto const& known) { return known.name == e.name; });
    if (same == into.end()) {
        into.push_back(std::move(e));
    } else if (e.name.empty()) {
        same->words.insert(same->words.end(), e.words.begin(), e.words.end());
    } else {
        *same = std::move(e);
    }
}

}  // namespace

bool is_option_word(std::string_view word) noexcept
{
    auto const first = word.find_first_not_of('-');
    if (first == 0 || first == std::string_view::npos) {
        return false;
    }
    char const c = word[first];
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::vector<std::string> merge_arguments(std::vector<std::string> const& from_file,
                                         std::vector<std::string> const& from_command_line)
{
    std::vector<entry> merged;
    for (auto const* source : {&from_file, &from_command_line}) {
        for (auto& e : split(*source)) {
            put(merged, std::move(e));
        }
    }
    std::vector<std::string> words;
    for (auto const& e : merged) {
        words.insert(words.end(), e.words.begin(), e.words.end());
    }
    return words;
}

}  // namespace cerro::ocs
