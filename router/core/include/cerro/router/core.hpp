#pragma once

/// @file
/// The router without sockets: its realms and what they share. Single-threaded; has no clock of its own.

#include <cerro/router/realm.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace cerro::router {

class session;
class own_caller;

class core {
public:
    /// @param seed for the ids of publications and sessions; a secret random number outside of tests
    core(metrics::registry& metrics, std::uint64_t seed);
    core(core const&) = delete;
    core& operator=(core const&) = delete;
    ~core();

    [[nodiscard]] environment& env() { return env_; }
    realm& add_realm(std::string name, std::vector<std::shared_ptr<role>> roles, realm_options options = {});
    /// The realm is found by nobody any more. It lives until its last member has left.
    void retire_realm(std::string_view name);
    /// Null pointer: there is no such realm.
    [[nodiscard]] realm* find_realm(std::string_view name) const;
    [[nodiscard]] std::vector<std::unique_ptr<realm>> const& realms() const { return realms_; }
    /// An id that no session of any realm has.
    [[nodiscard]] wamp::id new_session_id();
    /// The router's own member of a realm with a role, for calls to authenticators and authorizers; made when
    /// it is first asked for.
    [[nodiscard]] std::shared_ptr<own_caller> caller(realm& r, std::shared_ptr<role> const& allowed);
    /// Where each session reads its messages into, one after the other: keeps its memory from one to the
    /// next.
    [[nodiscard]] wamp::message& scratch() { return scratch_; }

private:
    environment env_;
    wamp::message scratch_;
    std::vector<std::unique_ptr<realm>> realms_;
    std::vector<std::shared_ptr<own_caller>> callers_;
    std::vector<std::unique_ptr<realm>> retired_;
};

}  // namespace cerro::router
