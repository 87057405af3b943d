#pragma once

// One accepted connection: its requests, one after the other.

#include "request_reader.hpp"
#include "routes.hpp"

#include <boost/asio/steady_timer.hpp>

#include <array>

namespace cerro::http {

/// What all connections of a server use.
struct server_shared {
    std::string component;
    server_limits limits;
    route_table routes;
    bool ending = false;  ///< each connection ends with its present request
};

class connection : public std::enable_shared_from_this<connection> {
public:
    /// @param rest what was already read from the stream
    connection(std::shared_ptr<server_shared const> shared,
               std::shared_ptr<transport::stream> stream,
               bytes rest);

    /// Until the connection has ended or was handed over. `self` keeps it alive.
    static asio::awaitable<void> run(std::shared_ptr<connection> self);
    /// Cuts the connection; a handler that runs is cancelled.
    void close();
    /// Is a request being served?
    [[nodiscard]] bool busy() const { return busy_; }

private:
    enum class outcome : std::uint8_t { ok, closed, timed_out, refused };
    struct running;

    asio::awaitable<void> serve_requests();
    asio::awaitable<bool> serve_one(bool first);
    asio::awaitable<outcome> read_head(request_reader& reader, bool first);
    asio::awaitable<outcome> read_body(request_reader& reader);
    /// More bytes at the end of buffer_.
    asio::awaitable<outcome> fill(asio::steady_timer::time_point deadline);
    asio::awaitable<response> answer(handler serve, request r);
    static asio::awaitable<response> call(handler serve, request r, std::string component);
    asio::awaitable<void> refuse(int status, std::string reason);
    asio::awaitable<bool> send(bytes data);
    asio::awaitable<bool> send_source(std::shared_ptr<body_source> source);
    [[nodiscard]] result<request> make_request(request_reader const& reader) const;

    void start_watching();
    asio::awaitable<void> watch();

    std::shared_ptr<server_shared const> shared_;
    std::shared_ptr<transport::stream> stream_;
    bytes buffer_;
    std::shared_ptr<running> running_;
    // The one read that may be under way while a handler runs; it is never cancelled, the next request waits
    // for it.
    std::array<char, 4096> watched_{};
    asio::steady_timer watch_done_;
    bool watching_ = false;
    bool busy_ = false;
    bool gone_ = false;  ///< the client closed, or we did
};

}  // namespace cerro::http
