#pragma once

/// @file
/// Writes frames on a thread of its own, so that a stalled disk never stalls the network side. Between the
/// two stands a queue with a bound in octets; above it the oldest data frames are dropped and counted.

#include <cerro/aggregator/files.hpp>
#include <cerro/aggregator/recorder.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cerro::aggregator {

struct disk_options {
    std::uint64_t max_queue = 256U << 20U;  ///< [octets]
    std::chrono::milliseconds retry_period{
        30'000};  ///< after a failure (disk full, no permission, folder gone)
    std::chrono::milliseconds stall_after{5'000};  ///< a write that takes longer is reported
};

/// The writer's state at one moment.
struct disk_status {
    bool opened = false;         ///< the first file of the session could be made
    bool finished = false;       ///< after finish(): all is written, or given up
    std::string current_file;    ///< "" between files
    std::string trouble;         ///< what is wrong now, for operators; "" = all is well
    std::uint64_t failures = 0;  ///< writes that failed so far
    std::uint64_t queued_octets = 0;
    std::uint64_t written_frames = 0;
    std::uint64_t written_samples = 0;
    std::uint64_t dropped_frames = 0;
    std::uint64_t dropped_samples = 0;
    std::uint64_t files = 0;
};

class disk_writer {
public:
    /// Starts the thread, which opens the first file at once.
    disk_writer(archive_options files,
                disk_options o,
                bytes session_frame,
                double start_time,
                std::shared_ptr<file_layer> layer);
    /// Never blocks: a thread that has not finished goes on by itself, as after finish(), and ends with the
    /// disk's answer or with the process. Look at status().finished before.
    ~disk_writer();
    disk_writer(disk_writer const&) = delete;
    disk_writer& operator=(disk_writer const&) = delete;

    /// Never blocks. Frames of one tick, in order; an empty batch only lets the file be rotated.
    /// @param now Unix [s], names files that are opened for this batch
    void submit(std::vector<outgoing_frame> frames, double now);
    /// Write what is queued (one attempt for each frame), close the file, end.
    void finish();
    [[nodiscard]] disk_status status() const;

private:
    class impl;
    std::shared_ptr<impl> impl_;  // the thread's too
};

}  // namespace cerro::aggregator
