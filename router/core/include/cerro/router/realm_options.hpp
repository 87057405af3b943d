#pragma once

/// @file
/// What may be chosen for a realm.

#include <cerro/wamp/uri.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cerro::router {

/// Where crossbar and the specification differ in what the meta API answers (wamp protocol, 8).
enum class meta_dialect : std::uint8_t {
    crossbar,       ///< on_leave carries [session]; kill_by_authrole answers with the list of ids
    specification,  ///< on_leave carries [session, authid, authrole]; kill_by_authrole answers with the count
};

/// Calls to registrations whose URI matches wait when every callee is at its `concurrency` (crossbar's
/// "call-queue").
struct call_queue_rule {
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    std::size_t limit = 100;  ///< waiting calls of each registration
};

struct realm_options {
    wamp::uri_rule uri_check = wamp::uri_rule::loose;
    bool meta_api = true;  ///< wamp.session.* and the like: procedures and events
    meta_dialect dialect = meta_dialect::crossbar;
    /// Options `disclose_me` of CALL and PUBLISH and `disclose_caller` of REGISTER are obeyed; otherwise
    /// permissions alone say who is disclosed.
    bool allow_disclose_me = false;
    std::vector<call_queue_rule> call_queues;  ///< the first that matches counts
};

}  // namespace cerro::router
