#pragma once

/// @file
/// What every long-running program does the same way: options, log, signals, health and metrics, exit codes.

#include <cerro/base/result.hpp>
#include <cerro/metrics/registry.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace cerro::app {

namespace asio = boost::asio;

/// Exit codes of all programs.
namespace exit_code {
inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int usage = 2;
inline constexpr int configuration = 3;
inline constexpr int bug = 70;
}  // namespace exit_code

/// Given to the service's main coroutine.
class context {
public:
    virtual ~context() = default;
    [[nodiscard]] virtual asio::io_context& io() = 0;
    [[nodiscard]] virtual metrics::registry& metrics() = 0;
    /// Completes when SIGTERM or SIGINT came, or stop() was called.
    virtual asio::awaitable<void> stopped() = 0;
    [[nodiscard]] virtual bool stopping() const = 0;
    virtual void stop() = 0;
    /// Called on SIGHUP.
    virtual void on_reload(std::function<void()> f) = 0;
    /// What GET /healthz says: "" = healthy (200), else 503 with this text.
    virtual void set_health(std::string trouble) = 0;
    /// The same, asked at each request; takes the place of set_health().
    virtual void ask_health(std::function<std::string()> ask) = 0;
};

struct description {
    std::string name;     ///< "cerro-aggregator"
    std::string summary;  ///< one line for --help
    /// Adds options; bound variables are valid when `run` starts.
    std::function<void(CLI::App&)> options;
    /// --check: validate the configuration and say what is wrong. Null: the option is not offered.
    std::function<void()> check;
    /// The service. Returns the exit code; an uncaught cerro::failure ends with its code, anything else
    /// with 70.
    std::function<asio::awaitable<int>(context&)> run;
    /// Expand unique prefixes of long options, as OCS programs do.
    bool prefix_options = false;
    /// Options that nobody knows are collected here instead of refused; null: refused (exit code 2).
    std::vector<std::string>* passed_over = nullptr;
};

/// The whole of main(): common options are --help --version --log-level --log-json --health-port PORT
/// (loopback; 0 = any free port, printed in the log; absent = no listener) and --check. LOGLEVEL is honoured.
int run_service(int argc, char const* const* argv, description d);

/// For command-line tools: the same without health listener and reload.
int run_tool(int argc, char const* const* argv, description d);

}  // namespace cerro::app
