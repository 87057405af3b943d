#pragma once

/// @file
/// The router's own procedures (wamp protocol, 8): a table of names, and one call as their functions see it.
/// Who answers says so by realm::answer() and realm::refuse(), at once or later.

#include <cerro/router/dealer.hpp>

#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace cerro::router {

class realm;

/// One call to a procedure of the router; valid during the function that gets it.
struct meta_call {
    wamp::id caller = 0;   ///< session id: what a later answer is sent to
    wamp::id request = 0;  ///< the caller's
    std::string_view procedure;
    list args;
    dict kwargs;
    member& who;  ///< the caller; may be gone when a later answer is ready

    /// Argument `index`, or null pointer if it is absent or null.
    [[nodiscard]] value const* arg(std::size_t index) const;
    /// The same, or else the keyword argument `name`.
    [[nodiscard]] value const* arg(std::size_t index, std::string_view name) const;
};

/// The procedures that a realm answers itself, where nobody registered the URI. The right to call them is
/// asked before (role::on), as for every other procedure.
class meta_table final : public own_procedures {
public:
    using function = std::function<void(meta_call const&)>;

    explicit meta_table(environment& env) : env_(env) {}

    /// Adds a procedure; a second of the same name takes the place of the first.
    void add(std::string procedure, function f);
    /// The same for a procedure that everybody may call, because it asks itself what its caller may do.
    void add_open(std::string procedure, function f);
    [[nodiscard]] bool contains(std::string_view procedure) const { return table_.contains(procedure); }
    /// @return false if there is no such procedure. Arguments that cannot be decoded are answered with
    /// wamp.error.invalid_argument.
    bool call(member& caller, wamp::message const& m) override;
    [[nodiscard]] bool asks_itself(std::string_view procedure) const override
    {
        return open_.contains(procedure);
    }

private:
    environment& env_;
    string_map<function> table_;
    std::set<std::string, std::less<>> open_;
};

/// May `asking` be told of what is registered or subscribed under `uri`? URIs that begin with "wamp." or
/// "crossbar." are the business of role trusted alone.
[[nodiscard]] bool may_see(member const& asking, std::string_view uri);

/// wamp.session.count, list, get
void add_session_meta(realm& r);
/// wamp.session.kill, kill_by_authid, kill_by_authrole, kill_all
void add_session_kill(realm& r);
/// wamp.subscription.*, but for get_events
void add_subscription_meta(realm& r);
/// wamp.subscription.get_events
void add_history_meta(realm& r);
/// wamp.registration.*, and its events
void add_registration_meta(realm& r);
/// Published when `who` has joined and when it is leaving.
void publish_join(realm& r, member const& who);
void publish_leave(realm& r, member const& who);

}  // namespace cerro::router
