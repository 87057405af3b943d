#pragma once

/// @file
/// The logging front: level, component, event name, key=value pairs. Text lines for people, or one JSON
/// object a line. Thread-safe. Never payloads, never secrets.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace cerro::log {

enum class level : std::uint8_t { trace, debug, info, warn, error, off };

/// One key=value pair. Numbers are written shortest; text is quoted where needed.
struct field {
    field(std::string_view k, std::string_view v) : key(k), text(v) {}
    field(std::string_view k, std::string const& v) : key(k), text(v) {}
    field(std::string_view k, char const* v) : key(k), text(v) {}
    field(std::string_view k, bool v) : key(k), text(v ? "true" : "false"), bare(true) {}
    template <class T>
    requires(std::integral<T> || std::floating_point<T>) field(std::string_view k, T v) : key(k), bare(true)
    {
        char buffer[40];
        auto const end = std::to_chars(buffer, buffer + sizeof buffer, v).ptr;
        text.assign(buffer, end);
    }

    std::string_view key;
    std::string text;
    bool bare = false;  ///< a JSON number or boolean
};

using fields = std::initializer_list<field>;

struct settings {
    level threshold = level::info;
    bool json = false;       ///< JSON lines instead of text
    std::string file;        ///< also appended there (text as stdout); empty = no file
    bool to_stderr = false;  ///< instead of standard output; for tools, whose output is their answer
};

/// Applies at once; before the first call: info, text, standard output.
/// @throws failure when the file cannot be written
void configure(settings const& s);
/// What holds now; to change one thing: take it, change it, configure() it.
[[nodiscard]] settings configured();
/// "critical" and "error" -> error, "warn", "info", "debug", "trace" (the names of LOGLEVEL); anything else
/// -> info
[[nodiscard]] level parse_level(std::string_view name);
[[nodiscard]] bool enabled(level l) noexcept;

/// One line: `2026-11-21T03:57:31+0000 info router session_joined session=17 realm=test_realm`.
void write(level l, std::string_view component, std::string_view event, fields f = {});

inline void debug(std::string_view component, std::string_view event, fields f = {})
{
    write(level::debug, component, event, f);
}
inline void info(std::string_view component, std::string_view event, fields f = {})
{
    write(level::info, component, event, f);
}
inline void warn(std::string_view component, std::string_view event, fields f = {})
{
    write(level::warn, component, event, f);
}
inline void error(std::string_view component, std::string_view event, fields f = {})
{
    write(level::error, component, event, f);
}

/// Rate limit for one place in the code: true at most once each `period_s`; counts what it suppressed.
class limiter {
public:
    explicit limiter(double period_s = 10.0) : period_s_(period_s) {}
    /// @param suppressed set to the number of refusals since the last true
    bool allow(std::uint64_t& suppressed);

private:
    double period_s_;
    double last_ = -1e18;
    std::uint64_t suppressed_ = 0;
};

}  // namespace cerro::log
