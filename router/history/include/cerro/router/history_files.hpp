#pragma once

/// @file
/// The part of a file system that the history on disk needs, so that tests can make it fail.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

/// An open file. Errors name the path. May be read by one thread while another writes.
class history_file {
public:
    virtual ~history_file() = default;
    /// @return octets written: at least one, perhaps fewer than asked for
    [[nodiscard]] virtual result<std::size_t> write(byte_view octets, std::uint64_t offset) = 0;
    /// @return octets read; 0 at the end of the file
    [[nodiscard]] virtual result<std::size_t> read(std::uint64_t offset,
                                                   char* into,
                                                   std::size_t most) const = 0;
    [[nodiscard]] virtual result<std::uint64_t> size() const = 0;
    [[nodiscard]] virtual result<void> cut(std::uint64_t size) = 0;
    /// What was written survives a loss of power.
    [[nodiscard]] virtual result<void> sync() = 0;
    /// Has the file still its name, or was it removed?
    [[nodiscard]] virtual bool linked() const = 0;
};

/// All functions may be called from any thread.
class history_files {
public:
    virtual ~history_files() = default;
    /// Makes the folder, with those above it.
    [[nodiscard]] virtual result<void> make_folder(std::string const& path) = 0;
    /// Names of the files in a folder.
    [[nodiscard]] virtual result<std::vector<std::string>> list(std::string const& folder) = 0;
    /// For reading and writing.
    [[nodiscard]] virtual result<std::shared_ptr<history_file>> open(std::string const& path,
                                                                     bool create) = 0;
    [[nodiscard]] virtual result<void> remove(std::string const& path) = 0;
    /// Holds a folder for this process until the result is destroyed.
    /// @return errc::refused when another process has it
    [[nodiscard]] virtual result<std::shared_ptr<void>> lock(std::string const& path) = 0;

    /// The real one.
    static std::shared_ptr<history_files> system();
};

}  // namespace cerro::router
