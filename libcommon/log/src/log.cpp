#include "format.hpp"
#include <cerro/base/result.hpp>
#include <cerro/base/time.hpp>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>

namespace cerro::log {

namespace {

/// The process's one output. The level is apart from it, so that a line below the threshold costs one load.
struct output {
    std::mutex mutex;
    settings now;
    std::shared_ptr<spdlog::logger> sinks = make({});

    static std::shared_ptr<spdlog::logger> make(settings const& s)
    {
        auto made = std::make_shared<spdlog::logger>("cerro");
        if (s.to_stderr) {
            made->sinks().push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
        } else {
            made->sinks().push_back(std::make_shared<spdlog::sinks::stdout_sink_mt>());
        }
        if (!s.file.empty()) {
            made->sinks().push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(s.file));
        }
        made->set_pattern("%v");
        made->set_level(spdlog::level::trace);
        made->flush_on(spdlog::level::trace);
        return made;
    }
};

output& the_output()
{
    static auto* const one = new output;  // never destroyed: other static objects may log as they die
    return *one;
}

std::atomic<level> threshold{level::info};

}  // namespace

void configure(settings const& s)
{
    std::shared_ptr<spdlog::logger> sinks;
    try {
        sinks = output::make(s);
    } catch (spdlog::spdlog_ex const& e) {
        throw failure("cannot write the log file " + s.file + ": " + e.what());
    }
    output& out = the_output();
    std::lock_guard const lock(out.mutex);
    out.now = s;
    out.sinks = std::move(sinks);
    threshold.store(s.threshold, std::memory_order_relaxed);
}

settings configured()
{
    output& out = the_output();
    std::lock_guard const lock(out.mutex);
    return out.now;
}

level parse_level(std::string_view text)
{
    if (text == "critical") {
        return level::error;
    }
    for (level const l : {level::trace, level::debug, level::info, level::warn, level::error, level::off}) {
        if (text == name(l)) {
            return l;
        }
    }
    return level::info;
}

bool enabled(level l) noexcept
{
    return l != level::off && l >= threshold.load(std::memory_order_relaxed);
}

void write(level l, std::string_view component, std::string_view event, fields f)
{
    if (!enabled(l)) {
        return;
    }
    std::string const time = stamp(std::chrono::system_clock::now());
    output& out = the_output();
    std::lock_guard const lock(out.mutex);
    std::string const line =
        out.now.json ? json_line(time, l, component, event, f) : text_line(time, l, component, event, f);
    out.sinks->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

bool limiter::allow(std::uint64_t& suppressed)
{
    double const now =
        std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    if (now - last_ < period_s_) {
        ++suppressed_;
        return false;
    }
    suppressed = suppressed_;
    suppressed_ = 0;
    last_ = now;
    return true;
}

}  // namespace cerro::log
