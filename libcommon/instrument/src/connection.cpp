#include "cerro/instrument/connection.hpp"

#include "turns.hpp"
#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <optional>

namespace cerro::instrument {

namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Longest time spent on dropping what an instrument says unasked after connecting.
constexpr milliseconds longest_drain{2'000};

bool is_printable(std::string_view line)
{
    return std::all_of(line.begin(), line.end(), [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

/// A short form of an answer for messages: control characters replaced, at most 60 characters.
std::string shown(std::string_view text)
{
    std::string out(text.substr(0, 60));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return text.size() > 60 ? out + "..." : out;
}

class tcp_connection final : public connection {
public:
    tcp_connection(asio::any_io_executor ex, options o)
        : options_(std::move(o)),
          peer_(options_.host + ":" + std::to_string(options_.port)),
          socket_(ex),
          resolver_(ex),
          deadline_(ex),
          pause_(ex),
          turns_(ex),
          backoff_(options_.backoff_first)
    {}

    asio::awaitable<result<std::string>> query(std::string message, reply_check check) override
    {
        auto const self = shared_from_this();
        auto const turn = co_await turns_.take();
        auto const ready = co_await ensure_connected();
        if (!ready) {
            co_return ready.error();
        }
        co_return co_await ask(std::move(message), check);
    }

    asio::awaitable<result<void>> command(std::string message) override
    {
        auto const self = shared_from_this();
        auto const turn = co_await turns_.take();
        auto const ready = co_await ensure_connected();
        if (!ready) {
            co_return ready.error();
        }
        auto const sent = co_await send(std::move(message), options_.gap_after_command);
        disarm();
        co_return sent;
    }

    void on_connect(std::function<asio::awaitable<result<void>>(dialogue&)> check) override
    {
        identity_check_ = std::move(check);
    }

    [[nodiscard]] status const& state() const override { return status_; }
    [[nodiscard]] std::string const& peer() const override { return peer_; }

    void close() override
    {
        closed_ = true;
        drop("closed by us");
        resolver_.cancel();
        pause_.cancel();
    }

private:
    /// The identity check's requests: it runs inside the turn of the request that connects.
    class inner final : public dialogue {
    public:
        explicit inner(tcp_connection& c) : connection_(c) {}
        asio::awaitable<result<std::string>> query(std::string message, reply_check check) override
        {
            return connection_.ask(std::move(message), check);
        }

    private:
        tcp_connection& connection_;
    };

    problem closed_problem() const { return fail(errc::closed, peer_ + ": the connection was closed by us"); }

    // --- connecting ---

    asio::awaitable<result<void>> ensure_connected()
    {
        if (closed_) {
            co_return closed_problem();
        }
        if (socket_.is_open()) {
            if (still_paired()) {
                co_return result<void>();
            }
            // Not a failed attempt: connect again at once.
        }
        auto const now = clock::now();
        if (now < next_attempt_) {
            auto const wait = std::chrono::duration_cast<milliseconds>(next_attempt_ - now);
            co_return fail(errc::closed,
                           peer_ + ": not connected (" + status_.last_error + "); next attempt in " +
                               std::to_string(wait.count()) + " ms");
        }
        auto const connected = co_await attempt();
        if (!connected) {
            auto const why = connected.error();
            drop(why.what);
            next_attempt_ = clock::now() + backoff_;
            backoff_ = std::min(backoff_ * 2, options_.backoff_max);
            co_return fail(why.code, peer_ + ": " + why.what);
        }
        backoff_ = options_.backoff_first;
        next_attempt_ = {};
        status_.connected = true;
        status_.last_error.clear();
        ++status_.connects;
        log::info("instrument", "connected", {{"peer", peer_}});
        co_return result<void>();
    }

    asio::awaitable<result<void>> attempt()
    {
        status_.last_attempt = unix_now();
        input_.clear();
        arm(options_.connect_timeout, expiry::closes);
        auto [resolve_ec, endpoints] =
            co_await resolver_.async_resolve(options_.host, std::to_string(options_.port), as_result);
        if (resolve_ec || expired_ || closed_) {
            disarm();
            co_return fail(errc::closed, "cannot resolve the host name: " + reason(resolve_ec));
        }
        auto [connect_ec, endpoint] = co_await asio::async_connect(socket_, endpoints, as_result);
        disarm();
        if (connect_ec || expired_ || closed_) {
            co_return fail(errc::closed, "cannot connect: " + reason(connect_ec));
        }
        boost::system::error_code ignored;  // an instrument that cannot have these is still usable
        socket_.set_option(tcp::no_delay(true), ignored);
        socket_.set_option(asio::socket_base::keep_alive(true), ignored);

        auto const drained = co_await drain();
        if (!drained) {
            co_return drained.error();
        }
        if (identity_check_) {
            inner requests(*this);
            auto const accepted = co_await identity_check_(requests);
            if (!accepted) {
                co_return accepted.error();
            }
        }
        co_return result<void>();
    }

    /// Drops what comes without a question, until it is quiet: serial servers keep the tail of an earlier
    /// talk.
    asio::awaitable<result<void>> drain()
    {
        auto const give_up = clock::now() + longest_drain;
        for (;;) {
            char scratch[512];
            arm(options_.quiet);
            auto [ec, n] = co_await socket_.async_read_some(asio::buffer(scratch), as_result);
            disarm();
            if (expired_ && !closed_) {
                co_return result<void>();
            }
            if (ec || closed_) {
                ++status_.losses;
                co_return fail(errc::closed, "lost directly after connecting: " + reason(ec));
            }
            ++status_.refusals;
            if (clock::now() > give_up) {
                co_return fail(errc::malformed, "the instrument talks without being asked");
            }
        }
    }

    /// Looks at the idle socket: a FIN, or bytes that nobody asked for, end the connection.
    bool still_paired()
    {
        char one = 0;
        boost::system::error_code ec;
        socket_.non_blocking(true, ec);
        auto const n = ec ? 0 : socket_.receive(asio::buffer(&one, 1), asio::socket_base::message_peek, ec);
        if (ec == asio::error::would_block) {
            return true;
        }
        if (n > 0) {
            ++status_.refusals;
            lose("bytes came that nobody asked for");
        } else {
            ++status_.losses;
            lose(reason(ec));
        }
        return false;
    }

    // --- one request ---

    asio::awaitable<result<std::string>> ask(std::string message, reply_check check)
    {
        std::string const question = message;
        auto const sent = co_await send(std::move(message), options_.gap_after_reply);
        if (!sent) {
            disarm();
            co_return sent.error();
        }
        auto buffer = asio::dynamic_buffer(input_, options_.max_line);
        auto [ec, length] = co_await asio::async_read_until(socket_, buffer, '\n', as_result);
        disarm();
        next_message_ = clock::now() + options_.gap_after_reply;
        if (closed_) {
            co_return closed_problem();
        }
        if (expired_) {
            ++status_.timeouts;
            co_return broken(errc::timed_out,
                             input_.empty() ? "no answer to '" + question + "' within " + timeout_text()
                                            : "only a part of the answer to '" + question + "' within " +
                                                  timeout_text() + ": '" + shown(input_) + "'");
        }
        if (ec == asio::error::not_found) {
            ++status_.refusals;
            co_return broken(errc::limit_exceeded,
                             "the answer to '" + question + "' is longer than " +
                                 std::to_string(options_.max_line) + " bytes");
        }
        if (ec) {
            ++status_.losses;
            co_return broken(errc::closed,
                             "lost while waiting for the answer to '" + question + "': " + reason(ec));
        }
        if (length != input_.size()) {
            ++status_.refusals;
            co_return broken(errc::malformed, "more than one answer line to '" + question + "'");
        }
        std::string reply = std::move(input_);
        input_.clear();
        reply.pop_back();
        if (!reply.empty() && reply.back() == '\r') {
            reply.pop_back();
        }
        if (!is_printable(reply) || (check != nullptr && !check(reply))) {
            ++status_.refusals;
            co_return broken(errc::malformed, "not an answer to '" + question + "': '" + shown(reply) + "'");
        }
        co_return reply;
    }

    /// Waits for the gap, writes, and leaves the deadline running for the answer.
    asio::awaitable<result<void>> send(std::string message, milliseconds gap_afterwards)
    {
        if (clock::now() < next_message_) {
            pause_.expires_at(next_message_);
            [[maybe_unused]] auto [wait_ec] = co_await pause_.async_wait(as_result);
        }
        if (closed_) {
            co_return closed_problem();
        }
        output_ = std::move(message) + options_.terminator;
        arm(options_.reply_timeout);
        auto [ec, n] = co_await asio::async_write(socket_, asio::buffer(output_), as_result);
        next_message_ = clock::now() + gap_afterwards;
        if (closed_) {
            co_return closed_problem();
        }
        if (expired_) {
            ++status_.timeouts;
            co_return broken(errc::timed_out, "could not send within " + timeout_text());
        }
        if (ec) {
            ++status_.losses;
            co_return broken(errc::closed, "lost while sending: " + reason(ec));
        }
        co_return result<void>();
    }

    std::string timeout_text() const { return std::to_string(options_.reply_timeout.count()) + " ms"; }

    /// Ends the connection for `why`, which becomes the request's problem.
    problem broken(errc code, std::string const& why)
    {
        lose(why);
        return fail(code, peer_ + ": " + why);
    }

    void lose(std::string const& why)
    {
        std::uint64_t suppressed = 0;
        if (status_.connected && loss_log_.allow(suppressed)) {
            log::warn("instrument",
                      "connection_reset",
                      {{"peer", peer_}, {"why", why}, {"suppressed", suppressed}});
        }
        drop(why);
    }

    void drop(std::string const& why)
    {
        boost::system::error_code ignored;  // it may be closed already
        socket_.close(ignored);
        input_.clear();
        status_.connected = false;
        status_.last_error = why;
    }

    // --- deadline: ends what the socket and the resolver do when it passes ---

    /// While connecting the socket must be closed: if it is only cancelled, async_connect tries the next
    /// address.
    enum class expiry : std::uint8_t { cancels, closes };

    void arm(milliseconds d, expiry how = expiry::cancels)
    {
        expired_ = false;
        auto const mine = ++epoch_;
        deadline_.expires_after(d);
        deadline_.async_wait([weak = weak_from_this(), this, mine, how](boost::system::error_code ec) {
            auto const self = weak.lock();
            // An old wait may have run out just when it was cancelled: the epoch tells.
            if (ec || !self || mine != epoch_) {
                return;
            }
            expired_ = true;
            if (how == expiry::closes) {
                socket_.close(ec);
            } else {
                socket_.cancel(ec);
            }
            resolver_.cancel();
        });
    }

    void disarm()
    {
        ++epoch_;
        deadline_.cancel();
    }

    std::string reason(boost::system::error_code ec) const
    {
        if (closed_) {
            return "closed by us";
        }
        if (expired_) {
            return "no answer in time";
        }
        if (ec == asio::error::eof || !ec) {
            return "the instrument closed the connection";
        }
        return ec.message();
    }

    options options_;
    std::string peer_;
    tcp::socket socket_;
    tcp::resolver resolver_;
    asio::steady_timer deadline_;
    asio::steady_timer pause_;
    turns turns_;
    std::function<asio::awaitable<result<void>>(dialogue&)> identity_check_;
    status status_;
    std::string input_;
    std::string output_;
    clock::time_point next_message_{};
    clock::time_point next_attempt_{};
    milliseconds backoff_;
    std::uint64_t epoch_ = 0;
    bool expired_ = false;
    bool closed_ = false;
    log::limiter loss_log_{10.0};
};

}  // namespace

std::shared_ptr<connection> connection::create(asio::any_io_executor ex, options o)
{
    return std::make_shared<tcp_connection>(std::move(ex), std::move(o));
}

}  // namespace cerro::instrument
