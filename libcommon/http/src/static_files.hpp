#pragma once

// Files of one folder as responses.

#include <cerro/http/server.hpp>

#include <filesystem>

namespace cerro::http {

struct file_root {
    std::filesystem::path directory;
    file_options options;
};

/// The file that `below` (a decoded path without leading '/') names, or 404, 304 for an If-None-Match that
/// holds, 405.
[[nodiscard]] response serve_file(file_root const& root, std::string below, request const& r);

[[nodiscard]] std::string_view content_type(std::filesystem::path const& file);

/// True if `list`, the value of If-None-Match, holds `tag` (weak comparison).
[[nodiscard]] bool holds_tag(std::string_view list, std::string_view tag);

}  // namespace cerro::http
