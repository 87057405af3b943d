#include "connection.hpp"

#include "response_writer.hpp"
#include "target.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <optional>

namespace cerro::http {

namespace {

using clock = std::chrono::steady_clock;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds for_ever = std::chrono::hours(24 * 365);
constexpr std::size_t read_size = 16U << 10U;
constexpr std::chrono::milliseconds linger_time{2'000};

std::chrono::milliseconds until(clock::time_point deadline)
{
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    return std::max(left, std::chrono::milliseconds(1));
}

}  // namespace

/// A handler at work. Shared with its completion handler, which may come after the connection's end.
struct connection::running {
    explicit running(asio::any_io_executor const& ex) : done_timer(ex, clock::time_point::max()) {}

    asio::cancellation_signal cancel;
    asio::steady_timer done_timer;
    std::optional<response> answer;
    bool done = false;
};

connection::connection(std::shared_ptr<server_shared const> shared,
                       std::shared_ptr<transport::stream> stream,
                       bytes rest)
    : shared_(std::move(shared)),
      stream_(std::move(stream)),
      buffer_(std::move(rest)),
      watch_done_(stream_->get_executor())
{}

asio::awaitable<void> connection::run(std::shared_ptr<connection> self)
{
    co_await self->serve_requests();
}

void connection::close()
{
    gone_ = true;
    if (running_) {
        running_->cancel.emit(asio::cancellation_type::terminal);
    }
    if (stream_) {  // it may have been handed over
        stream_->close();
    }
}

asio::awaitable<void> connection::serve_requests()
{
    for (bool first = true;; first = false) {
        bool const goes_on = co_await serve_one(first);
        if (!goes_on) {
            co_return;
        }
    }
}

asio::awaitable<bool> connection::serve_one(bool first)
{
    request_reader reader(shared_->limits.max_head, shared_->limits.max_body);
    outcome got = co_await read_head(reader, first);
    if (got != outcome::ok) {
        co_return false;
    }
    auto parsed = make_request(reader);
    if (!parsed) {
        co_await refuse(400, parsed.error().what);
        co_return false;
    }
    request r = std::move(*parsed);
    if (reader.wants_websocket()) {
        upgrade_handler const* const found = shared_->routes.find_upgrade(r.path);
        if (found != nullptr) {
            upgrade_handler const take_over = *found;
            take_over(std::move(stream_), reader.raw_head(), std::move(buffer_));
            co_return false;
        }
    }
    got = co_await read_body(reader);
    if (got != outcome::ok) {
        co_return false;
    }
    r.body = reader.take_body();
    busy_ = true;

    std::string const* const encodings = r.header("accept-encoding");
    write_options how;
    how.head_only = r.method == "HEAD";
    how.keep_alive = reader.keep_alive();
    how.http_1_0 = reader.is_http_1_0();
    how.accepts_gzip = encodings != nullptr && allows_gzip(*encodings);
    auto const began = clock::now();
    std::string const method = r.method;
    std::string const path = r.path;

    response reply;
    route_table::match const found =
        stays_below_root(r.path) ? shared_->routes.find(r.method, r.path) : route_table::match();
    if (found.serve != nullptr) {
        handler serve = *found.serve;
        reply = co_await answer(std::move(serve), std::move(r));
    } else if (found.status == 405) {
        reply = response::problem(405, method + " is not served at " + path + "; use " + found.allow);
        reply.headers.emplace_back("Allow", found.allow);
    } else if (found.status == 308) {
        reply = response::problem(308, "see " + found.location);
        reply.headers.emplace_back("Location", found.location);
    } else if (found.status == 426) {
        reply = response::problem(426, "only WebSocket is spoken at " + path);
        reply.headers.emplace_back("Upgrade", "websocket");
    } else {
        reply = response::problem(404, "there is nothing at " + path);
    }
    how.keep_alive = how.keep_alive && !shared_->ending;
    int const status = reply.status;
    auto const source = how.head_only ? nullptr : reply.source;
    bytes data = to_bytes(std::move(reply), how);
    bool sent = co_await send(std::move(data));
    if (sent && source) {
        sent = co_await send_source(source);
    }
    busy_ = false;
    if (log::enabled(log::level::debug)) {
        double const ms = std::chrono::duration<double, std::milli>(clock::now() - began).count();
        log::debug(shared_->component,
                   "http_request",
                   {{"method", method}, {"path", path}, {"status", status}, {"ms", ms}, {"sent", sent}});
    }
    if (sent && how.keep_alive && !gone_) {
        co_return true;
    }
    close();
    co_return false;
}

asio::awaitable<connection::outcome> connection::read_head(request_reader& reader, bool first)
{
    auto const& limits = shared_->limits;
    // A silent connection may stay for a while between requests; once a head has begun it must come soon.
    bool begun = first || !buffer_.empty();
    auto deadline = clock::now() + (begun ? limits.head_timeout : limits.idle_timeout);
    for (;;) {
        auto const step = reader.read_head(buffer_);
        if (step == request_reader::step::head) {
            co_return outcome::ok;
        }
        if (step == request_reader::step::refused) {
            co_await refuse(reader.status(), reader.reason());
            co_return outcome::refused;
        }
        bool const something = !buffer_.empty() || !reader.raw_head().empty();
        if (something && !begun) {
            begun = true;
            deadline = clock::now() + limits.head_timeout;
        }
        outcome const got = co_await fill(deadline);
        if (got == outcome::timed_out && something) {
            co_await refuse(408, "the head did not come in time");
        } else if (got != outcome::ok) {
            close();
        }
        if (got != outcome::ok) {
            co_return got;
        }
    }
}

asio::awaitable<connection::outcome> connection::read_body(request_reader& reader)
{
    auto const deadline = clock::now() + shared_->limits.idle_timeout;
    bool asked = false;
    for (;;) {
        auto const step = reader.read_body(buffer_);
        if (step == request_reader::step::complete) {
            co_return outcome::ok;
        }
        if (step == request_reader::step::refused) {
            co_await refuse(reader.status(), reader.reason());
            co_return outcome::refused;
        }
        if (reader.expects_continue() && !asked) {
            asked = true;
            bytes go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            [[maybe_unused]] bool const sent = co_await send(std::move(go_on));
        }
        outcome const got = co_await fill(deadline);
        if (got == outcome::timed_out) {
            co_await refuse(408, "the body did not come in time");
        } else if (got != outcome::ok) {
            close();
        }
        if (got != outcome::ok) {
            co_return got;
        }
    }
}

asio::awaitable<connection::outcome> connection::fill(clock::time_point deadline)
{
    if (watching_) {
        std::size_t const before = buffer_.size();
        watch_done_.expires_at(deadline);
        while (watching_ && clock::now() < deadline) {
            [[maybe_unused]] auto [ec] = co_await watch_done_.async_wait(as_result);
        }
        if (gone_) {
            co_return outcome::closed;
        }
        co_return buffer_.size() > before ? outcome::ok : outcome::timed_out;
    }
    if (gone_) {
        co_return outcome::closed;
    }
    std::size_t const old_size = buffer_.size();
    bytes more(read_size, '\0');
    std::span<char> const into(more);
    auto const n = co_await stream_->read_some(into, until(deadline));
    if (!n) {
        co_return n.error().code == errc::timed_out ? outcome::timed_out : outcome::closed;
    }
    buffer_.append(more, 0, *n);
    co_return buffer_.size() > old_size ? outcome::ok : outcome::closed;
}

void connection::start_watching()
{
    // With bytes of the next request at hand there is no telling end of file from a long queue; they come
    // first.
    if (watching_ || gone_ || !buffer_.empty()) {
        return;
    }
    watching_ = true;
    auto const self = shared_from_this();
    auto const done = [self](std::exception_ptr error) {
        if (error) {
            self->watching_ = false;
            self->close();
            self->watch_done_.cancel();
        }
    };
    asio::co_spawn(stream_->get_executor(), watch(), done);
}

asio::awaitable<void> connection::watch()
{
    std::span<char> const into(watched_);
    auto const n = co_await stream_->read_some(into, for_ever);
    watching_ = false;
    watch_done_.cancel();
    if (n) {
        buffer_.append(watched_.data(), *n);
        co_return;
    }
    gone_ = true;
    if (running_) {
        running_->cancel.emit(asio::cancellation_type::terminal);
    }
}

asio::awaitable<response> connection::call(handler serve, request r, std::string component)
{
    std::string const path = r.path;
    std::string what;
    try {
        co_return co_await serve(std::move(r));
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted) {
            log::debug(component, "http_client_gone", {{"path", path}});
            co_return response::problem(500, "cancelled");
        }
        what = e.what();
    } catch (std::exception const& e) {
        what = e.what();
    }
    log::error(component, "http_handler_failed", {{"path", path}, {"error", what}});
    co_return response::problem(500, "the request failed inside the server; its log says why");
}

asio::awaitable<response> connection::answer(handler serve, request r)
{
    auto const ex = stream_->get_executor();
    auto const work = std::make_shared<running>(ex);
    auto const done = [work](std::exception_ptr error, response reply) {
        work->answer =
            error ? response::problem(500, "the request failed inside the server") : std::move(reply);
        work->done = true;
        work->done_timer.cancel();
    };
    running_ = work;
    asio::co_spawn(ex,
                   call(std::move(serve), std::move(r), shared_->component),
                   asio::bind_cancellation_slot(work->cancel.slot(), done));
    start_watching();
    while (!work->done) {
        [[maybe_unused]] auto [ec] = co_await work->done_timer.async_wait(as_result);
    }
    running_.reset();
    co_return std::move(*work->answer);
}

asio::awaitable<void> connection::refuse(int status, std::string reason)
{
    write_options how;
    how.keep_alive = false;
    bytes data = to_bytes(response::problem(status, std::move(reason)), how);
    bool const sent = co_await send(std::move(data));
    // What the client still sends is taken and forgotten for a while: closing at once would reset the
    // connection, and the client might never see the answer.
    auto const deadline = clock::now() + std::min(linger_time, shared_->limits.head_timeout);
    outcome got = sent ? outcome::ok : outcome::closed;
    while (got == outcome::ok && clock::now() < deadline) {
        buffer_.clear();
        got = co_await fill(deadline);
    }
    close();
}

asio::awaitable<bool> connection::send(bytes data)
{
    auto const written = co_await stream_->write(data, shared_->limits.write_timeout);
    if (!written) {
        gone_ = true;
    }
    co_return written.has_value();
}

asio::awaitable<bool> connection::send_source(std::shared_ptr<body_source> source)
{
    std::uint64_t left = source->size();
    while (left > 0 && !gone_) {
        bytes piece = source->next();
        if (piece.empty() || piece.size() > left) {
            co_return false;  // the file became shorter: only the connection's end can tell
        }
        left -= piece.size();
        bool const sent = co_await send(std::move(piece));
        if (!sent) {
            co_return false;
        }
    }
    co_return left == 0;
}

result<request> connection::make_request(request_reader const& reader) const
{
    auto where = parse_target(reader.target());
    if (!where) {
        return where.error();
    }
    request r;
    r.method = reader.method();
    r.path = std::move(where->path);
    r.query = std::move(where->query);
    r.headers = reader.fields();
    r.peer = stream_->peer();
    r.tls = stream_->is_tls();
    return r;
}

}  // namespace cerro::http
