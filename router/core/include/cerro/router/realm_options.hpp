#pragma once

/// @file
/// What may be chosen for a realm.

#include <cerro/wamp/uri.hpp>

#include <cstdint>

namespace cerro::router {

/// Where crossbar and the specification differ in what the meta API answers (wamp protocol, 8).
enum class meta_dialect : std::uint8_t {
    crossbar,       ///< on_leave carries [session]; kill_by_authrole and kill_all answer with lists of ids
    specification,  ///< on_leave carries [session, authid, authrole]; those two answer with counts
};

struct realm_options {
    wamp::uri_rule uri_check = wamp::uri_rule::loose;
    bool meta_api = true;  ///< wamp.session.* and the like: procedures and events
    meta_dialect dialect = meta_dialect::crossbar;
    /// Option `disclose_me` of CALL and PUBLISH is obeyed; otherwise permissions alone say who is disclosed.
    bool allow_disclose_me = false;
};

}  // namespace cerro::router
