#pragma once

/// @file
/// A realm: its roles, its members, its broker and dealer, and the session meta API (wamp protocol, 8).

#include <cerro/router/broker.hpp>
#include <cerro/router/dealer.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

struct realm_options {
    wamp::uri_rule uri_check = wamp::uri_rule::loose;
    bool meta_api = true;  ///< wamp.session.*: procedures and events
};

class realm final : private own_procedures {
public:
    realm(environment& env,
          std::string name,
          std::vector<std::shared_ptr<role>> roles,
          realm_options options);
    realm(realm const&) = delete;
    realm& operator=(realm const&) = delete;
    ~realm() override = default;

    [[nodiscard]] std::string const& name() const { return name_; }
    /// Null pointer: there is no such role. "trusted" exists in every realm.
    [[nodiscard]] std::shared_ptr<role> find_role(std::string_view name) const;
    [[nodiscard]] realm_options const& options() const { return options_; }
    [[nodiscard]] class broker& broker() { return broker_; }
    [[nodiscard]] class dealer& dealer() { return dealer_; }
    [[nodiscard]] std::size_t session_count() const { return members_.size(); }
    /// Is this session id taken?
    [[nodiscard]] bool has_session(wamp::id session) const { return members_.contains(session); }

    /// `who` has its identity and role. Its WELCOME is sent already, so that nothing comes before it.
    void join(member& who);
    /// Drops all that `who` had; callers and subscribers are told.
    void leave(member& who);

private:
    bool call(member& caller, wamp::message const& m) override;

    environment& env_;
    std::string name_;
    realm_options options_;
    std::vector<std::shared_ptr<role>> roles_;
    flat_map<wamp::id, member*> members_;
    class broker broker_;
    class dealer dealer_;
};

}  // namespace cerro::router
