#pragma once

// The listener for the service manager, for monitoring, and for people with curl.

#include <cerro/http/server.hpp>
#include <cerro/metrics/registry.hpp>

namespace cerro::app {

namespace asio = boost::asio;

/// Serves GET /healthz ("ok", or 503 with what `trouble` says) and GET /metrics on 127.0.0.1:port.
/// `registry` must outlive the server.
std::shared_ptr<http::server> serve_health(asio::any_io_executor ex,
                                           std::uint16_t port,
                                           std::function<std::string()> trouble,
                                           metrics::registry& registry);

/// Gauges about the process itself: memory, processor time, descriptors, start time.
void add_process_metrics(metrics::registry& registry);

}  // namespace cerro::app
