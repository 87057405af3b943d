#pragma once

/// @file
/// The thread that reads pages, syncs files, and looks through what was there at the start.

#include "segments.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace cerro::router {

class disk_reader {
public:
    explicit disk_reader(std::shared_ptr<history_segments> segments, std::size_t max_reads);
    disk_reader(disk_reader const&) = delete;
    disk_reader& operator=(disk_reader const&) = delete;
    /// Ends after the job at hand; others are dropped.
    ~disk_reader();

    /// Runs `job` on the thread. @return false: too many wait already
    bool read(std::function<void()> job);
    void sync(std::shared_ptr<history_file> file);

private:
    void run();

    std::shared_ptr<history_segments> segments_;
    std::size_t const max_reads_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> reads_;
    std::deque<std::shared_ptr<history_file>> syncs_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace cerro::router
