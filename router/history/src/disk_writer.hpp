#pragma once

/// @file
/// From append() to the disk: a bounded queue of encoded records, and the thread that writes them.

#include "position_file.hpp"
#include "segments.hpp"
#include <cerro/base/time.hpp>
#include <cerro/router/disk_history.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace cerro::router {

/// What the threads of a store tell each other and the metrics.
struct disk_history_state {
    std::atomic<std::uint64_t> queued_bytes{0};
    std::atomic<std::uint64_t> written{0};          ///< position of the last record in a file
    std::atomic<std::int64_t> oldest_queued_ns{0};  ///< wall time of the first record of the queue; 0: none
    std::shared_ptr<history_segments> segments;
    metrics::counter* write_errors = nullptr;
    metrics::counter* refused = nullptr;
    metrics::counter* damaged_bytes = nullptr;

    void set_trouble(std::string text);
    [[nodiscard]] std::string trouble() const;

private:
    mutable std::mutex mutex_;
    std::string trouble_;
};

class disk_writer {
public:
    /// @param first    the first position to give
    /// @param reserved a limit that `positions` holds already
    /// @param progress called on the writer's thread when `written` has grown
    /// @param sync     called on the writer's thread with a file that is to be synced
    disk_writer(disk_history_options const& options,
                std::shared_ptr<disk_history_state> state,
                std::unique_ptr<position_file> positions,
                std::uint64_t first,
                std::uint64_t reserved,
                std::function<void()> progress,
                std::function<void(std::shared_ptr<history_file>)> sync);
    disk_writer(disk_writer const&) = delete;
    disk_writer& operator=(disk_writer const&) = delete;
    /// Writes what is queued; gives up after stop_time when the disk fails.
    ~disk_writer();

    // On the thread of the store's user:
    std::uint64_t append(history_record& r);
    std::uint64_t take_position();

private:
    using clock = std::chrono::steady_clock;

    void run();
    void write_batch();
    /// Writes octets `from` to `to` of the batch. @return false when giving up
    bool write_part(std::size_t from, std::size_t to, std::uint64_t first_position);
    [[nodiscard]] result<void> try_part(byte_view part, std::uint64_t first_position);
    /// Has a file to write to, a new one if need be.
    [[nodiscard]] result<void> ready(std::size_t size, std::uint64_t first_position);
    void reserve_positions();
    void failed(std::string const& what);
    void sync_if_due();
    /// @return false when it is time to give up
    bool wait_to_retry();
    void want_positions();

    disk_history_options const options_;
    std::uint64_t const segment_bytes_;
    std::shared_ptr<disk_history_state> state_;
    std::unique_ptr<position_file> positions_;
    std::function<void()> progress_;
    std::function<void(std::shared_ptr<history_file>)> sync_;

    std::uint64_t next_;  // of the user's thread
    std::atomic<std::uint64_t> reserved_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bytes pending_;
    bool idle_ = false;
    bool stopping_ = false;
    bool positions_wanted_ = false;
    clock::time_point give_up_{};

    // Of the writer's thread:
    bytes batch_;
    std::shared_ptr<history_segment> segment_;
    std::size_t part_done_ = 0;  // of a part that failed on the way: octets that are in the file
    bool dirty_ = false;
    bool failing_ = false;
    clock::time_point last_sync_{};
    std::thread thread_;
};

}  // namespace cerro::router
