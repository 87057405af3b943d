#pragma once

/// @file
/// Where frames go: <data_dir>/<first 5 digits of Unix time>/<Unix time>.g3, a new file each time_per_file.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace cerro::aggregator {

/// A file being written. Errors name the path.
class output_file {
public:
    virtual ~output_file() = default;
    /// Appends all of it, or fails; how much was written then is unknown.
    [[nodiscard]] virtual result<void> write(byte_view octets) = 0;
    [[nodiscard]] virtual result<void> cut(std::uint64_t size) = 0;
    [[nodiscard]] virtual result<void> sync() = 0;
};

/// The part of a file system that we need, so that tests can make it fail.
class file_layer {
public:
    virtual ~file_layer() = default;
    /// Makes the folder, with those above it.
    [[nodiscard]] virtual result<void> make_folder(std::string const& path) = 0;
    /// @return errc::refused if something of that name exists
    [[nodiscard]] virtual result<std::unique_ptr<output_file>> create(std::string const& path) = 0;
    [[nodiscard]] virtual result<void> remove(std::string const& path) = 0;

    /// The real one.
    static std::unique_ptr<file_layer> system();
};

struct archive_options {
    std::string data_dir;
    double time_per_file = 3600;  ///< [s]
};

/// The files of one recording session. Every file begins with the session frame, and before the first data
/// frame stands the status frame in force. No file is ever opened a second time, no name used twice.
class archive {
public:
    archive(archive_options o, bytes session_frame, file_layer& layer);

    /// Opens a file if none is open. @param now Unix [s], names it
    [[nodiscard]] result<void> open(double now);
    /// Writes one frame, whole or not at all. After a failure the file is closed behind its last whole frame;
    /// the next write opens another one.
    [[nodiscard]] result<void> write_status(byte_view frame, double now);
    [[nodiscard]] result<void> write_data(byte_view frame, double now);
    /// Closes the file if it is older than time_per_file.
    [[nodiscard]] result<void> rotate(double now);
    [[nodiscard]] result<void> close();

    /// "" when none is open
    [[nodiscard]] std::string const& current_file() const noexcept { return path_; }
    [[nodiscard]] std::uint64_t files() const noexcept { return files_; }

private:
    [[nodiscard]] result<void> append(byte_view frame);
    [[nodiscard]] result<void> begin_file(double now, bool with_status);

    archive_options options_;
    bytes session_frame_;
    file_layer& layer_;
    std::unique_ptr<output_file> file_;
    std::string path_;
    double opened_ = 0;
    std::uint64_t size_ = 0;
    std::uint64_t files_ = 0;
    bytes status_;  // in force
    bool status_in_file_ = false;
};

}  // namespace cerro::aggregator
