#include "static_files.hpp"

#include "target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace cerro::http {

namespace {

constexpr std::size_t largest_file = 64U << 20U;  // [bytes]; pages and their scripts are far smaller

class open_file {
public:
    explicit open_file(std::filesystem::path const& path)
        : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    {
        if (fd_ < 0 || ::fstat(fd_, &status_) != 0) {
            status_ = {};
        }
    }
    ~open_file()
    {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    open_file(open_file const&) = delete;
    open_file& operator=(open_file const&) = delete;

    [[nodiscard]] bool is_regular() const { return S_ISREG(status_.st_mode); }
    [[nodiscard]] bool is_folder() const { return S_ISDIR(status_.st_mode); }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(status_.st_size); }

    /// Weak, since the body may be sent compressed.
    [[nodiscard]] std::string tag() const
    {
        std::array<char, 80> text{};
        int const n = std::snprintf(text.data(),
                                    text.size(),
                                    "W/\"%llx.%lx-%llx\"",
                                    static_cast<unsigned long long>(status_.st_mtim.tv_sec),
                                    static_cast<unsigned long>(status_.st_mtim.tv_nsec),
                                    static_cast<unsigned long long>(status_.st_size));
        return {text.data(), static_cast<std::size_t>(n)};
    }

    [[nodiscard]] bytes contents() const
    {
        bytes all(size(), '\0');
        std::size_t at = 0;
        while (at < all.size()) {
            auto const n = ::read(fd_, all.data() + at, all.size() - at);
            if (n <= 0) {
                break;
            }
            at += static_cast<std::size_t>(n);
        }
        all.resize(at);
        return all;
    }

private:
    int fd_;
    struct stat status_ {};
};

response not_found()
{
    return response::problem(404, "there is no such file");
}

}  // namespace

std::string_view content_type(std::filesystem::path const& file)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 19> types{{
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".txt", "text/plain; charset=utf-8"},
        {".md", "text/plain; charset=utf-8"},
        {".csv", "text/csv; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".gif", "image/gif"},
        {".ico", "image/x-icon"},
        {".woff", "font/woff"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".pdf", "application/pdf"},
        {".webmanifest", "application/manifest+json"},
    }};
    std::string const extension = file.extension();
    auto const found =
        std::find_if(types.begin(), types.end(), [&](auto const& entry) { return entry.first == extension; });
    return found == types.end() ? "application/octet-stream" : found->second;
}

bool holds_tag(std::string_view list, std::string_view tag)
{
    auto const opaque = [](std::string_view t) { return t.substr(0, 2) == "W/" ? t.substr(2) : t; };
    while (!list.empty()) {
        std::size_t const comma = list.find(',');
        std::string_view item = list.substr(0, comma);
        list = comma == std::string_view::npos ? "" : list.substr(comma + 1);
        item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
        item = item.substr(0, item.find_last_not_of(" \t") + 1);
        if (item == "*" || opaque(item) == opaque(tag)) {
            return true;
        }
    }
    return false;
}

response serve_file(std::filesystem::path const& directory, std::string below, request const& r)
{
    if (r.method != "GET" && r.method != "HEAD") {
        response refusal = response::problem(405, r.method + " is not for files; use GET or HEAD");
        refusal.headers.emplace_back("Allow", "GET, HEAD");
        return refusal;
    }
    if (!stays_below_root(below) || has_dot_segment(below) || below.find('\0') != std::string::npos) {
        return not_found();
    }
    if (below.empty() || below.back() == '/') {
        below += "index.html";
    }
    // operator/ would let an absolute path ("//etc/passwd") replace the folder.
    std::filesystem::path const path = directory.string() + "/" + below;
    open_file const file(path);
    if (file.is_folder()) {
        response to_folder = response::problem(308, "this is a folder");
        to_folder.headers.emplace_back("Location", path.filename().string() + "/");
        return to_folder;
    }
    if (!file.is_regular() || file.size() > largest_file) {
        return not_found();
    }
    response found;
    std::string const tag = file.tag();
    std::string_view const type = content_type(path);
    found.headers.emplace_back("ETag", tag);
    found.headers.emplace_back("Cache-Control",
                               type.substr(0, 9) == "text/html" ? "no-cache" : "max-age=3600");
    if (std::string const* const known = r.header("if-none-match");
        known != nullptr && holds_tag(*known, tag)) {
        found.status = 304;
        return found;
    }
    found.headers.emplace_back("Content-Type", type);
    found.headers.emplace_back("X-Content-Type-Options", "nosniff");
    found.body = file.contents();
    return found;
}

}  // namespace cerro::http
