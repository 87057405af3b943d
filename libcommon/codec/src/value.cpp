#include <cerro/codec/value.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cerro {

namespace {

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;
constexpr std::size_t linear_search_limit = 32;

using entry_pointers = std::vector<dict::entry const*>;

entry_pointers sorted_by_key(dict const& d)
{
    entry_pointers pointers;
    pointers.reserve(d.size());
    for (auto const& e : d) {
        pointers.push_back(&e);
    }
    std::sort(
        pointers.begin(), pointers.end(), [](auto const* a, auto const* b) { return a->first < b->first; });
    return pointers;
}

}  // namespace

dict::dict() = default;
dict::dict(std::initializer_list<entry> entries)
{
    entries_.reserve(entries.size());
    for (auto const& [key, v] : entries) {
        set(key, v);
    }
}
dict::dict(dict const&) = default;
dict::dict(dict&&) noexcept = default;
dict& dict::operator=(dict const&) = default;
dict& dict::operator=(dict&&) noexcept = default;
dict::~dict() = default;

value const* dict::find(std::string_view key) const
{
    for (auto const& e : entries_) {
        if (e.first == key) {
            return &e.second;
        }
    }
    return nullptr;
}

value* dict::find(std::string_view key)
{
    for (auto& e : entries_) {
        if (e.first == key) {
            return &e.second;
        }
    }
    return nullptr;
}

value& dict::operator[](std::string_view key)
{
    if (auto* const found = find(key)) {
        return *found;
    }
    return entries_.emplace_back(std::string(key), value()).second;
}

void dict::set(std::string_view key, value v)
{
    (*this)[key] = std::move(v);
}

void dict::append(std::string key, value v)
{
    entries_.emplace_back(std::move(key), std::move(v));
}

bool dict::erase(std::string_view key)
{
    return std::erase_if(entries_, [&](entry const& e) { return e.first == key; }) != 0;
}

std::size_t dict::size() const
{
    return entries_.size();
}

dict::const_iterator dict::begin() const
{
    return entries_.begin();
}

dict::const_iterator dict::end() const
{
    return entries_.end();
}

bool operator==(dict const& a, dict const& b)
{
    if (a.size() != b.size()) {
        return false;
    }
    if (a.size() <= linear_search_limit) {
        return std::all_of(a.begin(), a.end(), [&](dict::entry const& e) {
            auto const* const other = b.find(e.first);
            return other != nullptr && *other == e.second;
        });
    }
    auto const pa = sorted_by_key(a);
    auto const pb = sorted_by_key(b);
    return std::equal(
        pa.begin(), pa.end(), pb.begin(), [](auto const* x, auto const* y) { return *x == *y; });
}

std::optional<bool> value::as_bool() const
{
    auto const* const b = std::get_if<bool>(&v_);
    return b != nullptr ? std::optional(*b) : std::nullopt;
}

std::optional<std::int64_t> value::as_int() const
{
    if (auto const* const i = std::get_if<std::int64_t>(&v_)) {
        return *i;
    }
    if (auto const* const d = std::get_if<double>(&v_)) {
        if (*d >= -two_to_63 && *d < two_to_63 && std::trunc(*d) == *d) {
            return static_cast<std::int64_t>(*d);
        }
    }
    return std::nullopt;  // an unsigned_integer is always above 2^63-1
}

std::optional<std::uint64_t> value::as_uint() const
{
    if (auto const* const u = std::get_if<std::uint64_t>(&v_)) {
        return *u;
    }
    if (auto const* const i = std::get_if<std::int64_t>(&v_); i != nullptr && *i >= 0) {
        return static_cast<std::uint64_t>(*i);
    }
    if (auto const* const d = std::get_if<double>(&v_)) {
        if (*d >= 0 && *d < two_to_64 && std::trunc(*d) == *d) {
            return static_cast<std::uint64_t>(*d);
        }
    }
    return std::nullopt;
}

std::optional<double> value::as_double() const
{
    if (auto const* const d = std::get_if<double>(&v_)) {
        return *d;
    }
    if (auto const* const i = std::get_if<std::int64_t>(&v_)) {
        return static_cast<double>(*i);
    }
    if (auto const* const u = std::get_if<std::uint64_t>(&v_)) {
        return static_cast<double>(*u);
    }
    return std::nullopt;
}

value const* value::find(std::string_view key) const
{
    auto const* const d = as_dict();
    return d != nullptr ? d->find(key) : nullptr;
}

value const* value::at(std::size_t index) const
{
    auto const* const l = as_list();
    return l != nullptr && index < l->size() ? &(*l)[index] : nullptr;
}

bool operator==(value const& a, value const& b)
{
    return a.v_ == b.v_;
}

void value::set_unsigned(std::uint64_t i) noexcept
{
    if (i <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        v_ = static_cast<std::int64_t>(i);
    } else {
        v_ = i;
    }
}

}  // namespace cerro
