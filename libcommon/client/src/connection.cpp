// Connecting, joining, losing, waiting, again.

#include "session_impl.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <random>

namespace cerro::client {

namespace {

using clock = std::chrono::steady_clock;
using milliseconds = std::chrono::milliseconds;
constexpr milliseconds leave_time{2'000};
constexpr milliseconds cut_time{200};  // the last part of it, for a router that does not answer

milliseconds jittered(milliseconds most)
{
    static thread_local std::minstd_rand random{std::random_device{}()};
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, most.count())(random));
}

}  // namespace

/// Holds the session weakly: keep_connected holds it as long as there is a connection, and a cycle would
/// outlive a loop that is destroyed in the middle of things.
class session_impl::link final : public transport::channel_events {
public:
    link(std::weak_ptr<session_impl> owner, std::uint64_t connection)
        : owner_(std::move(owner)), connection_(connection)
    {}
    void on_messages(std::span<byte_view const> batch) override
    {
        if (auto const s = owner_.lock()) {
            s->on_messages(connection_, batch);
        }
    }
    void on_closed(transport::close_reason why, std::string const& detail) override
    {
        if (auto const s = owner_.lock()) {
            s->on_closed(connection_, why, detail);
        }
    }

private:
    std::weak_ptr<session_impl> owner_;
    std::uint64_t connection_;
};

std::shared_ptr<session> session::create(asio::any_io_executor ex, options o)
{
    return std::make_shared<session_impl>(std::move(ex), std::move(o));
}

session_impl::session_impl(asio::any_io_executor ex, options o)
    : ex_(std::move(ex)), options_(std::move(o)), changed_(ex_), backoff_(options_.backoff_first)
{}

void session_impl::start()
{
    if (started_ || ended_) {
        return;
    }
    started_ = true;
    asio::co_spawn(ex_, keep_connected(self()), [s = self()](std::exception_ptr e) {
        s->finished_ = true;
        if (e) {
            s->ended_ = true;
            try {
                std::rethrow_exception(e);
            } catch (std::exception const& x) {
                s->last_error_ = error(wamp::uri::runtime_error, x.what());
                log::error(
                    "client", "session_failed", {{"url", s->options_.connection.url}, {"error", x.what()}});
            }
        }
        s->changed_.changed();
    });
}

asio::awaitable<void> session_impl::keep_connected(std::shared_ptr<session_impl> self)
{
    while (!self->ended_) {
        co_await self->one_connection();
        if (!self->options_.reconnect) {
            self->ended_ = true;
        }
        if (!self->ended_) {
            co_await self->rest();
        }
    }
}

/// Connects, joins, and returns when that is over.
asio::awaitable<void> session_impl::one_connection()
{
    auto made = co_await transport::connect(options_.connection);
    if (ended_) {
        if (made) {
            (*made)->close(transport::close_reason::closed_by_us, {}, false);
        }
        co_return;
    }
    if (!made) {
        report(error(wamp::uri::transport_lost, made.error().what));
        co_return;
    }
    channel_ = *made;
    state_ = state::joining;
    ++connection_;
    channel_->start(std::make_shared<link>(self(), connection_));
    send(make_hello(options_, login_));
    auto const decided = [this] { return state_ != state::joining; };
    auto const in_time = co_await changed_.wait_until(decided, clock::now() + options_.join_timeout);
    if (!in_time && channel_) {
        last_error_ = error(wamp::uri::timeout,
                            options_.connection.url + ": no WELCOME within " +
                                std::to_string(options_.join_timeout.count()) + " ms");
        report(last_error_);
        channel_->close(transport::close_reason::closed_by_us, {}, false);
    }
    auto const over = [this] { return state_ == state::offline; };
    co_await changed_.wait_until(over, steady_time::max());
}

asio::awaitable<void> session_impl::rest()
{
    auto const pause = jittered(backoff_);
    backoff_ = longer(backoff_, options_.backoff_max);
    auto const ended = [this] { return ended_; };
    co_await changed_.wait_until(ended, clock::now() + pause);
}

/// Keeps and logs why there is no session; the same text once a minute.
void session_impl::report(error e)
{
    last_error_ = std::move(e);
    auto const text = last_error_.what();
    std::uint64_t suppressed = 0;
    bool const allowed = report_limit_.allow(suppressed);
    if (allowed || text != reported_) {
        reported_ = text;
        log::warn("client",
                  "not_joined",
                  {{"url", options_.connection.url},
                   {"realm", options_.realm},
                   {"error", text},
                   {"reconnect", options_.reconnect},
                   {"suppressed", suppressed}});
    }
}

void session_impl::on_messages(std::uint64_t connection, std::span<byte_view const> batch)
{
    for (auto const one : batch) {
        if (connection != connection_ || !channel_) {
            return;
        }
        auto const m = wamp::scan(channel_->info().serializer, one);
        if (!m) {
            violation(m.error().what);
            return;
        }
        on_message(*m);
    }
}

void session_impl::violation(std::string const& what)
{
    log::warn("client", "protocol_violation", {{"url", options_.connection.url}, {"error", what}});
    last_error_ = error(wamp::uri::protocol_violation, what);
    wamp::message m;
    m.type = wamp::message_type::abort;
    m.uri = wamp::uri::protocol_violation;
    m.details.set("message", value(what));
    send(m);
    if (channel_) {
        channel_->close(transport::close_reason::protocol_error, what);
    }
}

void session_impl::on_closed(std::uint64_t connection, transport::close_reason why, std::string const& detail)
{
    if (connection != connection_) {
        return;
    }
    auto const before = state_;
    state_ = state::offline;
    channel_.reset();
    id_ = 0;
    forget_grants();
    std::string reason(transport::name(why));
    if (!detail.empty()) {
        reason += ": " + detail;
    }
    if (before == state::joining && why != transport::close_reason::closed_by_us) {
        report(error(wamp::uri::transport_lost, "the connection ended before WELCOME: " + reason));
    }
    if (before == state::joined && !ended_) {
        last_error_ = error(wamp::uri::transport_lost, reason);
        log::info("client", "session_lost", {{"url", options_.connection.url}, {"reason", reason}});
    }
    auto const lost = std::move(pending_);
    pending_.clear();
    for (auto const& [request, done] : lost) {
        done(error(wamp::uri::transport_lost, reason));
    }
    if (!ended_ && (before == state::joined || before == state::leaving)) {
        for (auto const& f : on_leave_) {
            f(reason);
        }
    }
    changed_.changed();
}

asio::awaitable<outcome<void>> session_impl::joined(std::chrono::milliseconds timeout)
{
    auto const keep = self();
    auto const decided = [this] { return is_joined() || (ended_ && (finished_ || !started_)); };
    co_await changed_.wait_until(decided, clock::now() + timeout);
    if (is_joined()) {
        co_return outcome<void>();
    }
    if (ended_) {
        co_return last_error_;
    }
    co_return error(wamp::uri::timeout,
                    "not joined to " + options_.connection.url + " within " +
                        std::to_string(timeout.count()) + " ms; the last problem: " + last_error_.what());
}

void session_impl::say_goodbye(std::string_view reason)
{
    wamp::message m;
    m.type = wamp::message_type::goodbye;
    m.uri = reason;
    send(m);
}

asio::awaitable<void> session_impl::leave(std::string reason)
{
    auto const keep = self();
    ended_ = true;
    last_error_ = error(wamp::uri::close_normal, "left");
    auto const until = clock::now() + leave_time;
    if (is_joined()) {
        say_goodbye(reason);
        state_ = state::leaving;
    } else if (channel_) {
        channel_->close(transport::close_reason::closed_by_us);
    }
    changed_.changed();
    auto const closed = [this] { return !channel_; };
    auto const in_time = co_await changed_.wait_until(closed, until - cut_time);
    if (!in_time) {
        abandon();
        co_await changed_.wait_until(closed, until);
    }
}

void session_impl::abandon()
{
    ended_ = true;
    if (channel_) {
        channel_->close(transport::close_reason::closed_by_us, {}, false);
    }
    changed_.changed();
}

}  // namespace cerro::client
