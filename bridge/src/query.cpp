#include <cerro/bridge/query.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace cerro::bridge {

namespace {

/// A number above 0, also as text; nothing else.
std::optional<double> positive(value const* v)
{
    if (v == nullptr) {
        return std::nullopt;
    }
    double d = v->as_double().value_or(0);
    if (auto const* text = v->as_text()) {
        std::from_chars(text->data(), text->data() + text->size(), d);
    }
    return std::isfinite(d) && d > 0 ? std::optional(d) : std::nullopt;
}

bool says_table(value const* v)
{
    return v != nullptr && v->as_text() != nullptr && *v->as_text() == "table";
}

result<dans::time_range> parse_range(value const* range, double now, query_limits const& lim)
{
    if (range == nullptr || range->is_null()) {
        return dans::time_range{now - lim.default_span, now};
    }
    auto const* from = range->find("from");
    auto const* to = range->find("to");
    if (from == nullptr || to == nullptr) {
        return fail(errc::invalid_argument, "range must have from and to");
    }
    auto const start = parse_time(*from, now);
    auto const end = parse_time(*to, now);
    if (!start || !end) {
        return fail(errc::invalid_argument,
                    std::string("range.") + (start ? "to" : "from") +
                        " is no time: give ISO 8601 (2017-07-14T00:00:00.000Z) or unix milliseconds");
    }
    return dans::time_range{*start, *end};
}

target parse_target(value const& v)
{
    target t;
    if (auto const* bare = v.as_text()) {
        t.text = *bare;
        return t;
    }
    if (auto const* name = v.find("target"); name != nullptr && name->as_text() != nullptr) {
        t.text = *name->as_text();
    }
    auto const* payload = v.find("payload");
    if (auto const* type = v.find("type"); type != nullptr && !type->is_null()) {
        t.table = says_table(type);
    } else if (payload != nullptr) {
        t.table = says_table(payload->find("type")) || says_table(payload->find("format"));
    }
    return t;
}

}  // namespace

result<query> parse_query(value const& body, double now, query_limits const& lim)
{
    if (!body.is_dict()) {
        return fail(errc::invalid_argument, "the body must be a JSON object with targets and range");
    }
    query q;
    auto const range = parse_range(body.find("range"), now, lim);
    if (!range) {
        return range.error();
    }
    q.range = *range;
    auto const points =
        positive(body.find("maxDataPoints")).value_or(static_cast<double>(lim.default_points));
    q.max_points = static_cast<std::size_t>(std::clamp(points, 1.0, static_cast<double>(lim.most_points)));
    if (auto const ms = positive(body.find("intervalMs"))) {
        q.bucket_s = *ms / 1000;
    } else if (auto const* text = body.find("interval"); text != nullptr && text->as_text() != nullptr) {
        q.bucket_s = parse_interval(*text->as_text()).value_or(0);
    }
    auto const* targets = body.find("targets");
    if (targets == nullptr || targets->as_list() == nullptr) {
        return fail(errc::invalid_argument, "targets must be a list");
    }
    if (targets->as_list()->size() > lim.most_targets) {
        return fail(errc::invalid_argument, "at most " + std::to_string(lim.most_targets) + " targets");
    }
    for (auto const& t : *targets->as_list()) {
        q.targets.push_back(parse_target(t));
    }
    return q;
}

std::optional<split_target> split(std::string_view text)
{
    auto const at = text.find("::");
    if (at == std::string_view::npos || at == 0 || at + 2 == text.size()) {
        return std::nullopt;
    }
    return split_target{std::string(text.substr(0, at)), std::string(text.substr(at + 2))};
}

namespace {

/// The ')' that belongs to the '(' at `open`, or npos.
std::size_t closing(std::string_view text, std::size_t open)
{
    std::size_t depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '(') {
            ++depth;
        } else if (text[i] == ')' && --depth == 0) {
            return i;
        }
    }
    return std::string_view::npos;
}

/// Parts of a group, separated by '|' outside of inner groups.
std::vector<std::string_view> parts(std::string_view group)
{
    std::vector<std::string_view> out;
    std::size_t start = 0;
    std::size_t depth = 0;
    for (std::size_t i = 0; i < group.size(); ++i) {
        if (group[i] == '\\') {
            ++i;
        } else if (group[i] == '(') {
            ++depth;
        } else if (group[i] == ')' && depth > 0) {
            --depth;
        } else if (group[i] == '|' && depth == 0) {
            out.push_back(group.substr(start, i - start));
            start = i + 1;
        }
    }
    out.push_back(group.substr(start));
    return out;
}

std::vector<std::string> expand(std::string_view text, std::size_t most, int depth)
{
    constexpr int deepest = 16;
    std::vector<std::string> out{std::string()};
    auto const append = [&out](std::string_view s) {
        for (auto& o : out) {
            o += s;
        }
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            append(text.substr(++i, 1));
            continue;
        }
        auto const end = text[i] == '(' && depth < deepest ? closing(text, i) : std::string_view::npos;
        if (end == std::string_view::npos) {
            append(text.substr(i, 1));
            continue;
        }
        std::vector<std::string> choices;
        for (auto const part : parts(text.substr(i + 1, end - i - 1))) {
            for (auto& c : expand(part, most, depth + 1)) {
                choices.push_back(std::move(c));
            }
        }
        std::vector<std::string> product;
        for (auto const& head : out) {
            for (auto const& tail : choices) {
                if (product.size() < most) {
                    product.push_back(head + tail);
                }
            }
        }
        out = std::move(product);
        i = end;
    }
    return out;
}

}  // namespace

std::vector<std::string> alternatives(std::string_view text, std::size_t most)
{
    return expand(text, most, 0);
}

bool has_wildcard(std::string_view text)
{
    return text.find('*') != std::string_view::npos;
}

bool fits(std::string_view pattern, std::string_view name)
{
    std::string plain;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        bool const dot_star = pattern[i] == '.' && i + 1 < pattern.size() && pattern[i + 1] == '*';
        if (!dot_star) {
            plain += pattern[i];
        }
    }
    return dans::fits(plain, name);
}

}  // namespace cerro::bridge
