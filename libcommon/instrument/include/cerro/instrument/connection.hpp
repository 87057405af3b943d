#pragma once

/// @file
/// A connection to an instrument that speaks in lines over TCP: one question, one answer line. Answers are
/// paired with their questions whatever the instrument does, because anything unexpected (no answer in time,
/// half a line, an answer that nobody asked for) resets the connection, and what arrives late dies with it.

#include <cerro/base/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cerro::instrument {

namespace asio = boost::asio;

struct options {
    std::string host;        ///< name or address
    std::uint16_t port = 0;  ///< TCP port
    std::string terminator{
        "\r\n"};  ///< sent after each message; answers end with LF, a CR before it is taken off
    std::chrono::milliseconds connect_timeout{3'000};
    std::chrono::milliseconds reply_timeout{2'000};   ///< from the message sent to its whole answer
    std::chrono::milliseconds gap_after_command{50};  ///< least pause after a message without answer
    std::chrono::milliseconds gap_after_reply{0};     ///< least pause after an answer
    std::chrono::milliseconds quiet{50};  ///< after connecting, input is dropped until so long nothing came
    std::chrono::milliseconds backoff_first{500};  ///< pause after a failed attempt to connect; doubles ...
    std::chrono::milliseconds backoff_max{5'000};  ///< ... up to this
    std::size_t max_line = 4'096;                  ///< longest answer [bytes], terminator included
};

/// What happened to a connection so far.
struct status {
    bool connected = false;
    double last_attempt = 0.0;   ///< Unix time of the latest attempt to connect, 0 = none yet
    std::string last_error;      ///< why it is not connected; empty while it is
    std::uint64_t connects = 0;  ///< connections made, identity check passed
    std::uint64_t timeouts = 0;  ///< questions without an answer in time
    std::uint64_t losses = 0;    ///< connections that the peer ended (FIN or RST)
    std::uint64_t refusals =
        0;  ///< answers dropped: garbage, too long, unasked for, or refused by the caller's check
};

/// Says whether an answer can be one to the question at all; false makes the request fail and resets the
/// connection.
using reply_check = bool (*)(std::string_view reply);

/// Requests inside the identity check, where the connection is not open to others yet.
class dialogue {
public:
    virtual ~dialogue() = default;
    virtual asio::awaitable<result<std::string>> query(std::string message, reply_check check = nullptr) = 0;
};

/// One instrument. Requests of any number of coroutines are carried out one after the other, in the order of
/// the calls. It connects at the first request and, after a loss, at the next one; while an attempt to
/// connect failed less than the back-off ago, requests fail at once with errc::closed and the reason.
///
/// Not thread-safe: everything runs on one executor. Keep it in a shared_ptr; requests hold it alive.
class connection : public std::enable_shared_from_this<connection> {
public:
    static std::shared_ptr<connection> create(asio::any_io_executor ex, options o);
    virtual ~connection() = default;

    /// Sends `message` and waits for the answer line (terminators removed).
    /// @return errc::timed_out, closed (no connection, or lost), malformed (garbage, answer without question,
    /// or the check said no), limit_exceeded (line too long); after each of them the connection is made anew
    virtual asio::awaitable<result<std::string>> query(std::string message, reply_check check = nullptr) = 0;

    /// Sends `message`, to which there is no answer, and keeps the gap after it.
    /// @return errc::closed or timed_out; success only says that the bytes are on their way
    virtual asio::awaitable<result<void>> command(std::string message) = 0;

    /// Called on each new connection before any request: is this the right instrument, and did it restart? A
    /// problem closes the connection again and fails the request that made it.
    virtual void on_connect(std::function<asio::awaitable<result<void>>(dialogue&)> check) = 0;

    [[nodiscard]] virtual status const& state() const = 0;

    /// "127.0.0.1:7777"
    [[nodiscard]] virtual std::string const& peer() const = 0;

    /// Ends the connection and every request, now and later, with errc::closed.
    virtual void close() = 0;
};

}  // namespace cerro::instrument
