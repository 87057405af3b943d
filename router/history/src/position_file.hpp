#pragma once

/// @file
/// The file `positions`: a number that no position in use reaches. It is raised ahead of use, by blocks, so
/// that a position that somebody may have seen is never given a second time, even if its record was lost.

#include <cerro/router/history_files.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cerro::router {

class position_file {
public:
    /// @throws failure
    position_file(history_files& files, std::string const& folder);

    /// What the file said when it was opened; nothing: it was new, or damaged.
    [[nodiscard]] std::optional<std::uint64_t> limit() const { return limit_; }
    /// Was there something that could not be read?
    [[nodiscard]] bool damaged() const { return damaged_; }
    /// Survives a loss of power when it has returned.
    [[nodiscard]] result<void> store(std::uint64_t limit);

private:
    std::shared_ptr<history_file> file_;
    std::optional<std::uint64_t> limit_;
    bool damaged_ = false;
};

}  // namespace cerro::router
