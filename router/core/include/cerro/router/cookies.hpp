#pragma once

/// @file
/// Cookies that bring a browser's log-in back (wamp protocol, 9, `cookie`). No I/O: who keeps them in a file
/// asks text() after on_change.

#include <cerro/base/result.hpp>
#include <cerro/base/time.hpp>
#include <cerro/codec/value.hpp>
#include <cerro/router/string_map.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

class session;

/// crossbar's keys of the same names.
struct cookie_rules {
    std::string name = "cbtid";
    std::size_t length = 24;  ///< characters of an id, 6 .. 64
    std::chrono::seconds max_age{604'800};
    bool secure = false;
    bool http_strict = false;  ///< HttpOnly
    std::string same_site;     ///< "", "Strict", "Lax" or "None"
    std::string file;          ///< where log-ins survive a restart; empty: memory only
};

/// Who a cookie stands for.
struct cookie_login {
    std::string authid;
    std::string authrole;
    std::string authmethod;
    std::string realm;
    dict extra{};
    wall_time until{};
};

/// Keeps ids as SHA-256 only: from its file nobody can log in. An id that no log-in is bound to takes no
/// memory.
class cookie_store {
public:
    static constexpr std::size_t max_logins = 10'000;

    explicit cookie_store(cookie_rules rules) : rules_(std::move(rules)) {}

    [[nodiscard]] cookie_rules const& rules() const { return rules_; }
    /// The id that a request's Cookie headers carry if a log-in is bound to it; else empty: a new one is due,
    /// for what a client makes up itself is never taken.
    [[nodiscard]] std::string known_id(std::vector<std::pair<std::string, std::string>> const& headers,
                                       wall_time now) const;
    [[nodiscard]] std::string new_id() const;
    /// What an anonymous session of this browser is called.
    [[nodiscard]] std::string public_name(std::string_view id) const;
    /// The value of Set-Cookie for a new id.
    [[nodiscard]] std::string header(std::string_view id) const;

    /// Null pointer: nobody, or no longer.
    [[nodiscard]] cookie_login const* find(std::string_view id, wall_time now) const;
    /// Beyond max_logins the one that ends first goes.
    void bind(std::string_view id, cookie_login who, wall_time now);
    void forget(std::string_view id);

    /// The sessions of a cookie: a log-out ends them all.
    void attach(std::string_view id, session& s);
    void detach(std::string_view id, session& s);
    [[nodiscard]] std::vector<session*> sessions(std::string_view id) const;

    [[nodiscard]] std::size_t size() const { return logins_.size(); }
    void on_change(std::function<void()> f) { changed_ = std::move(f); }
    /// All log-ins as JSON / what text() gave. @return errc::malformed
    [[nodiscard]] std::string text() const;
    [[nodiscard]] result<void> load(std::string_view json, wall_time now);

private:
    void make_room(wall_time now);
    void change() const;

    cookie_rules rules_;
    string_map<cookie_login> logins_;             // by digest of the id
    string_map<std::vector<session*>> sessions_;  // by digest of the id
    std::function<void()> changed_;
};

}  // namespace cerro::router
