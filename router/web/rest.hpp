#pragma once

/// @file
/// What publisher, caller and webhook have in common (wamp protocol, 11): who may ask, and how they are
/// refused, word for word as crossbar does. No I/O.

#include <cerro/base/time.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/http/server.hpp>
#include <cerro/router/web_settings.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cerro::router {

/// With the headers that all their answers have.
[[nodiscard]] http::response rest_answer(http::request const& r, int status, bytes body);
/// {"error", "args", "kwargs"}
[[nodiscard]] http::response rest_error(http::request const& r,
                                        int status,
                                        std::string_view error,
                                        list args = {});
/// 500, "Sorry, Crossbar.io has encountered a problem."
[[nodiscard]] http::response internal_failure(http::request const& r);

enum class content : std::uint8_t { json, any };

/// Checks origin, method, headers, length, signature and address.
/// @return the answer if nothing is to be done: a refusal, or what OPTIONS asked for
[[nodiscard]] std::optional<http::response> refuse(http::request const& r,
                                                   bridge_guard const& guard,
                                                   content expected,
                                                   wall_time now);

}  // namespace cerro::router
