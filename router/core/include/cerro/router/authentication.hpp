#pragma once

/// @file
/// From HELLO to the decision who a session is (wamp protocol, 9): which method, what is asked, whether the
/// answer is right. What is then sent, and when, is the session's.

#include <cerro/router/access.hpp>
#include <cerro/router/core.hpp>
#include <cerro/router/own_caller.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace cerro::router {

/// Who a session is and where it goes.
struct admission {
    realm* into = nullptr;
    std::shared_ptr<role> as;
    identity who;
    dict proof;  ///< what WELCOME.Details.authextra carries besides: the router's own signature
};

/// Why a session may not join.
struct refusal {
    ending why = ending::join_denied;
    std::string reason;  ///< of ABORT
    std::string text;
    bool guess = false;  ///< the credentials were wrong: counted by address
    bool slow = false;   ///< answered after session_limits::auth_answer_time, whatever it took to find out
};

class login_events {
public:
    virtual ~login_events() = default;
    virtual void on_question(std::string_view method, dict extra) = 0;
    virtual void on_admitted(admission a) = 0;
    virtual void on_refused(refusal r) = 0;
};

/// One log-in. Each step ends with one call of the events: at once, or from environment::deadlines when a
/// dynamic authenticator had to be asked.
class authentication final : public std::enable_shared_from_this<authentication> {
public:
    /// All but `access` must outlive it, or stop() is called before they end.
    authentication(core& c,
                   std::shared_ptr<access_rules const> access,
                   link_info const& link,
                   wamp::id session,
                   login_events& events);
    authentication(authentication const&) = delete;
    authentication& operator=(authentication const&) = delete;
    ~authentication() { stop(); }

    void hello(wamp::message const& m);
    /// Once, after on_question().
    void authenticate(wamp::message const& m);
    /// Calls nothing any more.
    void stop();

private:
    /// What an AUTHENTICATE is worth; `proof` as in admission.
    struct verdict {
        bool right = false;
        dict proof{};
    };
    using check = std::function<verdict(std::string const& signature, dict const& extra)>;

    void choose(list const& methods);
    bool start(std::string_view method);
    bool from_cookie(list const& methods);
    void anonymous();
    void certificate(method_rules const& rules);
    void credentials(std::string_view method, method_rules const& rules);
    void look_up(method_rules const& rules);
    /// Asks what `p` needs to show. `known`: somebody real, who can get it right.
    void question(std::shared_ptr<principal const> p, bool known);
    void ask_ticket(std::shared_ptr<principal const> const& p);
    void ask_wampcra(principal const& p);
    void ask_scram(principal const& p);
    void ask_cryptosign(principal const& p);
    /// What authextra.channel_binding asks for; false: refused.
    bool bind_channel(std::string& type, bytes& data);

    void call_authenticator(dynamic_authenticator const& a,
                            dict more,
                            void (authentication::*then)(principal));
    void on_authenticator(own_outcome outcome, void (authentication::*then)(principal));
    void question_from_answer(principal p);
    void admit_answer(principal p);

    /// Realm and role of `p` exist; otherwise refuses.
    bool place(principal const& p);
    void admit(principal const& p, dict proof = {});
    void refuse(ending why, std::string_view reason, std::string text);
    void refuse_braked();
    void refuse_guess();
    [[nodiscard]] std::string const* extra_text(std::string_view key) const;
    [[nodiscard]] bool braked() const;

    core& core_;
    std::shared_ptr<access_rules const> access_;
    link_info const& link_;
    wamp::id session_;
    login_events* events_;

    // from HELLO
    std::string realm_name_;
    std::string authid_;
    dict extra_;

    // of the method
    method_rules const* rules_ = nullptr;
    std::string method_;
    std::string provider_;
    std::shared_ptr<principal const> principal_;  // who must show it
    bool known_ = false;
    check check_;
    std::shared_ptr<own_caller> asked_;  // who called the authenticator
    own_caller::call_id call_ = 0;

    // where the principal goes
    realm* into_ = nullptr;
    std::shared_ptr<role> role_;
};

}  // namespace cerro::router
