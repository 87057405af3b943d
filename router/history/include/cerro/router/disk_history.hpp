#pragma once

/// @file
/// Event history on disk: a ring of segment files for one realm. Writing and reading have a thread each; who
/// appends never waits for the disk.

#include <cerro/base/time.hpp>
#include <cerro/metrics/registry.hpp>
#include <cerro/router/history_files.hpp>
#include <cerro/router/history_store.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cerro::router {

struct disk_history_options {
    std::string folder;  ///< of all realms; each has one of its own in it
    std::string realm;
    std::uint64_t max_bytes = 1ULL << 30U;  ///< of all files; then the oldest goes
    std::uint64_t segment_bytes =
        0;  ///< of one file; 0: a sixteenth, but 64 KiB to 64 MiB, and at most 64 files
    std::size_t queue_bytes = 64U << 20U;  ///< that wait for the disk; beyond, append() gives 0
    std::size_t max_reads = 64;            ///< read() calls that wait; beyond, they are refused
    std::optional<std::chrono::milliseconds> sync_period{1'000};  ///< for a loss of power; none: never
    std::chrono::milliseconds retry_period{1'000};                ///< after an error of the disk
    std::chrono::milliseconds stop_time{
        5'000};                                ///< for what is queued when the store ends and its disk fails
    std::uint64_t position_block = 4'000'000;  ///< positions set aside at a time
    /// Runs a function on the thread that uses the store, later. Called on any thread.
    std::function<void(std::function<void()>)> post;
    std::function<wall_time()> wall = [] { return std::chrono::system_clock::now(); };
};

/// Opens the realm's folder, which is made if need be, and starts the two threads. Destroying the store ends
/// them, after what is queued is written.
/// @param metrics must live as long as the process
/// @throws failure: the folder cannot be used, or another process has it; the text names the cure
[[nodiscard]] std::unique_ptr<history_store> open_disk_history(
    disk_history_options options,
    metrics::registry& metrics,
    std::shared_ptr<history_files> files = history_files::system());

}  // namespace cerro::router
