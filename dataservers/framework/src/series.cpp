#include <cerro/dans/series.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace cerro::dans {

std::string_view name(sample_type t) noexcept
{
    switch (t) {
        case sample_type::text: return "string";
        case sample_type::boolean: return "bool";
        case sample_type::number: break;
    }
    return "number";
}

std::optional<sample_type> type_of(value const& v) noexcept
{
    if (v.is_number() || v.is_null()) {
        return sample_type::number;
    }
    if (v.is_text()) {
        return sample_type::text;
    }
    if (v.is_bool()) {
        return sample_type::boolean;
    }
    return std::nullopt;
}

namespace {

double to_number(value const& v)
{
    return v.is_null() ? std::numeric_limits<double>::quiet_NaN() : *v.as_double();
}

}  // namespace

column::column(sample_type t)
{
    if (t == sample_type::text) {
        v_.emplace<1>();
    } else if (t == sample_type::boolean) {
        v_.emplace<2>();
    }
}

std::size_t column::size() const noexcept
{
    return std::visit([](auto const& v) { return v.size(); }, v_);
}

void column::reserve(std::size_t n)
{
    std::visit([n](auto& v) { v.reserve(n); }, v_);
}

void column::clear()
{
    std::visit([](auto& v) { v.clear(); }, v_);
}

bool column::push(value const& v)
{
    if (type_of(v) != type()) {
        return false;
    }
    insert(size(), v);
    return true;
}

void column::push_from(column const& other, std::size_t i)
{
    append(other, i, i + 1);
}

void column::append(column const& other, std::size_t first, std::size_t last)
{
    std::visit(
        [&](auto& mine) {
            auto const& from = std::get<std::decay_t<decltype(mine)>>(other.v_);
            mine.insert(mine.end(),
                        from.begin() + static_cast<std::ptrdiff_t>(first),
                        from.begin() + static_cast<std::ptrdiff_t>(last));
        },
        v_);
}

void column::erase_front(std::size_t n)
{
    std::visit([n](auto& v) { v.erase(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(n)); }, v_);
}

void column::insert(std::size_t at, value const& v)
{
    auto const offset = static_cast<std::ptrdiff_t>(at);
    if (auto* numbers = std::get_if<0>(&v_)) {
        numbers->insert(numbers->begin() + offset, to_number(v));
    } else if (auto* texts = std::get_if<1>(&v_)) {
        texts->insert(texts->begin() + offset, *v.as_text());
    } else {
        auto& flags = std::get<2>(v_);
        flags.insert(flags.begin() + offset, *v.as_bool() ? std::uint8_t{1} : std::uint8_t{0});
    }
}

void column::set(std::size_t at, value const& v)
{
    if (auto* numbers = std::get_if<0>(&v_)) {
        (*numbers)[at] = to_number(v);
    } else if (auto* texts = std::get_if<1>(&v_)) {
        (*texts)[at] = *v.as_text();
    } else {
        std::get<2>(v_)[at] = *v.as_bool() ? std::uint8_t{1} : std::uint8_t{0};
    }
}

value column::at(std::size_t i) const
{
    if (auto const* numbers = std::get_if<0>(&v_)) {
        return (*numbers)[i];
    }
    if (auto const* texts = std::get_if<1>(&v_)) {
        return (*texts)[i];
    }
    return std::get<2>(v_)[i] != 0;
}

std::size_t column::bytes_held() const noexcept
{
    if (auto const* texts = std::get_if<1>(&v_)) {
        std::size_t sum = texts->size() * sizeof(std::string);
        for (auto const& text : *texts) {
            sum += text.size();
        }
        return sum;
    }
    return type() == sample_type::number ? size() * sizeof(double) : size();
}

std::pair<std::size_t, std::size_t> find_range(std::vector<double> const& t, time_range range)
{
    if (!(range.start < range.end)) {
        return {0, 0};
    }
    auto const first = std::lower_bound(t.begin(), t.end(), range.start);
    auto const last = std::lower_bound(first, t.end(), range.end);
    return {static_cast<std::size_t>(first - t.begin()), static_cast<std::size_t>(last - t.begin())};
}

series slice(series const& s, time_range range)
{
    auto const [first, last] = find_range(s.t, range);
    series out{
        {s.t.begin() + static_cast<std::ptrdiff_t>(first), s.t.begin() + static_cast<std::ptrdiff_t>(last)},
        column(s.v.type())};
    out.v.append(s.v, first, last);
    return out;
}

bool fits(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && (pattern[p] == text[t] || pattern[p] == '?')) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace cerro::dans
