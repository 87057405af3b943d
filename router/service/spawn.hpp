#pragma once

// The end of every coroutine that the router spawns.

#include <cerro/log/log.hpp>

#include <exception>
#include <string_view>

namespace cerro::router {

/// For each co_spawn: an exception is a bug of ours, but no reason to end the other sessions.
inline auto logged(std::string_view task)
{
    return [task](std::exception_ptr const& failed, auto&&...) {
        if (failed) {
            try {
                std::rethrow_exception(failed);
            } catch (std::exception const& e) {
                log::error("router", "task_failed", {{"task", task}, {"what", e.what()}});
            }
        }
    };
}

}  // namespace cerro::router
