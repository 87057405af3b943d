#pragma once

/// @file
/// What crossbar runs as components beside its routing, and this router can do as well.

#include <cerro/wamp/uri.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cerro::router {

/// A program that runs as long as the router does.
struct child_settings {
    std::string program;  ///< found beside our own executable: "cerro-hub"
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< on top of ours

    friend bool operator==(child_settings const&, child_settings const&) = default;
};

/// Events that are posted to web servers: crossbar's component MessageForwarder.
struct forwarder_settings {
    struct subscription {
        std::string topic;
        wamp::match_policy match = wamp::match_policy::exact;
        std::string url;

        friend bool operator==(subscription const&, subscription const&) = default;
    };
    std::string realm;
    std::string role;
    std::vector<subscription> subscriptions;
    std::string method = "POST";
    std::optional<int> expected_status;  ///< none: any from 200 to 299
    std::chrono::milliseconds timeout{10'000};
    std::size_t queue = 1'000;  ///< events that wait, for each subscription; more are lost and counted

    friend bool operator==(forwarder_settings const&, forwarder_settings const&) = default;
};

}  // namespace cerro::router
