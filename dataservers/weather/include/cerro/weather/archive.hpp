#pragma once

/// @file
/// A folder of weather files as a source: `<field>.dat`, parsed once and kept until the file changes.

#include <cerro/base/result.hpp>
#include <cerro/dans/source.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>

namespace cerro::weather {

struct weather_file {
    std::string description;
    std::string timeline;
    std::string units;
    dans::series samples;
    std::optional<double> interval;  ///< the most frequent distance of samples [s]
    std::size_t bad_lines = 0;
};

/// Line 1 `# description`, 2 `# timeline`, 3 `# units`; other lines with `#` and empty ones are passed over;
/// data lines
/// `<unix time> <value>`. Lines that are none of these, or whose time goes back, are counted and left out.
/// @return errc::malformed when one of the three header lines is missing
[[nodiscard]] result<weather_file> parse_weather_file(std::string_view text);

/// Reads the folder at first in the constructor, later on a thread of its own: a request that comes
/// `refresh_every` after the last look starts the next one, and is answered from what is known. So nothing
/// but memory is touched where requests are served.
class archive : public dans::source {
public:
    /// @throws failure (exit code 3) if `folder` is none
    explicit archive(std::filesystem::path folder,
                     std::chrono::milliseconds refresh_every = std::chrono::seconds(5));
    /// Waits for the file that is being read.
    ~archive() override;
    archive(archive const&) = delete;
    archive& operator=(archive const&) = delete;

    dans::catalogue fields(dans::time_range range) override;
    std::optional<dans::field_info> find(std::string const& field) override;
    dans::series read(std::string const& field, dans::time_range range) override;
    dans::series latest(std::string const& field, dans::time_range range) override;
    std::optional<double> finalized_until(std::string const& timeline) override;

    /// How many files were parsed so far.
    [[nodiscard]] std::size_t parsed() const noexcept;

private:
    class reader;
    struct entry {
        std::filesystem::file_time_type changed;
        std::uintmax_t size = 0;
        std::shared_ptr<weather_file const> file;  ///< null if it could not be read as such
    };
    using contents = std::map<std::string, entry, std::less<>>;
    void refresh();
    weather_file const* known(std::string const& field) const;

    std::chrono::milliseconds refresh_every_;
    std::unique_ptr<reader> reader_;
    std::shared_ptr<contents const> files_;
    std::chrono::steady_clock::time_point asked_;
};

}  // namespace cerro::weather
