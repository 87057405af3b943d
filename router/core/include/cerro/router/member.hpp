#pragma once

/// @file
/// A session that has joined a realm, as broker and dealer see it.

#include <cerro/base/time.hpp>
#include <cerro/router/peer.hpp>
#include <cerro/router/pending_call.hpp>
#include <cerro/router/role.hpp>
#include <cerro/router/string_map.hpp>
#include <cerro/router/testaments.hpp>
#include <cerro/router/timers.hpp>
#include <cerro/wamp/message.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

struct subscription;
struct registration;
class session;

/// Who a session is.
struct identity {
    wamp::id session = 0;
    std::string authid;
    std::string authrole;
    std::string authmethod;
    std::string authprovider;
    dict authextra{};  ///< as the principal or the client itself gives it
};

/// What the client said that it can do (HELLO.Details.roles).
struct client_features {
    bool caller_passthru = false;
    bool callee_call_canceling = false;
    bool callee_call_timeout = false;
    bool callee_passthru = false;
    bool callee_progressive_invocations = false;
    bool callee_registration_revocation = false;
    bool callee_reroute = false;
    bool publisher_passthru = false;
    bool subscriber_passthru = false;
    bool subscriber_revocation = false;
    bool acknowledges_events = false;  ///< EVENT_RECEIVED, when asked
};

/// Lives as long as its session; realm, broker and dealer keep plain pointers to it between join and leave.
struct member {
    member(peer& p, link_info l) : link(std::move(l)), peer_(&p) {}
    member(member const&) = delete;
    member& operator=(member const&) = delete;
    ~member() = default;

    /// @return false when the frame was not queued: too large for the peer, or the connection is closed
    bool send(shared_bytes frame, bool droppable = false)
    {
        return takes(frame) && peer_->send(std::move(frame), droppable);
    }
    /// Is the message small enough? The frame carries 4 octets of length in front of it.
    [[nodiscard]] bool takes(shared_bytes const& frame) const
    {
        return frame->size() - 4 <= link.max_outgoing;
    }
    void close(ending why, std::string const& text) { peer_->close(why, text); }
    void joined() { peer_->joined(); }
    void denied(wamp::message_type request, std::string_view text)
    {
        peer_->denied(static_cast<std::uint8_t>(request), text);
    }
    void set_drop_oldest(bool on) { peer_->set_drop_oldest(on); }

    link_info link;
    identity who;
    client_features features;
    std::shared_ptr<role> allowed;
    session* owner = nullptr;  ///< can end it; null for the router's own
    bool internal = false;     ///< the router's own (HTTP caller): not in the session meta API

    std::unique_ptr<testaments> last_will;  ///< null: none was left
    std::size_t held = 0;                   ///< PUBLISHED messages to it that wait for the event history
    std::function<void()> released;         ///< called, if set, when `held` has come to 0

    flat_map<subscription*, std::size_t> subscriptions;  ///< and the place in subscription::subscribers
    flat_map<wamp::id, registration*> registrations;
    flat_map<wamp::id, pending_call*> calls;                        ///< as caller, by CALL.Request
    flat_map<wamp::id, std::unique_ptr<pending_call>> invocations;  ///< as callee, by INVOCATION.Request
    wamp::id last_invocation = 0;
    wamp::id last_call = 0;            ///< greatest CALL.Request so far
    std::vector<wamp::id> broken_off;  ///< progressive calls that ended before their last CALL had come

private:
    peer* peer_;
};

}  // namespace cerro::router
