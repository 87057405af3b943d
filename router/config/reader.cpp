#include "reader.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace cerro::router {

namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

/// Splits "16 MiB" into number and unit, and multiplies. Units are looked up in `units`.
template <std::size_t N>
std::optional<std::uint64_t> with_unit(std::string_view text, std::array<unit, N> const& units)
{
    std::uint64_t number = 0;
    auto const [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{}) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    for (auto const& u : units) {
        if (text == u.name) {
            if (number > (std::uint64_t{1} << 53U) / u.factor) {
                return std::nullopt;
            }
            return number * u.factor;
        }
    }
    return std::nullopt;
}

std::vector<config::node> const no_items;

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text)
{
    static constexpr std::array<unit, 8> units{{{"", 1},
                                                {"B", 1},
                                                {"kB", 1000},
                                                {"KiB", 1U << 10U},
                                                {"MB", 1'000'000},
                                                {"MiB", 1U << 20U},
                                                {"GB", 1'000'000'000},
                                                {"GiB", 1U << 30U}}};
    return with_unit(text, units);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
{
    static constexpr std::array<unit, 4> units{{{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}}};
    auto const ms = with_unit(text, units);
    return ms ? std::optional(std::chrono::milliseconds(*ms)) : std::nullopt;
}

bool reader::map(config::node const& n)
{
    if (!n.is_map()) {
        wrong(n, "expected an object");
        return false;
    }
    return true;
}

bool reader::map(config::node const& n, std::initializer_list<std::string_view> known)
{
    if (!map(n)) {
        return false;
    }
    for (auto const& p : n.unknown_keys(known)) {
        problems_.push_back(p.what);
    }
    return true;
}

void reader::no_effect(config::node const& of, std::initializer_list<idle_key> keys)
{
    for (auto const& [key, otherwise] : keys) {
        auto const* n = of.find(key);
        if (n != nullptr && (otherwise.empty() || !n->is_scalar() || n->text() != otherwise)) {
            notes_.push_back(n->wrong("this key has no effect in this router").what);
        }
    }
}

std::string reader::text(config::node const& of, std::string_view key, std::string otherwise)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return otherwise;
    }
    auto r = n->as_string();
    if (!r) {
        problems_.push_back(r.error().what);
        return otherwise;
    }
    return std::move(*r);
}

std::string reader::required_text(config::node const& of, std::string_view key)
{
    if (of.find(key) == nullptr) {
        wrong(of, "the key '" + std::string(key) + "' is missing");
        return {};
    }
    return text(of, key);
}

bool reader::boolean(config::node const& of, std::string_view key, bool otherwise)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return otherwise;
    }
    auto const r = n->as_bool();
    if (!r) {
        problems_.push_back(r.error().what);
        return otherwise;
    }
    return *r;
}

std::int64_t reader::integer(config::node const& of,
                             std::string_view key,
                             std::int64_t otherwise,
                             std::int64_t least,
                             std::int64_t most)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return otherwise;
    }
    auto const r = n->as_int();
    if (!r) {
        problems_.push_back(r.error().what);
        return otherwise;
    }
    if (*r < least || *r > most) {
        wrong(*n,
              std::to_string(*r) + " is out of range, " + std::to_string(least) + " .. " +
                  std::to_string(most) + " is allowed");
        return otherwise;
    }
    return *r;
}

std::vector<config::node> const& reader::items(config::node const& of, std::string_view key)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return no_items;
    }
    if (!n->is_sequence()) {
        wrong(*n, "expected a list");
        return no_items;
    }
    return n->items();
}

std::vector<std::string> reader::texts(config::node const& of, std::string_view key)
{
    std::vector<std::string> out;
    for (auto const& item : items(of, key)) {
        if (auto r = item.as_string()) {
            out.push_back(std::move(*r));
        } else {
            problems_.push_back(r.error().what);
        }
    }
    return out;
}

std::size_t reader::size(config::node const& of, std::string_view key, std::size_t otherwise)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return otherwise;
    }
    auto const parsed = n->is_scalar() ? parse_size(n->text()) : std::nullopt;
    if (!parsed || *parsed == 0) {
        wrong(*n, "'" + n->text() + "' is not a size; write for instance \"16MiB\"");
        return otherwise;
    }
    return *parsed;
}

std::chrono::milliseconds reader::duration(config::node const& of,
                                           std::string_view key,
                                           std::chrono::milliseconds otherwise)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        return otherwise;
    }
    auto const parsed = n->is_scalar() ? parse_duration(n->text()) : std::nullopt;
    if (!parsed || parsed->count() == 0) {
        wrong(*n, "'" + n->text() + "' is not a duration; write for instance \"10s\" or \"250ms\"");
        return otherwise;
    }
    return *parsed;
}

std::string reader::expand(config::node const& at, std::string const& text)
{
    if (!text.starts_with('$')) {
        return text;
    }
    char const* const found = std::getenv(text.c_str() + 1);
    if (found == nullptr) {
        wrong(at, "the environment variable '" + text.substr(1) + "' is not set");
        return {};
    }
    return found;
}

std::string reader::secret(config::node const& of, std::string_view key)
{
    auto const* n = of.find(key);
    if (n == nullptr) {
        wrong(of, "the key '" + std::string(key) + "' is missing");
        return {};
    }
    auto const r = n->as_string();
    if (!r) {
        wrong(*n, "expected text");  // not the value: it is a secret
        return {};
    }
    return expand(*n, *r);
}

}  // namespace cerro::router
