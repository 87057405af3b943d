#pragma once

/// @file
/// The segment files of one realm: which there are, what is in them, and reading them in order.

#include "segment_format.hpp"
#include <cerro/router/history_files.hpp>
#include <cerro/router/history_store.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cerro::router {

/// One file. The writer appends and raises `size` when whole records are in the file; others read up to
/// there.
struct history_segment {
    struct point {
        std::uint64_t position;
        std::uint64_t offset;
    };

    std::string path;
    std::uint64_t first_position = 0;  ///< no record in it has a lower one
    std::shared_ptr<history_file> file;
    std::uint64_t begin = 0;  ///< offset of the first record
    std::atomic<std::uint64_t> size{0};
    std::atomic<std::uint64_t> last_position{0};  ///< 0: not known yet, or no record
    std::atomic<std::int64_t> first_time_ns{0};   ///< of the first record; 0: not known, or none
    std::atomic<std::uint64_t> records{0};

    /// Tells of a record at `offset`; makes a point of it now and then.
    void note(std::uint64_t position, std::int64_t time_ns, std::uint64_t offset);
    [[nodiscard]] std::vector<point> points() const;

    bool indexed = false;  ///< under `index_mutex`
    mutable std::mutex index_mutex;

private:
    friend class history_segments;
    std::vector<point> index_;
};

/// What was found wrong in a file.
struct history_damage {
    std::string path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool cut = false;  ///< at the end of the newest file: cut off
};

/// All files of a folder, oldest first. Safe for use by several threads.
class history_segments {
public:
    using damage_report = std::function<void(history_damage const&)>;
    using visitor = std::function<bool(history_record const&)>;

    /// Looks at what is there; reads the newest file whole, and cuts its torn end.
    /// @throws failure: the folder cannot be read, or has files of a later version
    history_segments(std::shared_ptr<history_files> files, std::string folder, damage_report report);

    /// The position of the last record; 0: there is none.
    [[nodiscard]] std::uint64_t last_position() const;
    /// Of the oldest record that may still be there; 0: there is none.
    [[nodiscard]] std::uint64_t oldest_position() const;
    [[nodiscard]] std::int64_t oldest_time_ns() const;
    [[nodiscard]] std::uint64_t size_bytes() const;
    [[nodiscard]] std::uint64_t record_count() const;

    /// The file to append to, if there is one.
    [[nodiscard]] std::shared_ptr<history_segment> newest() const;
    /// Makes a new file, whose records begin with `position`.
    [[nodiscard]] result<std::shared_ptr<history_segment>> create(std::uint64_t position,
                                                                  std::int64_t time_ns);
    /// Removes the oldest files, never the newest, until all together are at most `most`.
    [[nodiscard]] result<void> shrink(std::uint64_t most);

    /// Reads one file that nobody has read yet, and reports its damage. @return false: all are known
    bool check_one();

    /// Calls `visit` for each record of positions first to last until it returns false.
    /// @return errc::io
    [[nodiscard]] result<void> walk(std::uint64_t first,
                                    std::uint64_t last,
                                    bool reverse,
                                    visitor const& visit);

private:
    using segment = history_segment;
    struct range {
        std::uint64_t first;
        std::uint64_t last;
    };

    [[nodiscard]] std::vector<std::shared_ptr<segment>> all() const;
    result<void> check(segment& s, bool newest);
    void open(std::string const& name);
    /// @return false: `visit` has enough, or nothing more can come
    static result<bool> walk_up(segment const& s, range const& wanted, visitor const& visit);
    static result<bool> walk_down(segment const& s, range const& wanted, visitor const& visit);
    static segment_format::source source_of(segment const& s);

    std::shared_ptr<history_files> files_;
    std::string folder_;
    damage_report report_;
    mutable std::mutex mutex_;
    std::deque<std::shared_ptr<segment>> segments_;
};

}  // namespace cerro::router
