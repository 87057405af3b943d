#pragma once

/// @file
/// How long the certificates of the listeners are still good.

#include <cerro/router/settings.hpp>

#include <set>
#include <string>

namespace cerro::router {

/// The files of the listeners' own certificates.
[[nodiscard]] std::set<std::string> certificate_files(settings const& s);
/// Until the certificate in that file ends, negative behind it; not a number when it cannot be read. Reads
/// the file.
[[nodiscard]] double certificate_seconds(std::string const& file);
/// What an operator must know of them; empty: none has ended.
[[nodiscard]] std::string certificate_trouble(settings const& s);

}  // namespace cerro::router
