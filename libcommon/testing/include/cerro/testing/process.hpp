#pragma once

/// @file
/// For tests: child processes that never outlive the test, temporary folders, free ports, and waiting for a
/// condition. Everything that does not come in time throws std::runtime_error with what was seen so far.

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cerro::testing {

using std::chrono::milliseconds;

inline constexpr milliseconds patience{
    20'000};  ///< default deadline: generous, since builders share processors

struct process_options {
    std::map<std::string, std::string> env;  ///< added to (or replacing) this process's environment
    std::string cwd;                         ///< empty = this process's
};

/// A program in its own process group; the whole group is killed when this object dies (and when the test
/// dies).
class process {
public:
    /// @param argv the program (looked up in PATH if it has no '/') and its arguments
    /// @throws std::runtime_error if it cannot be started
    explicit process(std::vector<std::string> argv, process_options options = {});
    ~process();
    process(process&&) noexcept;
    process& operator=(process&&) noexcept;

    [[nodiscard]] int pid() const;
    /// The first line of stdout and stderr (merged) that contains `pattern`, or in which it is found as a
    /// regular expression (ECMAScript). Searches from the beginning, or from line number `from` (see
    /// lines()).
    std::string wait_for_line(std::string const& pattern,
                              milliseconds deadline = patience,
                              std::size_t from = 0);
    /// Number of complete lines so far: a mark for wait_for_line().
    [[nodiscard]] std::size_t lines() const;
    /// All output so far.
    [[nodiscard]] std::string output() const;
    /// To the process alone, not to its group.
    void signal(int number);
    [[nodiscard]] bool running();
    /// Waits for its end. @return the exit code; 128 + number after a signal
    int wait(milliseconds deadline = patience);

private:
    class state;
    std::unique_ptr<state> state_;
};

/// A new empty folder, removed with all its contents.
class temp_dir {
public:
    temp_dir();
    ~temp_dir();
    temp_dir(temp_dir const&) = delete;
    temp_dir& operator=(temp_dir const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string const& name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

/// A TCP port of 127.0.0.1 that was free a moment ago. Prefer port 0 where the program can tell what it got.
[[nodiscard]] unsigned short free_port();

/// Asks until it is true or the deadline passes. @return the last answer
bool eventually(milliseconds deadline, std::function<bool()> const& is_so);

void write_file(std::filesystem::path const& path, std::string const& contents);
[[nodiscard]] std::string read_file(std::filesystem::path const& path);

}  // namespace cerro::testing
