#pragma once

/// @file
/// The bytes of a .g3 file: mapped when plain, unpacked into memory when the name ends in .gz or .bz2.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>

#include <cstdint>

namespace cerro::g3 {

struct file_limits {
    std::uint64_t max_unpacked = std::uint64_t{4} << 30U;  ///< largest content of a packed file [octets]
};

/// A file's content, read-only. Appending to the file meanwhile is harmless (what comes later is not seen);
/// whoever cuts a mapped file short makes its readers die of SIGBUS, so writers must not.
class file {
public:
    /// @return errc::not_found, io, malformed (broken packing), limit_exceeded; the text names the file
    [[nodiscard]] static result<file> open(std::string path, file_limits const& limits = {});

    file(file&& other) noexcept;
    file& operator=(file&& other) noexcept;
    file(file const&) = delete;
    file& operator=(file const&) = delete;
    ~file();

    [[nodiscard]] byte_view content() const noexcept;
    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    /// Offsets of frames are then those of the unpacked content: no seeking in the file by them.
    [[nodiscard]] bool is_packed() const noexcept { return mapped_ == nullptr && !unpacked_.empty(); }

private:
    file() = default;
    std::string path_;
    char const* mapped_ = nullptr;
    std::size_t mapped_size_ = 0;
    bytes unpacked_;
};

}  // namespace cerro::g3
