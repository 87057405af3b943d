#include "target.hpp"

#include <algorithm>

namespace cerro::http {

namespace {

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/// True if `is_bad` holds for one of the parts between slashes.
template <class Predicate>
bool any_segment(std::string_view path, Predicate is_bad)
{
    for (;;) {
        std::size_t const slash = path.find('/');
        if (is_bad(path.substr(0, slash))) {
            return true;
        }
        if (slash == std::string_view::npos) {
            return false;
        }
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

result<target> parse_target(std::string_view text)
{
    for (std::string_view const scheme : {"http://", "https://"}) {
        if (text.substr(0, scheme.size()) == scheme) {
            std::size_t const path = text.find_first_of("/?", scheme.size());
            text = path == std::string_view::npos ? "/" : text.substr(path);
        }
    }
    std::size_t const question = text.find('?');
    target t;
    if (question != std::string_view::npos) {
        t.query = text.substr(question + 1);
    }
    auto path = percent_decode(text.substr(0, question));
    if (!path) {
        return fail(errc::malformed, "the path has a '%' without two hexadecimal digits");
    }
    if (path->empty() && question == 0) {
        *path = "/";
    }
    if (path->empty() || path->front() != '/') {
        return fail(errc::malformed, "the path does not begin with '/'");
    }
    if (path->find('\0') != std::string::npos) {
        return fail(errc::malformed, "the path has a NUL byte");
    }
    t.path = std::move(*path);
    return t;
}

bool stays_below_root(std::string_view path)
{
    return !any_segment(path, [](std::string_view s) { return s == "." || s == ".."; });
}

bool has_dot_segment(std::string_view path)
{
    return any_segment(path, [](std::string_view s) { return !s.empty() && s.front() == '.'; });
}

}  // namespace cerro::http
