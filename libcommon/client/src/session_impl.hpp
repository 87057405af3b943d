#pragma once

#include "condition.hpp"
#include <cerro/auth/scram.hpp>
#include <cerro/client/session.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cerro::client {

/// The answer to a request: SUBSCRIBED's id, RESULT's payload, ...
struct reply {
    wamp::id id2 = 0;
    arguments payload;
};

/// What one attempt to log in has to remember (hello.cpp).
struct login {
    std::optional<cerro::auth::scram_client> scram{};
};
/// HELLO for these options.
[[nodiscard]] wamp::message make_hello(options const& o, login& l);
/// AUTHENTICATE for this CHALLENGE, or why not.
[[nodiscard]] outcome<wamp::message> answer_challenge(auth const& credentials,
                                                      login& l,
                                                      wamp::message const& challenge);
/// Did the router prove itself, where the method asks for it?
[[nodiscard]] bool proven(login const& l, dict const& welcome);
/// What an ERROR or ABORT says.
[[nodiscard]] error error_of(wamp::message const& m);

/// The pause after `pause`: the same factor for connections and for what could not be restored.
inline std::chrono::milliseconds longer(std::chrono::milliseconds pause, std::chrono::milliseconds most)
{
    return std::min(most, pause + pause / 2);
}

class session_impl final : public session {
public:
    session_impl(asio::any_io_executor ex, options o);

    void start() override;
    asio::awaitable<outcome<void>> joined(std::chrono::milliseconds timeout) override;
    bool is_joined() const override { return state_ == state::joined; }
    wamp::id id() const override { return is_joined() ? id_ : 0; }
    dict const& welcome() const override { return welcome_; }
    void on_join(std::function<void()> f) override { on_join_.push_back(std::move(f)); }
    void on_leave(std::function<void(std::string const&)> f) override { on_leave_.push_back(std::move(f)); }
    void on_restore_error(std::function<void(std::string const&, error const&)> f) override
    {
        on_restore_error_.push_back(std::move(f));
    }
    void on_restored(std::function<void(std::string const&)> f) override
    {
        on_restored_.push_back(std::move(f));
    }
    void on_revoked(std::function<void(std::string const&)> f) override
    {
        on_revoked_.push_back(std::move(f));
    }
    std::uint64_t events_dropped() const override { return events_dropped_; }
    asio::awaitable<outcome<handle>> subscribe(std::string topic,
                                               event_handler f,
                                               subscribe_options o) override;
    asio::awaitable<outcome<handle>> register_procedure(std::string procedure,
                                                        procedure_handler f,
                                                        register_options o) override;
    asio::awaitable<outcome<void>> undo(handle h) override;
    asio::awaitable<outcome<arguments>> call(std::string procedure, arguments a, call_options o) override;
    bool publish(std::string_view topic, arguments const& a, dict const& extra_options) override;
    asio::awaitable<outcome<wamp::id>> publish_acknowledged(std::string topic,
                                                            arguments a,
                                                            dict extra_options) override;
    asio::awaitable<void> leave(std::string reason) override;
    void abandon() override;

private:
    enum class state : std::uint8_t { offline, joining, joined, leaving };

    using answer = std::function<void(outcome<reply>)>;

    /// What each join has to restore.
    struct remembered {
        std::string uri;
        wamp::id id = 0;             ///< of the router; 0 = not granted now
        std::uint64_t asked_in = 0;  ///< the connection in which it was asked for
        bool asking = false;         ///< its request is under way
        std::chrono::milliseconds pause{
            0};  ///< before the latest retry in this connection; 0 = none was needed
        std::unique_ptr<asio::steady_timer> retry;
        log::limiter report_limit{60.0};
    };
    struct subscription : remembered {
        std::shared_ptr<event_handler> handler;
        subscribe_options how;
    };
    struct registration : remembered {
        std::shared_ptr<procedure_handler> handler;
        register_options how;
        bool ours = false;      ///< granted before, and not revoked
        bool conflict = false;  ///< the name was found taken in this connection
    };

    /// What one connection tells; messages of an earlier one are told from those of the present by its
    /// number.
    class link;

    std::shared_ptr<session_impl> self()
    {
        return std::static_pointer_cast<session_impl>(shared_from_this());
    }

    // connection.cpp
    static asio::awaitable<void> keep_connected(std::shared_ptr<session_impl> self);
    asio::awaitable<void> one_connection();
    asio::awaitable<void> rest();
    void report(error e);
    void on_messages(std::uint64_t connection, std::span<byte_view const> batch);
    void on_closed(std::uint64_t connection, transport::close_reason why, std::string const& detail);
    void say_goodbye(std::string_view reason);
    void violation(std::string const& what);

    // dispatch.cpp
    void on_message(wamp::message const& m);
    void on_welcome(wamp::message const& m);
    /// ABORT: this attempt to join has failed.
    void give_up(error const& why);
    void on_challenge(wamp::message const& m);
    void on_event(wamp::message const& m);
    void on_invocation(wamp::message const& m);
    void revoked(wamp::message const& m);
    void event_dropped(std::string const& topic, error const& e);
    void on_answer(wamp::id request, outcome<reply> r);
    static asio::awaitable<void> serve(std::shared_ptr<session_impl> self,
                                       std::uint64_t connection,
                                       wamp::id request,
                                       std::shared_ptr<procedure_handler> handler,
                                       invocation inv);
    void respond(wamp::id request, outcome<arguments> const& result);
    void refuse_invocation(wamp::id request, error const& e);

    // requests.cpp
    enum class sent : std::uint8_t { yes, too_big, no };
    sent send(wamp::message const& m);
    sent send_with(wamp::message m, arguments const& a);
    /// Sends `m` under a new request id; `done` is called at once when the answer is read, or when the
    /// connection ends.
    wamp::id ask(wamp::message m, arguments const& a, answer done);
    asio::awaitable<outcome<reply>> request(wamp::message m,
                                            arguments a,
                                            std::optional<std::chrono::milliseconds> timeout);

    // remembered.cpp
    void restore();
    void send_subscribe(handle h, answer done);
    void send_register(handle h, answer done);
    void restore_one(handle h);
    void restored(handle h, outcome<reply> const& r);
    void restore_failed(handle h, remembered& what, error const& e);
    void forget_grants();
    remembered* find(handle h);
    bool being_asked_for(std::string const& topic, wamp::match_policy match) const;
    void drop_subscription_id(wamp::id id);
    asio::awaitable<outcome<handle>> first_answer(handle h, bool subscription);

    asio::any_io_executor ex_;
    options options_;
    condition changed_;
    state state_ = state::offline;
    bool started_ = false;
    bool ended_ = false;     ///< left, abandoned, or failed without reconnection
    bool finished_ = false;  ///< keep_connected has ended
    error last_error_{wamp::uri::transport_lost, "never connected"};
    std::chrono::milliseconds backoff_;
    std::string reported_;  ///< the last error logged
    log::limiter report_limit_{60.0};

    std::shared_ptr<transport::channel> channel_;
    std::uint64_t connection_ = 0;  ///< counts them
    wamp::id id_ = 0;
    dict welcome_;
    login login_;
    bool can_cancel_ = false;  ///< the dealer takes CANCEL
    wamp::id next_request_ = 1;
    std::unordered_map<wamp::id, answer> pending_;

    handle next_handle_ = 1;
    std::map<handle, subscription> subscriptions_;
    std::map<handle, registration> registrations_;
    std::unordered_map<wamp::id, std::vector<handle>> by_subscription_;
    std::unordered_map<wamp::id, handle> by_registration_;

    std::vector<std::function<void()>> on_join_;
    std::vector<std::function<void(std::string const&)>> on_leave_;
    std::vector<std::function<void(std::string const&, error const&)>> on_restore_error_;
    std::vector<std::function<void(std::string const&)>> on_restored_;
    std::vector<std::function<void(std::string const&)>> on_revoked_;

    std::uint64_t events_dropped_ = 0;
    log::limiter drop_limit_{10.0};
};

}  // namespace cerro::client
