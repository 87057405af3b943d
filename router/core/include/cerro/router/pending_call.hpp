#pragma once

/// @file
/// Calls that are not answered yet (wamp protocol, 6).

#include <cerro/router/timers.hpp>
#include <cerro/wamp/message.hpp>

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

struct member;
struct registration;
struct pending_call;

/// Calls that wait until a callee of their registration is free, oldest first.
using waiting_calls = std::list<std::unique_ptr<pending_call>>;

/// What is remembered of a call that is sent later, more than once, or in parts. Plain calls have none.
struct kept_call {
    kept_call() = default;
    /// With a copy of the payload.
    explicit kept_call(wamp::message const& m) : args(m.payload.args), kwargs(m.payload.kwargs)
    {
        call.type = m.type;
        call.request = m.request;
        call.uri = m.uri;
        call.details = m.details;
        call.payload = {m.payload.serializer, args, kwargs};
    }
    kept_call(kept_call const&) = delete;
    kept_call& operator=(kept_call const&) = delete;
    ~kept_call() = default;

    wamp::message call;  ///< its payload lies in args and kwargs
    bytes args;
    bytes kwargs;
    std::vector<wamp::id> unavailable;  ///< sessions that answered wamp.error.unavailable
    dict repeated;                      ///< INVOCATION.Details of each part of a progressive invocation
    registration* queued = nullptr;     ///< where it waits
    waiting_calls::iterator place;
};

/// What the callee is told of the caller.
struct caller_standing {
    bool disclosed = false;  ///< who it is
    int trustlevel = -1;     ///< of its permission; negative: none
};

/// One call: sent to the callee or waiting for a free one, not yet answered.
struct pending_call {
    member* caller = nullptr;
    wamp::id request = 0;      ///< the caller's
    member* callee = nullptr;  ///< none while the call waits
    wamp::id invocation = 0;   ///< the callee's
    wamp::id registration = 0;
    bool progress = false;  ///< the caller takes progressive results
    bool answered = false;  ///< a progressive result was sent
    bool parts = false;     ///< progressive invocation
    bool more = false;      ///< more CALLs with this request id are to come
    bool canceled = false;  ///< CANCEL "kill" went to the callee; its answer is awaited
    bool counted = false;   ///< counts against the callee's concurrency
    caller_standing standing;
    timers::timer_id timer = 0;
    std::unique_ptr<kept_call> kept;
};

}  // namespace cerro::router
