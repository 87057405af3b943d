#include <cerro/config/node.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace cerro::config {

namespace {

/// What Python's YAML 1.1 loader takes a bare word for.
std::optional<bool> boolean(std::string_view text)
{
    static constexpr std::array<std::string_view, 9> yes{
        "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"};
    static constexpr std::array<std::string_view, 9> no{
        "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"};
    if (std::find(yes.begin(), yes.end(), text) != yes.end()) {
        return true;
    }
    if (std::find(no.begin(), no.end(), text) != no.end()) {
        return false;
    }
    return std::nullopt;
}

struct integer {
    bool negative = false;
    bool fits = false;
    std::uint64_t magnitude = 0;
};

/// YAML 1.1: sign, decimal, 0x, 0b, octal with a leading 0; underscores between digits.
std::optional<integer> whole_number(std::string_view text)
{
    integer n;
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        n.negative = text[0] == '-';
        text.remove_prefix(1);
    }
    int base = 10;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'b')) {
        base = text[1] == 'x' ? 16 : 2;
        text.remove_prefix(2);
    } else if (text.size() > 1 && text[0] == '0') {
        base = 8;
        text.remove_prefix(1);
    }
    if (text.empty() || text[0] == '_') {
        return std::nullopt;
    }
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c != '_'; });
    auto const [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), n.magnitude, base);
    if (end != digits.data() + digits.size() || ec == std::errc::invalid_argument) {
        return std::nullopt;
    }
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    n.fits = ec == std::errc() && n.magnitude <= most + (n.negative ? 1 : 0);
    return n;
}

std::optional<double> real_number(std::string_view text)
{
    std::string_view body = text;
    bool const negative = !body.empty() && body[0] == '-';
    if (!body.empty() && (body[0] == '-' || body[0] == '+')) {
        body.remove_prefix(1);
    }
    if (body == ".inf" || body == ".Inf" || body == ".INF") {
        double const infinity = std::numeric_limits<double>::infinity();
        return negative ? -infinity : infinity;
    }
    if (text == ".nan" || text == ".NaN" || text == ".NAN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (body.empty() || !((body[0] >= '0' && body[0] <= '9') || body[0] == '.')) {
        return std::nullopt;
    }
    double v = 0.0;
    auto const [end, ec] = std::from_chars(body.data(), body.data() + body.size(), v);
    if (ec != std::errc() || end != body.data() + body.size()) {
        return std::nullopt;
    }
    return negative ? -v : v;
}

std::string shortened(std::string const& text)
{
    constexpr std::size_t longest = 40;
    return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

std::string found(node const& n)
{
    switch (n.type()) {
        case node::kind::null: return "nothing (null)";
        case node::kind::sequence: return "a list";
        case node::kind::map: return "a mapping";
        case node::kind::scalar: break;
    }
    std::string const text = "'" + shortened(n.text()) + "'";
    if (n.quoted()) {
        return "the text " + text;
    }
    if (boolean(n.text())) {
        return "the boolean " + text;
    }
    if (whole_number(n.text()) || real_number(n.text())) {
        return "the number " + text;
    }
    return text;
}

}  // namespace

std::string node::where() const
{
    std::string at = file_ ? *file_ : std::string("(nowhere)");
    at += ":" + std::to_string(line_) + ":" + std::to_string(column_);
    if (!path_.empty()) {
        at += ": " + path_;
    }
    return at;
}

problem node::wrong(std::string_view text) const
{
    return fail(errc::invalid_argument, where() + ": " + std::string(text));
}

result<std::string> node::as_string() const
{
    bool const text =
        is_scalar() && (quoted_ || (!boolean(text_) && !whole_number(text_) && !real_number(text_)));
    if (!text) {
        std::string cure = is_scalar() ? "; put it in quotes" : "";
        return wrong("expected text, found " + found(*this) + cure);
    }
    return text_;
}

result<std::int64_t> node::as_int() const
{
    std::optional<integer> const n = is_scalar() && !quoted_ ? whole_number(text_) : std::nullopt;
    if (!n) {
        return wrong("expected a whole number, found " + found(*this));
    }
    if (!n->fits) {
        return wrong("the number " + shortened(text_) + " does not fit into 64 bits");
    }
    return static_cast<std::int64_t>(n->negative ? 0 - n->magnitude : n->magnitude);
}

result<double> node::as_double() const
{
    if (is_scalar() && !quoted_) {
        if (auto const n = whole_number(text_); n && n->fits) {
            auto const v = static_cast<double>(n->magnitude);
            return n->negative ? -v : v;
        }
        if (auto const v = real_number(text_)) {
            return *v;
        }
    }
    return wrong("expected a number, found " + found(*this));
}

result<bool> node::as_bool() const
{
    std::optional<bool> const v = is_scalar() && !quoted_ ? boolean(text_) : std::nullopt;
    if (!v) {
        return wrong("expected true or false, found " + found(*this));
    }
    return *v;
}

node const* node::find(std::string_view key) const
{
    for (auto const& [name, value] : members_) {
        if (name == key) {
            return &value;
        }
    }
    return nullptr;
}

std::vector<problem> node::unknown_keys(std::initializer_list<std::string_view> known) const
{
    std::vector<problem> found_wrong;
    for (auto const& [key, value] : members_) {
        if (std::find(known.begin(), known.end(), key) != known.end()) {
            continue;
        }
        std::string text = "unknown key";
        std::string const similar = nearest(key, std::vector<std::string_view>(known));
        if (!similar.empty()) {
            text += "; did you mean '" + similar + "'?";
        }
        found_wrong.push_back(value.wrong(text));
    }
    return found_wrong;
}

}  // namespace cerro::config
