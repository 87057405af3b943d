#pragma once

/// @file
/// Who may ask, and what browsers are told about it.

#include <cerro/http/server.hpp>

namespace cerro::bridge {

/// Does the request bring the token, as Bearer token or as Basic password? An empty token lets everybody in.
[[nodiscard]] bool authorized(std::string const& token, http::request const& r);
/// Status 401.
[[nodiscard]] http::response unauthorized();
/// With the headers that let pages of other origins read the answer, and that keep it out of caches.
[[nodiscard]] http::response with_cors(http::response r);

}  // namespace cerro::bridge
