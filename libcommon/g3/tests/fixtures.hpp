#pragma once

// Test data: .g3 files with their expected content as JSON.

#include <cerro/g3/objects.hpp>

#include <boost/json/value.hpp>

#include <string>

namespace cerro::g3::test {

/// tests/data/g3/NAME
[[nodiscard]] std::string fixture(std::string const& name);
[[nodiscard]] boost::json::value expected(std::string const& name);
[[nodiscard]] bytes content_of(std::string const& path);

/// How `o` differs from {"CLASS": content}; "" = not at all.
[[nodiscard]] std::string difference(object const* o, boost::json::value const& want);

}  // namespace cerro::g3::test
