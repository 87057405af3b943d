#pragma once

/// @file
/// Remote procedure calls within one realm (wamp protocol, 6).

#include <cerro/router/environment.hpp>
#include <cerro/router/member.hpp>
#include <cerro/router/pattern_table.hpp>
#include <cerro/router/realm_options.hpp>
#include <cerro/router/registration.hpp>
#include <cerro/wamp/uri.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::router {

/// What the dealer needs of realm_options.
struct dealer_options {
    wamp::uri_rule rule = wamp::uri_rule::loose;
    bool allow_disclose_me = false;
    std::vector<call_queue_rule> call_queues;
};

/// The router's own procedures (`wamp.session.*`); asked when nobody registered the URI.
class own_procedures {
public:
    virtual ~own_procedures() = default;
    /// Answers the call and returns true; false if there is no such procedure.
    virtual bool call(member& caller, wamp::message const& m) = 0;
    /// Does the procedure itself ask what its caller may do? Then everybody may call it.
    [[nodiscard]] virtual bool asks_itself(std::string_view procedure) const = 0;
};

class dealer {
public:
    /// What is told of a change: topic of the meta API and arguments.
    using listener = std::function<void(std::string_view topic, list const& args)>;

    dealer(environment& env, std::string const& realm, own_procedures& own, dealer_options options)
        : env_(env), realm_(realm), own_(own), options_(std::move(options))
    {}

    void register_procedure(member& who, wamp::message const& m);
    void unregister(member& who, wamp::message const& m);
    // These three return what was wrong if the peer broke the protocol, so that its session must end; empty
    // if it did not.
    [[nodiscard]] std::string_view call(member& who, wamp::message const& m);
    [[nodiscard]] std::string_view yield(member& who, wamp::message const& m);
    /// ERROR from a callee.
    [[nodiscard]] std::string_view error(member& who, wamp::message const& m);
    void cancel(member& who, wamp::message const& m);

    /// Removes all that `who` had; its callers get wamp.error.canceled.
    void leave(member& who);

    /// Takes a callee out of a registration, which goes with its last callee; the callee is told if it
    /// understands that. @param by the session that wants it
    void revoke(registration& r, member& callee, std::string_view reason, wamp::id by);

    // Null pointer: there is none.
    [[nodiscard]] registration* find(wamp::id registration) const;
    [[nodiscard]] registration* find(std::string_view uri, wamp::match_policy m)
    {
        return table_.find(uri, m);
    }
    /// Who would serve a call to `uri`.
    [[nodiscard]] registration* match(std::string_view uri) { return table_.match_best(uri); }
    [[nodiscard]] flat_map<wamp::id, registration*> const& registrations() const { return by_id_; }

    /// Registrations of reserved URIs are not told of.
    void on_change(listener f) { on_change_ = std::move(f); }

    [[nodiscard]] std::size_t registration_count() const { return by_id_.size(); }
    [[nodiscard]] std::size_t calls_open() const { return calls_open_; }
    [[nodiscard]] std::size_t calls_waiting() const { return calls_waiting_; }

private:
    struct register_request;

    // registrations
    [[nodiscard]] bool may_register(member& who, wamp::message const& m, register_request const& wanted);
    registration& make_registration(member const& by, std::string const& uri, register_request const& wanted);
    void remove_callee(registration& r, member& who, wamp::id by);
    void tell(std::string_view topic, registration const& r, wamp::id session, value what) const;

    // calls
    // These two answer the caller themselves when it may not.
    [[nodiscard]] bool may_go_by_pattern(member& who,
                                         wamp::message const& m,
                                         bool permitted,
                                         registration const* r);
    [[nodiscard]] bool may_be_disclosed(member& who, wamp::message const& m, bool& disclosed);
    [[nodiscard]] std::string_view next_part(pending_call& c, wamp::message const& m);
    [[nodiscard]] callee_entry* choose(registration& r,
                                       dict const& options,
                                       std::vector<wamp::id> const& passed_over);
    /// @param c null pointer, or a call that waited, or whose callee would not
    void invoke(std::unique_ptr<pending_call> c,
                member& caller,
                wamp::message const& m,
                registration& r,
                callee_entry& to,
                caller_standing standing);
    void wait_or_refuse(member& who, wamp::message const& m, registration& r, caller_standing standing);
    void serve_waiting(registration& r);
    std::unique_ptr<pending_call> make_call(member& caller,
                                            wamp::message const& m,
                                            caller_standing standing,
                                            bool timed);
    void start_timeout(pending_call& c, dict const& options);

    // answers
    /// Takes a call out of all tables and ends what was counted and timed for it.
    std::unique_ptr<pending_call> finish(pending_call& c);
    /// Out of the callee's invocations, or the queue.
    std::unique_ptr<pending_call> take_from_owner(pending_call& c);
    /// Out of the caller's calls.
    void forget(pending_call& c);
    /// Counts down the callee's calls in flight; what waited for that is sent.
    void release(wamp::id registration, member const& callee);
    /// The caller's answer is final: ERROR, and the callee's answer will be dropped.
    void abandon(pending_call& c, std::string_view error, std::string_view text, std::string_view mode);
    /// wamp.error.unavailable. @return false when it is to be passed on as any other error
    bool reroute(pending_call& c);

    environment& env_;
    std::string const& realm_;
    own_procedures& own_;
    dealer_options options_;
    pattern_table<registration> table_;
    flat_map<wamp::id, registration*> by_id_;
    wamp::id last_id_ = 0;
    std::size_t calls_open_ = 0;
    std::size_t calls_waiting_ = 0;
    listener on_change_;
};

}  // namespace cerro::router
