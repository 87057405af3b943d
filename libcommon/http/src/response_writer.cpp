#include "response_writer.hpp"

#include <boost/beast/http/status.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

namespace cerro::http {

namespace {

constexpr std::size_t worth_compressing = 1024;  // [bytes]
// Compression runs on the event loop: this much holds all connections up for some ten milliseconds, no
// longer.
constexpr std::size_t most_to_compress = 1U << 20U;  // [bytes]

bool is_compressible(std::string_view type)
{
    static constexpr std::array<std::string_view, 7> prefixes{"text/",
                                                              "application/json",
                                                              "application/javascript",
                                                              "application/manifest+json",
                                                              "application/wasm",
                                                              "image/svg+xml",
                                                              "application/xml"};
    return std::any_of(prefixes.begin(), prefixes.end(), [type](std::string_view p) {
        return type.substr(0, p.size()) == p;
    });
}

std::string* find_header(response& r, std::string_view name)
{
    for (auto& [key, value] : r.headers) {
        if (same_name(key, name)) {
            return &value;
        }
    }
    return nullptr;
}

/// Nothing if zlib has no memory: then the body goes out as it is.
std::optional<bytes> gzip(byte_view data)
{
    z_stream z{};
    constexpr int level = 4;         // near the knee of time against size for JSON
    constexpr int gzip_window = 31;  // 15 bits, +16 for gzip's frame
    if (::deflateInit2(&z, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return std::nullopt;
    }
    bytes out(::deflateBound(&z, static_cast<uLong>(data.size())), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib's interface; it only reads
    z.avail_in = static_cast<uInt>(data.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    bool const done = ::deflate(&z, Z_FINISH) == Z_STREAM_END;
    out.resize(z.total_out);
    ::deflateEnd(&z);
    if (!done) {
        return std::nullopt;
    }
    return out;
}

void compress(response& r)
{
    std::string const* const type = find_header(r, "content-type");
    if (r.body.size() <= worth_compressing || r.body.size() > most_to_compress || type == nullptr ||
        !is_compressible(*type) || find_header(r, "content-encoding") != nullptr) {
        return;
    }
    if (auto smaller = gzip(r.body)) {
        r.body = std::move(*smaller);
        r.headers.emplace_back("Content-Encoding", "gzip");
        if (std::string* const vary = find_header(r, "vary")) {
            *vary += ", Accept-Encoding";
        } else {
            r.headers.emplace_back("Vary", "Accept-Encoding");
        }
    }
}

void append_header(bytes& out, std::string_view name, std::string_view value)
{
    auto const append_line_safe = [&out](std::string_view text) {
        std::transform(text.begin(), text.end(), std::back_inserter(out), [](char c) {
            return c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
        });
    };
    append_line_safe(name);
    out += ": ";
    append_line_safe(value);
    out += "\r\n";
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept
{
    auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view reason_phrase(int status) noexcept
{
    auto const known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
    auto const text = boost::beast::http::obsolete_reason(known);
    return {text.data(), text.size()};
}

std::string http_date(std::chrono::system_clock::time_point t)
{
    static constexpr std::array<char const*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::time_t const seconds = std::chrono::system_clock::to_time_t(t);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> clock{};
    std::size_t const length = std::strftime(clock.data(), clock.size(), "%Y %H:%M:%S GMT", &parts);
    std::string const day = (parts.tm_mday < 10 ? "0" : "") + std::to_string(parts.tm_mday);
    return std::string(days[static_cast<std::size_t>(parts.tm_wday)]) + ", " + day + " " +
           months[static_cast<std::size_t>(parts.tm_mon)] + " " + std::string(clock.data(), length);
}

bool allows_gzip(std::string_view accept_encoding)
{
    while (!accept_encoding.empty()) {
        std::size_t const comma = accept_encoding.find(',');
        std::string_view item = accept_encoding.substr(0, comma);
        accept_encoding = comma == std::string_view::npos ? "" : accept_encoding.substr(comma + 1);
        item.remove_prefix(std::min(item.find_first_not_of(" \t"), item.size()));
        std::size_t const end = item.find_first_of("; \t");
        if (same_name(item.substr(0, end), "gzip")) {
            std::size_t const q = item.find("q=");
            // "q=0", "q=0.0" forbid; any other digit allows.
            return q == std::string_view::npos ||
                   item.find_first_of("123456789", q) != std::string_view::npos;
        }
    }
    return false;
}

bytes to_bytes(response r, write_options const& o)
{
    if (o.accepts_gzip) {
        compress(r);
    }
    bytes out;
    out.reserve(256 + (o.head_only ? 0 : r.body.size()));
    out.append("HTTP/1.1 ")
        .append(std::to_string(r.status))
        .append(" ")
        .append(reason_phrase(r.status))
        .append("\r\n");
    append_header(out, "Date", http_date(std::chrono::system_clock::now()));
    for (auto const& [name, value] : r.headers) {
        bool const ours = same_name(name, "content-length") || same_name(name, "date") ||
                          same_name(name, "connection") || same_name(name, "transfer-encoding");
        if (!ours) {
            append_header(out, name, value);
        }
    }
    bool const has_body = r.status >= 200 && r.status != 204 && r.status != 304;
    if (has_body) {
        append_header(out,
                      "Content-Length",
                      std::to_string(r.source ? r.source->size() : std::uint64_t{r.body.size()}));
    }
    if (!o.keep_alive) {
        append_header(out, "Connection", "close");
    } else if (o.http_1_0) {
        append_header(out, "Connection", "keep-alive");
    }
    out += "\r\n";
    if (has_body && !o.head_only) {
        out += r.body;
    }
    return out;
}

}  // namespace cerro::http
