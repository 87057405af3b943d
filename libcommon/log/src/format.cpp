#include "format.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace cerro::log {

namespace {

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Length of the valid UTF-8 sequence that begins at `at`; 0 if there is none.
std::size_t sequence_length(std::string_view text, std::size_t at)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char const first = byte(at);
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        low = first == 0xe0 ? 0xa0 : 0x80;   // no overlong forms
        high = first == 0xed ? 0x9f : 0xbf;  // no surrogates
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        low = first == 0xf0 ? 0x90 : 0x80;
        high = first == 0xf4 ? 0x8f : 0xbf;
    }
    if (length == 0 || at + length > text.size() || byte(at + 1) < low || byte(at + 1) > high) {
        return 0;
    }
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(at + i) < 0x80 || byte(at + i) > 0xbf) {
            return 0;
        }
    }
    return length;
}

/// Appends `text` in double quotes. The escapes are JSON's in both kinds of line.
void append_quoted(std::string& out, std::string_view text)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (std::size_t i = 0; i < text.size();) {
        char const c = text[i];
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (is_control(c)) {
            out += "\\u00";
            out += digits[static_cast<unsigned char>(c) >> 4U];
            out += digits[static_cast<unsigned char>(c) & 15U];
        } else {
            std::size_t const length = sequence_length(text, i);
            if (length == 0) {
                out += "\xef\xbf\xbd";
            } else {
                out += text.substr(i, length);
                i += length;
                continue;
            }
        }
        ++i;
    }
    out += '"';
}

bool needs_quotes(std::string_view text)
{
    return text.empty() || std::any_of(text.begin(), text.end(), [](char c) {
               return is_control(c) || c == ' ' || c == '"' || c == '\\' || c == '=' || (c & 0x80) != 0;
           });
}

/// NaN and infinities are no JSON numbers.
bool is_json_number_or_boolean(field const& f)
{
    return f.bare && f.text.find("nan") == std::string::npos && f.text.find("inf") == std::string::npos;
}

}  // namespace

std::string_view name(level l) noexcept
{
    static constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warn", "error", "off"};
    return names[std::min<std::size_t>(static_cast<std::size_t>(l), names.size() - 1)];
}

std::string stamp(std::chrono::system_clock::time_point t)
{
    std::time_t const seconds = std::chrono::system_clock::to_time_t(t);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 40> buffer{};
    std::size_t const length = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S+0000", &parts);
    return {buffer.data(), length};
}

std::string text_line(
    std::string_view time, level l, std::string_view component, std::string_view event, fields f)
{
    std::string line;
    line.reserve(128);
    line.append(time).append(" ").append(name(l)).append(" ").append(component).append(" ").append(event);
    for (field const& one : f) {
        line.append(" ").append(one.key).append("=");
        if (!one.bare && needs_quotes(one.text)) {
            append_quoted(line, one.text);
        } else {
            line += one.text;
        }
    }
    return line;
}

std::string json_line(
    std::string_view time, level l, std::string_view component, std::string_view event, fields f)
{
    std::string line;
    line.reserve(192);
    auto const member = [&line](std::string_view key) {
        line += line.empty() ? '{' : ',';
        append_quoted(line, key);
        line += ':';
    };
    member("time");
    append_quoted(line, time);
    member("level");
    append_quoted(line, name(l));
    member("component");
    append_quoted(line, component);
    member("event");
    append_quoted(line, event);
    for (field const& one : f) {
        member(one.key);
        if (is_json_number_or_boolean(one)) {
            line += one.text;
        } else {
            append_quoted(line, one.text);
        }
    }
    line += '}';
    return line;
}

}  // namespace cerro::log
