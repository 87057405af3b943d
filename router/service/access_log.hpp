#pragma once

/// @file
/// Who came, went, asked and was denied: one JSON object a line, in a file or on standard output.

#include <cerro/codec/value.hpp>
#include <cerro/metrics/registry.hpp>
#include <cerro/router/access_log_settings.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace cerro::router {

/// Lines are written by a thread of its own, so that a stalled disk holds nobody up. What would go over the
/// rate, over the queue's bound, or cannot be written is left out and counted; a line "suppressed" tells how
/// many, once there is room again.
class access_log {
public:
    static constexpr std::size_t most_queued = 4U << 20U;  ///< [bytes]

    /// @throws failure (exit code 3) when the file cannot be opened
    access_log(access_log_settings s, metrics::registry& metrics);
    access_log(access_log const&) = delete;
    access_log& operator=(access_log const&) = delete;
    ~access_log();

    [[nodiscard]] access_log_settings const& settings() const { return settings_; }
    /// One line: "time" and "event" come first.
    void write(std::string_view event, dict const& about);
    /// The file is opened anew by its name, for log rotation. Nothing happens on standard output.
    void reopen();

private:
    bool room_in_rate();
    void queue(std::string line);
    void run();
    bool append(std::string const& text);

    access_log_settings settings_;
    metrics::counter& written_;
    metrics::counter& over_rate_;
    metrics::counter& over_queue_;
    metrics::counter& failed_;
    std::chrono::steady_clock::time_point second_{};  // the one that is counted
    std::size_t in_second_ = 0;
    std::uint64_t suppressed_ = 0;  // not yet told

    std::mutex guard_;
    std::condition_variable wake_;
    std::string queued_;
    std::size_t queued_lines_ = 0;
    bool reopen_ = false;
    bool ending_ = false;

    int file_ = -1;  // of the thread, once it runs
    std::thread thread_;
};

}  // namespace cerro::router
