#pragma once

/// @file
/// Remote procedure calls within one realm (wamp protocol, 6): one callee for each procedure.

#include <cerro/router/environment.hpp>
#include <cerro/router/member.hpp>
#include <cerro/router/pattern_table.hpp>
#include <cerro/wamp/uri.hpp>

#include <memory>
#include <string>

namespace cerro::router {

/// One procedure or pattern, and who serves it.
struct registration {
    wamp::id id = 0;
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    member* callee = nullptr;
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
    dealer(environment& env, std::string const& realm, own_procedures& own, wamp::uri_rule rule)
        : env_(env), realm_(realm), own_(own), rule_(rule)
    {}

    void register_procedure(member& who, wamp::message const& m);
    void unregister(member& who, wamp::message const& m);
    /// @return false when the caller broke the protocol: the request id is already in use
    [[nodiscard]] bool call(member& who, wamp::message const& m);
    void cancel(member& who, wamp::message const& m);
    void yield(member& who, wamp::message const& m);
    /// ERROR from a callee.
    void error(member& who, wamp::message const& m);

    /// Removes all that `who` had; its callers get wamp.error.canceled.
    void leave(member& who);

    [[nodiscard]] std::size_t registration_count() const { return by_id_.size(); }
    [[nodiscard]] std::size_t calls_open() const { return calls_open_; }

private:
    void remove(registration& r);
    /// Takes a call out of both tables.
    std::unique_ptr<pending_call> finish(pending_call& c);
    /// The caller's answer is final: ERROR, and the callee's answer will be dropped.
    void abandon(pending_call& c, std::string_view error, std::string_view text, std::string_view mode);
    void invoke(member& caller, wamp::message const& m, registration& r, bool disclosed);
    void start_timeout(pending_call& c, wamp::message const& m);

    environment& env_;
    std::string const& realm_;
    own_procedures& own_;
    wamp::uri_rule rule_;
    pattern_table<registration> table_;
    flat_map<wamp::id, registration*> by_id_;
    wamp::id last_id_ = 0;
    std::size_t calls_open_ = 0;
};

}  // namespace cerro::router
