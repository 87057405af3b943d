#include "cerro/log/spawn.hpp"

#include "cerro/log/log.hpp"

#include <stdexcept>

namespace cerro::log {

void log_exception(std::string_view component, std::string_view task, std::exception_ptr const& failure)
{
    if (!failure) {
        return;
    }
    std::string what = "an exception that is no std::exception";
    try {
        std::rethrow_exception(failure);
    } catch (std::exception const& e) {
        what = e.what();
    } catch (...) {  // its type tells nothing: the text above stands
    }
    error(component, "task_failed", {{"task", task}, {"error", what}});
}

}  // namespace cerro::log
