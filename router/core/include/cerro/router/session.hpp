#pragma once

/// @file
/// One session from HELLO to GOODBYE: the state machine between a peer's messages and the realm (wamp
/// protocol, 3).

#include <cerro/router/access.hpp>
#include <cerro/router/authentication.hpp>
#include <cerro/router/authorization.hpp>
#include <cerro/router/core.hpp>

#include <functional>
#include <memory>
#include <string>

namespace cerro::router {

/// Sends what it has to say through the peer; never touches a socket. After it has closed the peer it ignores
/// all input.
class session final : private login_events {
public:
    enum class state : std::uint8_t {
        connected,    ///< HELLO is awaited
        joining,      ///< an authenticator is asked
        challenging,  ///< AUTHENTICATE is awaited
        refused,      ///< ABORT is due in a moment
        established,
        closing,  ///< the answer to our GOODBYE is awaited
        ended
    };

    /// @param access the rules of the transport, shared by its sessions; not null
    /// Both `c` and `p` must outlive the session.
    session(core& c, peer& p, link_info link, std::shared_ptr<access_rules const> access);
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session() override;

    /// One complete message as received.
    void on_message(byte_view bytes);
    /// The transport has ended; leaves the realm. Idempotent.
    void on_closed();
    /// The router ends the session: GOODBYE with the URI `reason`, then the peer has goodbye_timeout to
    /// answer. The session ends as `why`, or as goodbye_timeout.
    void say_goodbye(ending why, std::string_view reason, std::string_view text);

    [[nodiscard]] state current() const { return state_; }
    /// Valid when established.
    [[nodiscard]] identity const& who() const { return member_.who; }
    [[nodiscard]] realm const* joined() const { return realm_; }
    /// Why the session ended by its own rules; none while it is open, or when the transport ended first.
    [[nodiscard]] ending ended_as() const { return ended_as_; }
    /// The same in words, for the log: "goodbye", or what was wrong.
    [[nodiscard]] std::string const& ending_text() const { return ending_text_; }

private:
    void on_hello(wamp::message const& m);
    void on_authenticate(wamp::message const& m);
    void on_established(wamp::message const& m);
    void on_question(std::string_view method, dict extra) override;
    void on_admitted(admission a) override;
    void on_refused(refusal r) override;
    void refuse(refusal const& r);
    void welcome(dict const& proof);
    [[nodiscard]] bool held(wamp::message const& m, byte_view bytes);
    void stop_login();
    [[nodiscard]] std::string const* cookie() const;
    void bind_cookie();
    void unbind_cookie();
    void log_out(std::string_view reason);
    void read_features(dict const& roles);
    /// Ends the session if its message broke the protocol.
    void must_be_fine(std::string_view wrong, wamp::message const& m);
    void violation(std::string const& what);
    /// ABORT with the URI `reason`, then the end.
    void abort(ending why, std::string_view reason, std::string const& text);
    void end(ending why, std::string const& text);
    void leave();
    void answer_goodbye();
    void when_acknowledged(std::function<void()> go);
    void arm(std::chrono::milliseconds after, ending why, std::string_view what);

    core& core_;
    std::shared_ptr<access_rules const> access_;
    member member_;
    state state_ = state::connected;
    realm* realm_ = nullptr;                        // joined
    std::shared_ptr<authentication> login_;         // from HELLO until WELCOME or ABORT
    std::unique_ptr<authorization> authorization_;  // of a role with an authorizer
    steady_time asked_at_;                          // when HELLO or AUTHENTICATE came
    timers::timer_id timer_ = 0;
    ending closing_as_ = ending::none;  // what our GOODBYE was for
    ending ended_as_ = ending::none;
    std::string ending_text_;
};

}  // namespace cerro::router
