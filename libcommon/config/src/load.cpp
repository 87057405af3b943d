#include "builder.hpp"

#include <fstream>
#include <system_error>

namespace cerro::config {

namespace {

/// At most one byte more than the parsers take, so that they can refuse what is too long.
result<std::string> contents(std::string const& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return fail(errc::not_found, path + ": cannot open: " + std::generic_category().message(errno));
    }
    std::string text(max_text + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (file.fail() && !file.eof())) {
        return fail(errc::io, path + ": cannot read: " + std::generic_category().message(errno));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

}  // namespace

result<node> load_yaml(std::string const& path)
{
    auto const text = contents(path);
    if (!text) {
        return text.error();
    }
    return parse_yaml(*text, path);
}

result<node> load_json(std::string const& path)
{
    auto const text = contents(path);
    if (!text) {
        return text.error();
    }
    return parse_json(*text, path);
}

}  // namespace cerro::config
