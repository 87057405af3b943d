#pragma once

/// @file
/// A program that runs beside the router: started with it, started again when it ends, ended with it.

#include <cerro/metrics/registry.hpp>
#include <cerro/router/component_settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace cerro::router {

namespace asio = boost::asio;

struct child_timing {
    std::chrono::milliseconds first_pause{500};  ///< before the first restart; doubled each time
    std::chrono::milliseconds longest_pause{30'000};
    std::chrono::milliseconds steady{60'000};        ///< after so long a life the pause is short again
    std::chrono::milliseconds stop_patience{5'000};  ///< from SIGTERM to SIGKILL
};

/// Where a program is: a name without '/' stands for a file beside our own executable.
/// @throws failure if it is not there or cannot be run
[[nodiscard]] std::string find_program(std::string const& name);

class child {
public:
    /// Starts it at once. It gets our environment, standard output and error; no other descriptor, and its
    /// death by SIGTERM should this process die.
    /// @throws failure naming the program, if it is not there
    static std::shared_ptr<child> start(asio::any_io_executor ex,
                                        child_settings s,
                                        metrics::registry& metrics,
                                        child_timing timing = {});
    virtual ~child() = default;
    /// SIGTERM, after `stop_patience` SIGKILL; not started again. Idempotent.
    virtual void stop() = 0;
    /// SIGKILL. Idempotent.
    virtual void kill() = 0;
    /// 0: it does not run at present.
    [[nodiscard]] virtual int pid() const = 0;
};

}  // namespace cerro::router
