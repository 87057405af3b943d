#pragma once

// Private: one file, summed up.

#include <cerro/codec/value.hpp>
#include <cerro/g3/hk.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cerro::g3_tool {

struct time_range {
    std::optional<std::int64_t> first;  // [ticks]
    std::optional<std::int64_t> last;
    void include(std::int64_t from, std::int64_t to);
};

struct field_summary {
    std::uint64_t samples = 0;
    std::string type;
    time_range times;
    value last_value;
};

struct block_summary {
    std::uint64_t samples = 0;  // times
    time_range times;
    std::map<std::string, field_summary> fields;
};

struct provider_summary {
    std::string description;
    std::uint64_t frames = 0;
    std::map<std::string, block_summary> blocks;
};

struct session_summary {
    std::optional<double> start_time;
    std::string description;
    std::map<std::int64_t, provider_summary> providers;
};

struct error_at {
    std::optional<std::uint64_t> offset;
    std::string text;
};

struct file_summary {
    std::string path;
    std::uint64_t size = 0;  // unpacked
    bool packed = false;
    std::uint64_t frames = 0;
    std::uint64_t other_frames = 0;  // not of type H
    std::map<std::int64_t, session_summary> sessions;
    std::vector<error_at> errors;

    [[nodiscard]] std::uint64_t samples() const;  // values of all fields
    [[nodiscard]] time_range times() const;
};

[[nodiscard]] file_summary scan_file(std::string const& path);

/// Files below `path` that are named like .g3 files, in order; or `path` itself if it is no folder.
[[nodiscard]] std::vector<std::string> g3_files(std::string const& path, std::vector<error_at>& errors);

/// "2023-11-14T22:13:20.000Z"
[[nodiscard]] std::string utc_text(std::int64_t ticks);
/// [{offset, text}, ...]
[[nodiscard]] list errors_json(std::vector<error_at> const& errors);

}  // namespace cerro::g3_tool
