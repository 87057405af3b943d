#pragma once

/// @file
/// The access log's part of the configuration: "cerro": {"access_log": {...}}.

#include <cstddef>
#include <string>

namespace cerro::router {

struct access_log_settings {
    std::string path = "-";    ///< "-": standard output
    bool joins = true;         ///< sessions that join and leave, connections that were refused
    bool http = true;          ///< HTTP requests
    bool denied = true;        ///< requests that the permissions forbid
    std::size_t rate = 1'000;  ///< lines in a second; 0: no bound ("none" in the file)
};

}  // namespace cerro::router
