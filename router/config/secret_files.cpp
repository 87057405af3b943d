#include "secret_files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace cerro::router {

namespace {

constexpr std::size_t longest_secret = 4096;

}  // namespace

std::string secret(reader& in,
                   config::node const& of,
                   std::string_view key,
                   std::string const& base_dir,
                   std::vector<std::string>& warnings)
{
    auto const* n = of.find(key);
    if (n == nullptr || !n->is_map()) {
        return in.secret(of, key);
    }
    if (!in.map(*n, {"file"})) {
        return {};
    }
    std::filesystem::path path(in.required_text(*n, "file"));
    if (path.is_relative()) {
        path = std::filesystem::path(base_dir) / path;
    }
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line) || line.empty() || line.size() > longest_secret) {
        in.wrong(
            *n,
            path.string() + ": cannot be read, or its first line is empty or longer than 4096 characters");
        return {};
    }
    warn_if_public(path.string(), "a secret", warnings);
    return line;
}

result<principal_table> load_principals(std::string const& path)
{
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    if (!file || !(text << file.rdbuf())) {
        return fail(errc::io,
                    path + ": cannot be read; `cerro-router passwd --file " + path + " NAME` makes it");
    }
    auto table = parse_principals(text.str());
    if (!table) {
        return fail(table.error().code, path + ": " + table.error().what);
    }
    return table;
}

result<void> write_private(std::string const& path, std::string_view text)
{
    std::string part = path + ".XXXXXX";
    auto const wrong = [&](std::string_view what) {
        int const reason = errno;
        ::unlink(part.c_str());
        return fail(errc::io,
                    path + ": " + std::string(what) + ": " + std::system_category().message(reason));
    };
    int const fd = ::mkstemp(part.data());  // mode 0600
    if (fd < 0) {
        return wrong("no file can be made beside it");
    }
    bool written = true;
    for (auto rest = text; written && !rest.empty();) {
        auto const n = ::write(fd, rest.data(), rest.size());
        written = n > 0;
        rest.remove_prefix(written ? static_cast<std::size_t>(n) : 0);
    }
    written = written && ::fsync(fd) == 0;
    if (::close(fd) != 0 || !written) {
        return wrong("cannot be written");
    }
    if (std::rename(part.c_str(), path.c_str()) != 0) {
        return wrong("cannot be replaced");
    }
    return {};
}

void warn_if_public(std::string const& path, std::string_view what, std::vector<std::string>& warnings)
{
    std::error_code ec;
    auto const mode = std::filesystem::status(path, ec).permissions();
    if (!ec && (mode & std::filesystem::perms::others_read) != std::filesystem::perms::none) {
        warnings.push_back(path + ": everybody on this machine may read " + std::string(what) +
                           "; chmod 600 " + path);
    }
}

}  // namespace cerro::router
