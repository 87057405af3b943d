#include <cerro/g3/samples.hpp>

#include <cmath>
#include <limits>

namespace cerro::g3 {

std::optional<std::int64_t> to_ticks(double unix_seconds) noexcept
{
    double const t = std::trunc(unix_seconds * ticks_per_second);
    constexpr double limit = 9.2e18;  // a little inside of 64 bit
    if (!std::isfinite(t) || std::abs(t) > limit) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(t);
}

double to_seconds(std::int64_t ticks) noexcept
{
    return static_cast<double>(ticks) / ticks_per_second;
}

std::string_view name(sample_type t) noexcept
{
    switch (t) {
        case sample_type::boolean: return "bool";
        case sample_type::integer: return "int";
        case sample_type::real: return "float";
        case sample_type::text: break;
    }
    return "str";
}

sample_type type_of(column const& c) noexcept
{
    return static_cast<sample_type>(c.index());
}

std::size_t size(column const& c) noexcept
{
    return std::visit([](auto const& values) { return values.size(); }, c);
}

column make_column(sample_type t)
{
    switch (t) {
        case sample_type::boolean: return std::vector<bool>{};
        case sample_type::integer: return std::vector<std::int64_t>{};
        case sample_type::real: return std::vector<double>{};
        case sample_type::text: break;
    }
    return std::vector<std::string>{};
}

result<sample_type> common_type(std::span<cell const> cells, std::optional<sample_type> so_far)
{
    std::optional<sample_type> wanted = so_far;
    bool null_seen = false;
    for (auto const& c : cells) {
        if (std::holds_alternative<std::monostate>(c)) {
            null_seen = true;
            continue;
        }
        auto const own = static_cast<sample_type>(c.index() - 1);
        bool const text_and_number =
            wanted && *wanted != own && (*wanted == sample_type::text || own == sample_type::text);
        if (text_and_number) {
            return fail(errc::unsupported,
                        "values of " + std::string(name(*wanted)) + " and " + std::string(name(own)) +
                            " in one field");
        }
        wanted = wanted ? std::max(*wanted, own) : own;
    }
    if (null_seen && wanted.value_or(sample_type::real) != sample_type::real) {
        return fail(errc::invalid_argument, "null in a field of " + std::string(name(*wanted)));
    }
    return wanted.value_or(sample_type::real);
}

void widen(column& c, sample_type t)
{
    if (type_of(c) == t) {
        return;
    }
    auto wide = make_column(t);
    auto const copy = [&](auto const& from) {
        if (auto* const integers = std::get_if<std::vector<std::int64_t>>(&wide)) {
            integers->assign(from.begin(), from.end());
        } else if (auto* const reals = std::get_if<std::vector<double>>(&wide)) {
            for (auto const value : from) {
                reals->push_back(static_cast<double>(value));
            }
        }
    };
    if (auto const* const flags = std::get_if<std::vector<bool>>(&c)) {
        copy(*flags);
    } else if (auto const* const integers = std::get_if<std::vector<std::int64_t>>(&c)) {
        copy(*integers);
    }
    c = std::move(wide);
}

namespace {

template <class T>
T converted(cell const& c)
{
    if constexpr (std::is_same_v<T, std::string>) {
        return std::get<std::string>(c);
    } else {
        if (auto const* const flag = std::get_if<bool>(&c)) {
            return static_cast<T>(*flag);
        }
        if (auto const* const integer = std::get_if<std::int64_t>(&c)) {
            return static_cast<T>(*integer);
        }
        if (auto const* const real = std::get_if<double>(&c)) {
            return static_cast<T>(*real);
        }
        return static_cast<T>(std::numeric_limits<double>::quiet_NaN());
    }
}

}  // namespace

void append(column& c, std::span<cell const> cells)
{
    std::visit(
        [&](auto& values) {
            using element = typename std::remove_reference_t<decltype(values)>::value_type;
            for (auto const& one : cells) {
                values.push_back(converted<element>(one));
            }
        },
        c);
}

}  // namespace cerro::g3
