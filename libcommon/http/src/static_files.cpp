#include "static_files.hpp"

#include "target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace cerro::http {

namespace {

constexpr std::size_t whole_at_most = 1U << 20U;  // [bytes]; larger files are read while they are sent
constexpr std::size_t piece = 256U << 10U;        // [bytes] of such a file
constexpr std::size_t most_listed = 10'000;       // entries of one folder

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

    [[nodiscard]] bytes contents() const { return read(size()); }

    /// At most so many octets from where the last read ended.
    [[nodiscard]] bytes read(std::size_t most) const
    {
        bytes all(most, '\0');
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

class file_body final : public body_source {
public:
    explicit file_body(std::filesystem::path const& path) : file_(path), left_(file_.size()) {}
    [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
    bytes next() override
    {
        auto out = file_.read(std::min(left_, piece));
        left_ -= out.size();
        return out;
    }

private:
    open_file file_;
    std::size_t left_;
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

namespace {

std::string escaped(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string percent_encoded(std::string_view text)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (unsigned char const c : text) {
        if (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
            out += static_cast<char>(c);
        } else {
            out.append({'%', digits[c >> 4U], digits[c & 15U]});
        }
    }
    return out;
}

/// A page of links, for folders that may be listed.
response list_folder(std::filesystem::path const& folder)
{
    std::vector<std::string> names;
    std::error_code ec;
    for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end; at.increment(ec)) {
        auto name = at->path().filename().string();
        std::error_code unknown;
        if (!name.starts_with('.') && names.size() < most_listed) {
            names.push_back(name + (at->is_directory(unknown) ? "/" : ""));
        }
    }
    if (ec) {
        return not_found();
    }
    std::sort(names.begin(), names.end());
    std::string page = "<!DOCTYPE html>\n<html><head><title>Files</title></head><body><ul>\n";
    for (auto const& name : names) {
        bool const is_folder = name.ends_with('/');
        page += "<li><a href=\"./" + percent_encoded(name.substr(0, name.size() - (is_folder ? 1 : 0))) +
                (is_folder ? "/" : "") + "\">" + escaped(name) + "</a></li>\n";
    }
    return response::text(page + "</ul></body></html>\n", 200, "text/html; charset=utf-8");
}

/// Pages of other origins may read what is served.
void allow_origin(response& to, request const& r)
{
    std::string const* const origin = r.header("origin");
    to.headers.emplace_back("Access-Control-Allow-Origin",
                            origin == nullptr || *origin == "null" ? "*" : *origin);
    to.headers.emplace_back("Vary", "Origin");
}

std::string type_of(std::filesystem::path const& path, file_options const& o)
{
    auto const own = o.mime_types.find(path.extension().string());
    return own == o.mime_types.end() ? std::string(content_type(path)) : own->second;
}

}  // namespace

response serve_file(file_root const& root, std::string below, request const& r)
{
    if (r.method != "GET" && r.method != "HEAD") {
        response refusal = response::problem(405, r.method + " is not for files; use GET or HEAD");
        refusal.headers.emplace_back("Allow", "GET, HEAD");
        return refusal;
    }
    if (!stays_below_root(below) || has_dot_segment(below) || below.find('\0') != std::string::npos) {
        return not_found();
    }
    // operator/ would let an absolute path ("//etc/passwd") replace the folder.
    std::string const folder = root.directory.string() + "/" + below;
    bool const is_folder = below.empty() || below.back() == '/';
    if (is_folder) {
        below += root.options.default_file;
    }
    std::filesystem::path const path = root.directory.string() + "/" + below;
    open_file const file(path);
    if (file.is_folder()) {
        response to_folder = response::problem(308, "this is a folder");
        to_folder.headers.emplace_back("Location", percent_encoded(path.filename().string()) + "/");
        return to_folder;
    }
    if (!file.is_regular()) {
        return is_folder && root.options.listing ? list_folder(folder) : not_found();
    }
    response found;
    std::string const tag = file.tag();
    std::string const type = type_of(path, root.options);
    found.headers.emplace_back("ETag", tag);
    if (!root.options.cache_control.empty()) {
        found.headers.emplace_back("Cache-Control", root.options.cache_control);
    } else {
        found.headers.emplace_back("Cache-Control",
                                   type.starts_with("text/html") ? "no-cache" : "max-age=3600");
    }
    if (root.options.allow_cross_origin) {
        allow_origin(found, r);
    }
    if (std::string const* const known = r.header("if-none-match");
        known != nullptr && holds_tag(*known, tag)) {
        found.status = 304;
        return found;
    }
    found.headers.emplace_back("Content-Type", type);
    found.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (file.size() > whole_at_most) {
        found.source = std::make_shared<file_body>(path);
    } else {
        found.body = file.contents();
    }
    return found;
}

}  // namespace cerro::http
