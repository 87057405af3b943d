#pragma once

/// @file
/// One HTTP/1.1 request over TCP or TLS, with a deadline. For tools and health checks; no connection is kept.

#include <cerro/http/server.hpp>

namespace cerro::http {

/// @param url http:// or https://
/// @return the response whatever its status; a problem when there was none
asio::awaitable<result<response>> fetch(std::string method,
                                        std::string url,
                                        bytes body,
                                        std::vector<std::pair<std::string, std::string>> headers,
                                        std::chrono::milliseconds timeout,
                                        transport::tls_options tls);
/// The same with the system's trust roots. No default argument: in a co_await expression g++ 12 destroys an
/// aggregate that is made there twice.
asio::awaitable<result<response>> fetch(std::string method,
                                        std::string url,
                                        bytes body,
                                        std::vector<std::pair<std::string, std::string>> headers,
                                        std::chrono::milliseconds timeout);

}  // namespace cerro::http
