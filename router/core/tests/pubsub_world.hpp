#pragma once

/// @file
/// What the tests of publish and subscribe and of the meta API share.

#include "world.hpp"

namespace cerro::router::testing {

/// Subscribes and returns the subscription id.
inline wamp::id subscribe(client& c, std::string const& topic, std::string const& options = "{}")
{
    c.say("[32,7," + options + ",'" + topic + "']");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 33);
    return m.at(2)->as_uint().value();
}

/// A call without keyword arguments unless `args` has them ("[1],{'k':2}"); the whole answer.
inline value call(client& c, std::string const& procedure, std::string const& args = "[]")
{
    c.say("[48,77,{},'" + procedure + "'," + args + "]");
    return c.next();
}

/// The single result of a call.
inline value result_of(client& c, std::string const& procedure, std::string const& args = "[]")
{
    auto const m = call(c, procedure, args);
    CAPTURE(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 50);
    REQUIRE(m.at(3)->as_list()->size() == 1);
    return *m.at(3)->at(0);
}

/// The error URI of a call that is refused.
inline std::string error_of(client& c, std::string const& procedure, std::string const& args = "[]")
{
    auto const m = call(c, procedure, args);
    CAPTURE(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 8);
    return *m.at(4)->as_text();
}

/// Joins realm1 as a peer that announces these features: "'subscriber':{'features':{..}}".
inline client& join_with(client& c, std::string const& roles, std::string const& realm = "realm1")
{
    c.say("[1,'" + realm + "',{'roles':{" + roles + "}}]");
    auto const welcome = c.next();
    REQUIRE(welcome.at(0)->as_int() == 2);
    c.id = welcome.at(1)->as_uint().value();
    return c;
}

/// How often a limit was reached.
inline std::uint64_t limited(world& w, std::string const& limit)
{
    return w.counter("cerro_router_limits_reached_total", "limit=\"" + limit + "\"");
}

inline std::string text(wamp::id id)
{
    return std::to_string(id);
}

}  // namespace cerro::router::testing
