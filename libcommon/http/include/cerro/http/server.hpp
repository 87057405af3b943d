#pragma once

/// @file
/// HTTP/1.1 server: a table of paths, JSON errors, static files; WebSocket upgrades are handed to transport.
/// Limits: head 16 KiB (431), body 1 MiB (413), 10 s for the head, keep-alive 75 s.

#include <cerro/base/bytes.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/transport/stream.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cerro::http {

namespace asio = boost::asio;

struct request {
    std::string method;                                        ///< "GET"
    std::string path;                                          ///< decoded, without query: "/query"
    std::string query;                                         ///< as sent, without '?'
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
    bytes body;
    std::string peer;
    bool tls = false;

    /// First header of that (lower-case) name, or null pointer.
    [[nodiscard]] std::string const* header(std::string_view name) const;
    /// Decoded value of a query parameter, or nothing.
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

/// A body that is read piece by piece while it is sent: large files are never whole in memory.
class body_source {
public:
    virtual ~body_source() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// The next piece; empty before size() octets have come: the rest cannot be had, and the connection is cut.
    virtual bytes next() = 0;
};

struct response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>>
        headers;  ///< Content-Length, Date and Connection are added
    bytes body;
    std::shared_ptr<body_source> source;  ///< not null: in place of `body`, never compressed

    static response json(value const& v, int status = 200);
    static response text(std::string body, int status = 200, std::string type = "text/plain; charset=utf-8");
    /// {"error": ..., "message": ...}
    static response problem(int status, std::string message);
};

/// Answers one request. An exception is answered with 500 and logged. When the client goes away the coroutine
/// is cancelled (its next wait ends with operation_aborted).
using handler = std::function<asio::awaitable<response>(request)>;
/// Takes the connection over (WebSocket): the request's head as received and what was read behind it.
using upgrade_handler = std::function<void(std::shared_ptr<transport::stream>, bytes head, bytes rest)>;

struct server_limits {
    std::size_t max_head = 16U << 10U;
    std::size_t max_body = 1U << 20U;
    std::chrono::milliseconds head_timeout{10'000};
    std::chrono::milliseconds idle_timeout{75'000};
    std::chrono::milliseconds write_timeout{30'000};
};

/// How files are served.
struct file_options {
    std::string default_file = "index.html";
    std::map<std::string, std::string> mime_types;  ///< ".ext" -> type; before the built-in ones
    std::string cache_control;                      ///< empty: an hour, pages not at all
    bool allow_cross_origin = false;
    bool listing = false;  ///< folders without the default file are listed
};

class server {
public:
    /// `component` stands in log lines.
    static std::shared_ptr<server> create(asio::any_io_executor ex,
                                          std::string component,
                                          server_limits lim = {});
    virtual ~server() = default;
    /// `method` "*" = any; a path ending in "/" serves everything below it; the longest path wins. 404 and
    /// 405 are ours.
    virtual void route(std::string method, std::string path, handler h) = 0;
    virtual void route_upgrade(std::string path, upgrade_handler h) = 0;
    /// Files below `directory` under `prefix` (which ends in "/"); "" is the default file; no path traversal,
    /// no dot files; ETag, Content-Type by extension.
    virtual void route_files(std::string prefix, std::string directory, file_options o = {}) = 0;
    /// Forgets all routes: new ones may follow. What is being answered, and upgraded connections, go on.
    virtual void clear_routes() = 0;
    /// @throws failure as transport::listen does. May be called several times.
    virtual std::uint16_t listen(transport::listen_options o) = 0;
    /// Serves a connection that somebody else accepted; `rest` is what was already read from it.
    virtual void serve(std::shared_ptr<transport::stream> s, bytes rest = {}) = 0;
    /// Takes no new connections; what is asked on the present ones is still answered, and ends them.
    virtual void stop_listening() = 0;
    /// Requests that are not completely answered yet.
    [[nodiscard]] virtual std::size_t requests_open() const = 0;
    /// Stops listening and closes all connections.
    virtual void stop() = 0;
};

}  // namespace cerro::http
