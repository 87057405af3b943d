#pragma once

/// @file
/// What a session may do: the permissions of its role, evaluated as crossbar does (wamp protocol, 10), and
/// remembered.

#include <cerro/router/string_map.hpp>
#include <cerro/wamp/uri.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cerro::router {

/// What one role may do with one URI. Default: nothing.
struct rights {
    bool call = false;
    bool register_ = false;
    bool publish = false;
    bool subscribe = false;
    bool disclose_caller = false;     ///< callees are told who calls
    bool disclose_publisher = false;  ///< subscribers are told who publishes
    int trustlevel = -1;              ///< of calls and publications, in Details; negative: none

    friend bool operator==(rights const&, rights const&) = default;
};

struct permission {
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    rights allow;
};

/// A procedure that says what sessions of a role may do, in place of permissions.
struct authorizer_rule {
    std::string procedure;
    bool disclose = false;  ///< where its answer does not say
    bool cache = false;     ///< likewise
};

class role {
public:
    /// The role named "trusted" may do everything, also with reserved URIs, whatever its permissions say.
    role(std::string name, std::vector<permission> permissions);

    [[nodiscard]] std::string const& name() const { return name_; }
    [[nodiscard]] bool trusted() const { return trusted_; }
    /// Do slow sessions of this role lose their oldest events instead of their connection?
    [[nodiscard]] bool drop_oldest() const { return drop_oldest_; }
    void set_drop_oldest(bool on) { drop_oldest_ = on; }

    /// Has it an authorizer? Then its permissions count for nothing, and class authorization tells a
    /// session's own role before each request what it may.
    [[nodiscard]] bool asks() const { return authorizer_ != nullptr; }
    [[nodiscard]] std::optional<authorizer_rule> authorizer() const
    {
        return authorizer_ ? std::optional(*authorizer_) : std::nullopt;
    }
    void set_authorizer(authorizer_rule rule)
    {
        authorizer_ = std::make_shared<authorizer_rule const>(std::move(rule));
        known_.clear();
    }
    /// The same role for one session alone.
    [[nodiscard]] std::shared_ptr<role> for_session() const;
    /// on(uri) is this until the next decision.
    void decide(std::string_view uri, rights const& granted);

    /// The rights for a URI or, for SUBSCRIBE and REGISTER, for the text of a pattern.
    /// The reference is valid until the next call: the answers of the latest URIs are kept.
    [[nodiscard]] rights const& on(std::string_view uri);

    /// The rule itself, without memory: the longest entry that is a prefix of `uri` decides; an exact entry
    /// counts only when equal (and then denies nothing to a shorter one: there is no fall back); wildcard
    /// entries with the longest fitting head come before prefixes.
    [[nodiscard]] rights evaluate(std::string_view uri) const;

private:
    std::string name_;
    bool trusted_;
    bool drop_oldest_ = false;
    std::vector<permission> permissions_;
    std::shared_ptr<authorizer_rule const> authorizer_;
    string_map<rights> known_;
};

}  // namespace cerro::router
