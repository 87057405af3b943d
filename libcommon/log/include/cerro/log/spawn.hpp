#pragma once

/// @file
/// What a spawned task's completion handler does with an exception: it is a bug of ours, so it is logged with
/// the task's name, and the other tasks go on. No Asio here: the handler is only a callable.

#include <exception>
#include <string>
#include <string_view>

namespace cerro::log {

/// Logs `failure`, if there is one, as the error `task_failed task=... error=...`; for handlers that do more.
void log_exception(std::string_view component, std::string_view task, std::exception_ptr const& failure);

/// A completion handler for co_spawn, whatever the coroutine's result:
/// `asio::co_spawn(executor, watch(), log::log_exception("hub", "watching"));`
[[nodiscard]] inline auto log_exception(std::string component, std::string task)
{
    return
        [component = std::move(component), task = std::move(task)](
            std::exception_ptr const& failure, auto const&...) { log_exception(component, task, failure); };
}

}  // namespace cerro::log
