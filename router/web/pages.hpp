#pragma once

/// @file
/// Answers that need no realm: status pages, fixed values, redirections. No I/O.

#include <cerro/http/server.hpp>
#include <cerro/router/settings.hpp>

namespace cerro::router {

/// What a browser sees that opens a WebSocket path.
[[nodiscard]] http::response status_page(http::request const& r, wamp_settings const& w);
[[nodiscard]] http::response nodeinfo_page(http::request const& r, node_names const& names);
[[nodiscard]] http::response json_answer(http::request const& r, json_settings const& j);
[[nodiscard]] http::response redirect_answer(redirect_settings const& to);

}  // namespace cerro::router
