#pragma once

/// @file
/// What the tests of the dealer have in common.

#include "world.hpp"

#include <string>
#include <vector>

namespace cerro::router::testing {

/// Joins with these features of its callee and caller role, e.g. "call_canceling,call_timeout".
inline client& join_as(client& c, std::string const& callee, std::string const& caller = {})
{
    auto const dict_of = [](std::string const& names) {
        std::string out = "{";
        for (std::size_t from = 0; from < names.size();) {
            auto const comma = std::min(names.find(',', from), names.size());
            out += (out.size() > 1 ? ",'" : "'") + names.substr(from, comma - from) + "':true";
            from = comma + 1;
        }
        return out + "}";
    };
    c.say("[1,'realm1',{'roles':{'callee':{'features':" + dict_of(callee) +
          "},'caller':{'features':" + dict_of(caller) + "},'subscriber':{}}}]");
    c.id = c.next().at(1)->as_uint().value();
    return c;
}

/// REGISTER, of which REGISTERED is expected.
inline wamp::id register_at(client& c, std::string const& procedure, std::string const& options = "{}")
{
    c.say("[64,7," + options + ",'" + procedure + "']");
    auto const m = c.next();
    INFO(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 65);
    return m.at(2)->as_uint().value();
}

/// The URI of an ERROR.
inline std::string error_of(client& c)
{
    auto const m = c.next();
    INFO(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 8);
    return *m.at(4)->as_text();
}

inline void call(client& c, int request, std::string const& procedure, std::string const& options = "{}")
{
    c.say("[48," + std::to_string(request) + "," + options + ",'" + procedure + "']");
}

/// The request id of the INVOCATION that has come.
inline wamp::id invoked(client& c)
{
    auto const m = c.next();
    INFO(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 68);
    return m.at(1)->as_uint().value();
}

/// YIELD to the invocation that has come.
inline void answer(client& c, std::string const& rest = "{}")
{
    c.say("[70," + std::to_string(invoked(c)) + "," + rest + "]");
}

/// RESULT has come.
inline void expect_result(client& c, int request)
{
    auto const m = c.next();
    INFO(codec::to_json(m));
    REQUIRE(m.at(0)->as_int() == 50);
    REQUIRE(m.at(1)->as_int() == request);
}

inline dealer& dealer_of(world& w)
{
    return w.logic.find_realm("realm1")->dealer();
}

inline std::uint64_t limit_reached_count(world& w, std::string const& limit)
{
    return w.counter("cerro_router_limits_reached_total", "limit=\"" + limit + "\"");
}

}  // namespace cerro::router::testing
