#pragma once

/// @file
/// The answers of the admin API: what the router is and does, as JSON values. No I/O.

#include "router_view.hpp"
#include <cerro/http/server.hpp>

namespace cerro::router::pages {

/// One screen: totals, backlogs, ends by reason, slow peers, most used topics. What `cerro-router top` shows.
[[nodiscard]] dict overview(router_view const& r);
/// Joined sessions; query: realm, authid, authrole, transport, peer (part of it), slow=1,
/// sort=pending|traffic, limit, offset.
[[nodiscard]] dict sessions(router_view const& r, http::request const& q);
/// One session with its subscriptions and registrations; 404 if there is none.
[[nodiscard]] http::response session(router_view const& r, wamp::id id);
/// GOODBYE wamp.close.killed. @param text for the session and the log
[[nodiscard]] http::response kill(router_view const& r, wamp::id id, std::string const& text);
[[nodiscard]] dict realms(router_view const& r);
/// Query: realm, uri (part of it), limit, offset.
[[nodiscard]] dict registrations(router_view const& r, http::request const& q);
[[nodiscard]] dict subscriptions(router_view const& r, http::request const& q);
/// The most used topics and procedures; query: limit.
[[nodiscard]] dict topics(router_view const& r, http::request const& q);
/// The last connections that ended, latest first; query: reason, realm, authid, peer, limit, offset.
[[nodiscard]] dict closed(router_view const& r, http::request const& q);
/// Each limit, its value, and how often it was reached.
[[nodiscard]] dict limits(router_view const& r);

/// A number of the query, or `otherwise` if it is absent or none; at most `most`.
[[nodiscard]] std::size_t number(http::request const& q,
                                 std::string_view name,
                                 std::size_t otherwise,
                                 std::size_t most);

}  // namespace cerro::router::pages
