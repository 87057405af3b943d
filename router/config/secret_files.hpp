#pragma once

/// @file
/// Secrets that stand outside of config.json: in the environment, in files of their own, in a file of
/// principals.

#include "reader.hpp"
#include <cerro/router/principals.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// A member that is text, "$NAME" (that environment variable) or {"file": "path"} (the file's first line).
/// @param base_dir where relative paths begin
[[nodiscard]] std::string secret(reader& in,
                                 config::node const& of,
                                 std::string_view key,
                                 std::string const& base_dir,
                                 std::vector<std::string>& warnings);

/// @return the principals of a file; the problem names it
[[nodiscard]] result<principal_table> load_principals(std::string const& path);

/// Replaces a file at once and whole; only this user may read it.
/// @return errc::io naming the file and the reason
[[nodiscard]] result<void> write_private(std::string const& path, std::string_view text);

/// A warning if everybody on this machine may read `path`.
void warn_if_public(std::string const& path, std::string_view what, std::vector<std::string>& warnings);

}  // namespace cerro::router
