#pragma once

/// @file
/// What the paths of a web transport do (wamp protocol, 11 and 12).

#include <cerro/router/address_range.hpp>
#include <cerro/router/origin.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cerro::router {

/// Who may post to a publisher, caller or webhook.
struct bridge_guard {
    std::string key;  ///< with `secret`: requests must be signed
    std::string secret;
    std::size_t max_body = 1U << 20U;
    std::chrono::seconds timestamp_delta{300};  ///< of a signed request; 0: not looked at
    std::vector<address_range> require_ip;      ///< empty: any
    bool require_tls = false;
    std::optional<origin_rules> origins;  ///< none: answers to every page, as crossbar does
};

struct caller_settings {
    std::string realm;
    std::string role;
    bridge_guard guard;
};
struct publisher_settings {
    std::string realm;
    std::string role;
    bridge_guard guard;
};
struct webhook_settings {
    std::string realm;
    std::string role;
    bridge_guard guard;
    std::string topic;
    std::string success_response = "OK";
    std::string error_response = "NOT OK";
    std::string github_secret;  ///< not empty: X-Hub-Signature (or -256) must be right
};
struct static_settings {
    std::string directory;
    std::string default_file = "index.html";
    std::map<std::string, std::string> mime_types;  ///< ".ext" -> type; before the built-in ones
    std::chrono::seconds cache_timeout{43'200};     ///< 0: not to be cached
    bool listing = false;
    bool allow_cross_origin = true;
};
struct json_settings {
    std::string body;  ///< the value, written out
    bool allow_cross_origin = true;
    bool discourage_caching = false;
};
struct redirect_settings {
    std::string url;
};
struct nodeinfo_settings {};

}  // namespace cerro::router
