#pragma once

/// @file
/// Signed requests (wamp protocol, 11), and GitHub's signatures of web hooks. No I/O; secrets are compared in
/// constant time.

#include <cerro/base/time.hpp>
#include <cerro/http/server.hpp>
#include <cerro/router/web_settings.hpp>

#include <optional>
#include <string>

namespace cerro::router {

struct signature_problem {
    int status = 400;
    std::string text;
};

/// Checks the query parameters timestamp, seq, key, nonce and signature of a request to a guard with key.
[[nodiscard]] std::optional<signature_problem> check_signature(http::request const& r,
                                                               bridge_guard const& guard,
                                                               wall_time now);

/// Is the header X-Hub-Signature-256 or, when that is not there, X-Hub-Signature right for the body?
[[nodiscard]] bool github_signature_right(http::request const& r, std::string_view secret);

}  // namespace cerro::router
