#pragma once

/// @file
/// Which web pages may talk to the router: the Origin that a browser sends with their requests.

#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

/// As crossbar's options `allowed_origins` and `allow_null_origin`. Programs other than browsers send no
/// Origin and are not concerned.
struct origin_rules {
    std::vector<std::string> allowed{"*"};  ///< "*" stands for any text: "https://*.example.org:*"
    bool allow_null = true;                 ///< pages from files and sandboxes

    /// @param origin "http://127.0.0.1:8080"; the port of http and https may be left out
    [[nodiscard]] bool admits(std::string_view origin) const;
};

/// All values of a header (`name` in lower case) in the head of a request as received.
[[nodiscard]] std::vector<std::string_view> header_values(std::string_view head, std::string_view name);

}  // namespace cerro::router
