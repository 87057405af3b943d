#pragma once

/// @file
/// A WAMP client that stays connected: it joins, and after every loss it reconnects with back-off, joins
/// again and restores all registrations and subscriptions. One executor (a strand or a single-threaded
/// io_context) runs it all; every function is called there.

#include <cerro/codec/value.hpp>
#include <cerro/transport/channel.hpp>
#include <cerro/wamp/message.hpp>
#include <cerro/wamp/uri.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace cerro::client {

namespace asio = boost::asio;

/// A WAMP error, from the peer or made here when there is no session (wamp.close.transport_lost) or no answer
/// in time (wamp.error.timeout).
struct error {
    error() = default;  // for boost::system::result, which gives one where there is no error
    explicit error(std::string_view error_uri) : uri(error_uri) {}
    error(std::string_view error_uri, std::string text) : uri(error_uri), args{value(std::move(text))} {}

    std::string uri;
    list args;
    dict kwargs;
    /// "wamp.error.x: first argument", for logs and people
    [[nodiscard]] std::string what() const;
};
[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const&);

template <class T>
using outcome = boost::system::result<T, error>;

/// Positional and keyword arguments of a call, a result, an event.
struct arguments {
    arguments() = default;
    explicit arguments(list positional, dict keyword = {})
        : args(std::move(positional)), kwargs(std::move(keyword))
    {}
    list args;
    dict kwargs;
};

struct event {
    std::string topic;  ///< the topic published to, also for pattern subscriptions
    wamp::id publication = 0;
    dict details;  ///< Details as received
    arguments payload;
};

struct invocation {
    std::string procedure;
    dict details;
    arguments payload;
};

/// Called for each event; must not block. Long work: co_spawn it.
using event_handler = std::function<void(event const&)>;
/// Called for each invocation, concurrently. An exception becomes wamp.error.runtime_error with its text.
using procedure_handler = std::function<asio::awaitable<outcome<arguments>>(invocation)>;

struct anonymous_auth {};
struct ticket_auth {
    std::string authid;
    std::string ticket;
};
struct wampcra_auth {
    std::string authid;
    std::string secret;
};  ///< salted or not, as the router's challenge says
/// The router must prove that it knows the password's keys; else the join fails with
/// wamp.error.authentication_failed.
struct scram_auth {
    std::string authid;
    std::string password;
};
struct cryptosign_auth {
    std::string authid;       ///< empty: the router finds it by the public key
    std::string private_key;  ///< Ed25519 seed, 64 hexadecimal digits
};
using auth = std::variant<anonymous_auth, ticket_auth, wampcra_auth, scram_auth, cryptosign_auth>;

struct options {
    transport::connect_options connection;
    std::string realm;
    auth credentials;
    std::string agent;      ///< HELLO.Details.agent; empty = "Cerro/<version>"
    bool reconnect = true;  ///< false: one attempt; joined() gives its error at its end
    std::chrono::milliseconds backoff_first{500};  ///< x 1.5 each time, full jitter
    std::chrono::milliseconds backoff_max{5'000};
    std::chrono::milliseconds join_timeout{10'000};  ///< from connected to WELCOME
};

struct subscribe_options {
    wamp::match_policy match = wamp::match_policy::exact;
    bool get_retained = false;
};
struct register_options {
    register_options() =
        default;  // no aggregate: g++ 12 destroys such default arguments of awaited calls twice
    wamp::match_policy match = wamp::match_policy::exact;
    std::string invoke;  ///< "" = single
    bool force_reregister = false;
    /// When a later join finds the name taken (by our own old session, of whose loss the router does not know
    /// yet), take it over. Only for what the router has granted before and not revoked.
    bool force_on_rejoin = true;
};
struct call_options {
    std::optional<std::chrono::milliseconds> timeout;  ///< enforced here; none = wait for ever
};

/// A handle that undoes a subscription or registration when undo() is called; destroying it does nothing.
using handle = std::uint64_t;

class session : public std::enable_shared_from_this<session> {
public:
    static std::shared_ptr<session> create(asio::any_io_executor ex, options o);
    virtual ~session() = default;

    /// Begins connecting. Handlers may be set and subscribe/register called before or after.
    virtual void start() = 0;
    /// Completes when joined; the error when `timeout` passes first, or the router refused for good (ABORT)
    /// and reconnect is off.
    virtual asio::awaitable<outcome<void>> joined(std::chrono::milliseconds timeout) = 0;
    [[nodiscard]] virtual bool is_joined() const = 0;
    /// Session id of the present join, 0 when not joined.
    [[nodiscard]] virtual wamp::id id() const = 0;
    /// WELCOME.Details of the latest join.
    [[nodiscard]] virtual dict const& welcome() const = 0;

    /// After each join, before subscriptions and registrations are restored / after each loss of a joined
    /// session with its reason. Our own leave() and abandon() are no losses: they call nothing.
    virtual void on_join(std::function<void()> f) = 0;
    virtual void on_leave(std::function<void(std::string const& reason)> f) = 0;

    /// Remembered and restored on each join. Completes with the first answer; a refusal is returned and
    /// forgotten. At once with success if not joined yet: it will be done on join. What fails to be restored
    /// on a join is logged, given to on_restore_error, and tried again (options::backoff_first to
    /// backoff_max) as long as that session lasts.
    virtual asio::awaitable<outcome<handle>> subscribe(std::string topic,
                                                       event_handler f,
                                                       subscribe_options o = {}) = 0;
    virtual asio::awaitable<outcome<handle>> register_procedure(std::string procedure,
                                                                procedure_handler f,
                                                                register_options o = {}) = 0;
    virtual asio::awaitable<outcome<void>> undo(handle h) = 0;
    /// Each failure to restore / the success that ended a row of them.
    virtual void on_restore_error(std::function<void(std::string const& uri, error const&)> f) = 0;
    virtual void on_restored(std::function<void(std::string const& uri)> /*f*/) {}
    /// The router took a registration away while joined (an administrator, or another session by force). It
    /// stays remembered: the next join asks for it again, without force.
    virtual void on_revoked(std::function<void(std::string const& procedure)> /*f*/) {}
    /// Events whose payload could not be decoded; each was logged (at a limited rate) and dropped.
    [[nodiscard]] virtual std::uint64_t events_dropped() const { return 0; }

    virtual asio::awaitable<outcome<arguments>> call(std::string procedure,
                                                     arguments a = arguments(),
                                                     call_options o = call_options()) = 0;

    /// Fire and forget. @return false when not joined (nothing is sent)
    virtual bool publish(std::string_view topic, arguments const& a, dict const& extra_options = {}) = 0;
    /// Waits for PUBLISHED. @return the publication id
    virtual asio::awaitable<outcome<wamp::id>> publish_acknowledged(std::string topic,
                                                                    arguments a,
                                                                    dict extra_options = {}) = 0;

    /// GOODBYE, then no reconnection. Completes when the transport is closed: at the latest after 2 s, when a
    /// router that does not answer is cut off.
    virtual asio::awaitable<void> leave(std::string reason = "wamp.close.normal") = 0;
    /// Cuts the connection without GOODBYE and does not reconnect.
    virtual void abandon() = 0;
};

}  // namespace cerro::client
