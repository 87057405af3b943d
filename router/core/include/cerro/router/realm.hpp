#pragma once

/// @file
/// A realm: its roles, its members, its broker and dealer, and its own procedures (wamp protocol, 8).

#include <cerro/router/broker.hpp>
#include <cerro/router/dealer.hpp>
#include <cerro/router/history.hpp>
#include <cerro/router/meta.hpp>
#include <cerro/router/realm_options.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

class realm {
public:
    realm(environment& env,
          std::string name,
          std::vector<std::shared_ptr<role>> roles,
          realm_options options);
    realm(realm const&) = delete;
    realm& operator=(realm const&) = delete;
    ~realm() = default;

    [[nodiscard]] std::string const& name() const { return name_; }
    [[nodiscard]] environment& env() { return env_; }
    /// Null pointer: there is no such role. "trusted" exists in every realm.
    [[nodiscard]] std::shared_ptr<role> find_role(std::string_view name) const;
    /// Replaces all roles: each member has the new one of its name from now on. A member whose role is gone
    /// may do nothing any more; it is for the caller to end its session.
    void set_roles(std::vector<std::shared_ptr<role>> roles);
    [[nodiscard]] realm_options const& options() const { return options_; }
    [[nodiscard]] class broker& broker() { return broker_; }
    [[nodiscard]] class dealer& dealer() { return dealer_; }
    /// Without the router's own.
    [[nodiscard]] std::size_t session_count() const { return members_.size() - internal_; }
    /// Is this session id taken?
    [[nodiscard]] bool has_session(wamp::id session) const { return members_.contains(session); }
    /// Null pointer: no such session is in this realm.
    [[nodiscard]] member* find_session(wamp::id session) const;
    /// The sessions, internal ones too.
    [[nodiscard]] flat_map<wamp::id, member*> const& members() const { return members_; }
    /// The procedures that the realm answers itself.
    [[nodiscard]] meta_table& meta() { return meta_; }

    /// Keeps publications from now on; to be called once, before anybody joins. With meta_api on,
    /// wamp.subscription.get_events reads them.
    /// @param store for durable entries; null when there are none
    void keep_history(std::vector<history_entry> entries, std::unique_ptr<history_store> store);
    /// Null pointer: nothing is kept.
    [[nodiscard]] class history* history() { return history_.get(); }

    /// `who` has its identity and role. Its WELCOME is sent already, so that nothing comes before it.
    void join(member& who);
    /// Drops all that `who` had; callers and subscribers are told.
    void leave(member& who);

    /// Answers a call to a procedure of meta(), at once or later. A caller that has left is no error; a
    /// result larger than the caller takes becomes an error to it.
    void answer(wamp::id caller, wamp::id request, list args, dict kwargs = {});
    void refuse(wamp::id caller, wamp::id request, std::string_view error, std::string_view text);
    /// answer() with a payload that is encoded already.
    void answer_encoded(wamp::id caller, wamp::id request, wamp::payload_view payload);

private:
    void publish_testaments(member& who);
    void add_trusted();

    environment& env_;
    std::string name_;
    realm_options options_;
    std::vector<std::shared_ptr<role>> roles_;
    flat_map<wamp::id, member*> members_;
    std::size_t internal_ = 0;  // of them
    meta_table meta_;
    class broker broker_;
    class dealer dealer_;
    std::unique_ptr<class history> history_;
};

}  // namespace cerro::router
