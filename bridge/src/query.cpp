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

result<target> parse_target(value const& v, query_limits const& lim)
{
    target t;
    auto const* named = v.as_text() != nullptr ? &v : v.find("target");
    if (auto const* text = named == nullptr ? nullptr : named->as_text()) {
        if (text->size() > lim.most_target_bytes) {
            return fail(errc::invalid_argument,
                        "a target of " + std::to_string(text->size()) + " bytes: at most " +
                            std::to_string(lim.most_target_bytes));
        }
        t.text = *text;
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
        auto parsed = parse_target(t, lim);
        if (!parsed) {
            return parsed.error();
        }
        q.targets.push_back(std::move(*parsed));
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

constexpr auto nowhere = std::string_view::npos;

/// For each '(' the place of its ')', or npos; npos for all other characters.
std::vector<std::size_t> partners(std::string_view text)
{
    std::vector<std::size_t> out(text.size(), nowhere);
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '(') {
            open.push_back(i);
        } else if (text[i] == ')' && !open.empty()) {
            out[open.back()] = i;
            open.pop_back();
        }
    }
    return out;
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

/// Expands parts of one text. Every character is looked at once for each level of groups, and what is held is
/// bounded in number and in bytes: both come from HTTP clients.
class expansion {
public:
    expansion(std::string_view text, std::size_t most)
        : text_(text), partner_(partners(text)), most_(most), most_bytes_(std::max(text.size(), floor_bytes))
    {}

    [[nodiscard]] std::vector<std::string> run() const { return part(text_, 0); }

private:
    static constexpr int deepest = 16;
    static constexpr std::size_t floor_bytes = 64U << 10U;  ///< a single text may be longer

    /// `s` is a piece of text_.
    [[nodiscard]] std::vector<std::string> part(std::string_view s, int depth) const
    {
        auto const offset = static_cast<std::size_t>(s.data() - text_.data());
        std::vector<std::string> out{std::string()};
        for (std::size_t i = 0; i < s.size(); ++i) {
            if (s[i] == '\\' && i + 1 < s.size()) {
                append(out, s[++i]);
                continue;
            }
            auto const end = s[i] == '(' && depth < deepest ? partner_[offset + i] : nowhere;
            if (end == nowhere) {
                append(out, s[i]);
                continue;
            }
            out = product(out, choices(s.substr(i + 1, end - offset - i - 1), depth));
            i = end - offset;
        }
        return out;
    }

    [[nodiscard]] std::vector<std::string> choices(std::string_view group, int depth) const
    {
        std::vector<std::string> out;
        std::size_t bytes = 0;
        for (auto const one : parts(group)) {
            for (auto& text : part(one, depth + 1)) {
                bytes += text.size();
                if (out.size() >= most_ || (bytes > most_bytes_ && !out.empty())) {
                    return out;
                }
                out.push_back(std::move(text));
            }
        }
        return out;
    }

    [[nodiscard]] std::vector<std::string> product(std::vector<std::string> const& heads,
                                                   std::vector<std::string> const& tails) const
    {
        std::vector<std::string> out;
        std::size_t bytes = 0;
        for (auto const& head : heads) {
            for (auto const& tail : tails) {
                bytes += head.size() + tail.size();
                if (out.size() >= most_ || (bytes > most_bytes_ && !out.empty())) {
                    return out;
                }
                out.push_back(head + tail);
            }
        }
        return out;
    }

    void append(std::vector<std::string>& out, char c) const
    {
        while (out.size() > 1 && out.size() * (out.front().size() + 1) > most_bytes_) {
            out.pop_back();
        }
        for (auto& text : out) {
            text += c;
        }
    }

    std::string_view text_;
    std::vector<std::size_t> partner_;
    std::size_t most_;
    std::size_t most_bytes_;
};

}  // namespace

std::vector<std::string> alternatives(std::string_view text, std::size_t most)
{
    return expansion(text, most).run();
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
