#include "replies.hpp"
#include <cerro/router/log_text.hpp>
#include <cerro/router/session.hpp>
#include <cerro/wamp/fast.hpp>

#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

bool announces(dict const& roles, std::string_view role, std::string_view feature)
{
    auto const* r = roles.find(role);
    auto const* features = r != nullptr ? r->find("features") : nullptr;
    auto const* f = features != nullptr ? features->find(feature) : nullptr;
    return f != nullptr && f->as_bool().value_or(false);
}

/// What this router can do; grows with the code, never ahead of it.
dict router_roles(bool meta_api, bool history)
{
    dict const broker_features{{"publisher_identification", true},
                               {"publisher_exclusion", true},
                               {"subscriber_blackwhite_listing", true},
                               {"pattern_based_subscription", true},
                               {"session_meta_api", meta_api},
                               {"subscription_meta_api", meta_api},
                               {"subscription_revocation", true},
                               {"event_retention", true},
                               {"event_history", meta_api && history},
                               {"sharded_subscription", true},
                               {"publication_trustlevels", true},
                               {"payload_passthru_mode", true},
                               {"payload_transparency", true},
                               {"payload_encryption_cryptobox", true},
                               {"acknowledge_event_received", true},
                               {"x_acknowledged_event_delivery", true}};  // the same as autobahn spells it
    dict const dealer_features{{"caller_identification", true},
                               {"pattern_based_registration", true},
                               {"shared_registration", true},
                               {"sharded_registration", true},
                               {"progressive_call_results", true},
                               {"progressive_call_invocations", true},
                               {"call_canceling", true},
                               {"call_timeout", true},
                               {"call_reroute", true},
                               {"call_trustlevels", true},
                               {"registration_revocation", true},
                               {"registration_meta_api", meta_api},
                               {"session_meta_api", meta_api},
                               {"testament_meta_api", meta_api},
                               {"payload_passthru_mode", true},
                               {"payload_transparency", true},
                               {"payload_encryption_cryptobox", true}};
    return {{"broker", dict{{"features", broker_features}}}, {"dealer", dict{{"features", dealer_features}}}};
}

}  // namespace

session::session(core& c, peer& p, link_info link, std::shared_ptr<access_rules const> access)
    : core_(c), access_(std::move(access)), member_(p, std::move(link))
{
    member_.owner = this;
    arm(core_.env().limits.hello_timeout, ending::hello_timeout, "no HELLO");
}

session::~session()
{
    on_closed();
}

// --- input
// ------------------------------------------------------------------------------------------------------

void session::on_message(byte_view bytes)
{
    if (state_ == state::ended) {
        return;
    }
    auto& m = core_.scratch();
    auto const scanned = wamp::scan_into(member_.link.serializer, bytes, m, core_.env().limits.message);
    if (!scanned) {
        violation(scanned.error().what);
        return;
    }
    core_.env().stats.received(m.type);
    switch (state_) {
        case state::established:
            if ((authorization_ || member_.allowed->asks()) && held(m, bytes)) {
                return;
            }
            on_established(m);
            return;
        case state::connected:
            if (m.type == message_type::hello) {
                on_hello(m);
                return;
            }
            break;
        case state::challenging:
            if (m.type == message_type::authenticate) {
                on_authenticate(m);
                return;
            }
            break;
        case state::joining: break;
        case state::refused: return;
        case state::closing:
            if (m.type == message_type::goodbye || m.type == message_type::abort) {
                end(closing_as_, "goodbye");
            }
            return;
        case state::ended: return;
    }
    if (m.type == message_type::abort) {
        end(ending::aborted_by_peer, "aborted by peer: " + m.uri);
        return;
    }
    violation(std::string("received ") + std::string(wamp::name(m.type)) +
              " message, but no session is established");
}

void session::on_established(wamp::message const& m)
{
    switch (m.type) {
        case message_type::call: must_be_fine(realm_->dealer().call(member_, m), m); return;
        case message_type::yield: must_be_fine(realm_->dealer().yield(member_, m), m); return;
        case message_type::publish: must_be_fine(realm_->broker().publish(member_, m), m); return;
        case message_type::error: must_be_fine(realm_->dealer().error(member_, m), m); return;
        case message_type::subscribe: realm_->broker().subscribe(member_, m); return;
        case message_type::unsubscribe: realm_->broker().unsubscribe(member_, m); return;
        case message_type::register_: realm_->dealer().register_procedure(member_, m); return;
        case message_type::unregister: realm_->dealer().unregister(member_, m); return;
        case message_type::cancel: realm_->dealer().cancel(member_, m); return;
        case message_type::event_received: realm_->broker().event_received(member_, m); return;
        case message_type::goodbye:
            log_out(m.uri);
            when_acknowledged([this] { answer_goodbye(); });
            return;
        case message_type::abort: end(ending::aborted_by_peer, "aborted by peer: " + m.uri); return;
        default: break;
    }
    violation(std::string("received ") + std::string(wamp::name(m.type)) +
              " message, and session is already established");
}

void session::must_be_fine(std::string_view wrong, wamp::message const& m)
{
    if (!wrong.empty()) {
        violation(std::string(wrong) + " (" + std::string(wamp::name(m.type)) + " request " +
                  std::to_string(m.request) + ")");
    }
}

void session::on_closed()
{
    if (state_ != state::ended) {
        ended_as_ = state_ == state::closing ? closing_as_ : ending::none;
        state_ = state::ended;
        ending_text_ = "transport closed";
    }
    core_.env().deadlines.cancel(std::exchange(timer_, 0));
    stop_login();
    leave();
}

// --- joined
// -----------------------------------------------------------------------------------------------------

void session::welcome(dict const& proof)
{
    auto const& who = member_.who;
    auto const& names = core_.env().names;
    auto extra = who.authextra;
    for (auto const& more : {dict{{"x_cb_node", names.node},
                                  {"x_cb_worker", names.worker},
                                  {"x_cb_peer", member_.link.address},
                                  {"x_cb_pid", names.pid}},
                             proof}) {
        for (auto const& [key, v] : more) {
            extra.set(key, v);
        }
    }
    wamp::message m;
    m.type = message_type::welcome;
    m.id2 = who.session;
    m.details = {{"realm", realm_->name()},
                 {"authid", who.authid},
                 {"authrole", who.authrole},
                 {"authmethod", who.authmethod},
                 {"authprovider", who.authprovider},
                 {"authextra", std::move(extra)},
                 {"agent", "Cerro-" CERRO_VERSION},
                 {"roles", router_roles(realm_->options().meta_api, realm_->history() != nullptr)}};
    member_.send(wamp::frame(member_.link.serializer, m));
    core_.env().stats.sessions_joined.add();
    realm_->join(member_);
}

void session::read_features(dict const& roles)
{
    auto& f = member_.features;
    f.caller_passthru = announces(roles, "caller", "payload_passthru_mode");
    f.callee_call_canceling = announces(roles, "callee", "call_canceling");
    f.callee_call_timeout = announces(roles, "callee", "call_timeout");
    f.callee_passthru = announces(roles, "callee", "payload_passthru_mode");
    f.callee_progressive_invocations = announces(roles, "callee", "progressive_call_invocations");
    f.callee_registration_revocation = announces(roles, "callee", "registration_revocation");
    f.callee_reroute = announces(roles, "callee", "call_reroute");
    f.publisher_passthru = announces(roles, "publisher", "payload_passthru_mode");
    f.subscriber_passthru = announces(roles, "subscriber", "payload_passthru_mode");
    f.subscriber_revocation = announces(roles, "subscriber", "subscription_revocation");
    // autobahn can do it as a subscriber and announces it as a publisher
    for (auto const* role : {"subscriber", "publisher"}) {
        for (auto const* feature : {"acknowledge_event_received", "x_acknowledged_event_delivery"}) {
            f.acknowledges_events |= announces(roles, role, feature);
        }
    }
}

// --- ending
// -----------------------------------------------------------------------------------------------------

void session::violation(std::string const& what)
{
    core_.env().stats.protocol_violations.add();
    abort(ending::protocol_violation, wamp::uri::protocol_violation, what);
}

void session::abort(ending why, std::string_view reason, std::string const& text)
{
    if (state_ != state::established) {
        core_.env().stats.joins_refused.add();
    }
    leave();
    wamp::message m;
    m.type = message_type::abort;
    m.uri = reason;
    m.details.append("message", text);
    member_.send(wamp::frame(member_.link.serializer, m));
    end(why, std::string(reason) + ": " + text);
}

void session::say_goodbye(ending why, std::string_view reason, std::string_view text)
{
    if (state_ != state::established) {
        if (state_ != state::ended && state_ != state::closing) {
            abort(why, reason, std::string(text));
        }
        return;
    }
    closing_as_ = why;
    when_acknowledged([this, reason = std::string(reason), text = std::string(text)] {
        leave();
        wamp::message m;
        m.type = message_type::goodbye;
        m.uri = reason;
        m.details.append("message", text);
        member_.send(wamp::frame(member_.link.serializer, m));
        state_ = state::closing;
        arm(core_.env().limits.goodbye_timeout, ending::goodbye_timeout, "no answer to GOODBYE");
    });
}

void session::answer_goodbye()
{
    leave();
    wamp::message reply;
    reply.type = message_type::goodbye;
    reply.uri = wamp::uri::goodbye_and_out;
    member_.send(wamp::frame(member_.link.serializer, reply));
    end(ending::goodbye, "goodbye");
}

// What was published with `acknowledge` is acknowledged before GOODBYE; nothing new is taken meanwhile.
void session::when_acknowledged(std::function<void()> go)
{
    if (member_.held == 0) {
        go();
        return;
    }
    state_ = state::closing;
    member_.released = std::move(go);
    arm(core_.env().limits.goodbye_timeout, ending::goodbye_timeout, "the event history does not write");
}

void session::end(ending why, std::string const& text)
{
    state_ = state::ended;
    ended_as_ = why;
    ending_text_ = log_text(text);
    core_.env().deadlines.cancel(std::exchange(timer_, 0));
    stop_login();
    leave();
    member_.close(why, ending_text_);
}

void session::leave()
{
    if (realm_ != nullptr) {
        authorization_.reset();
        std::exchange(realm_, nullptr)->leave(member_);
        unbind_cookie();
        core_.env().stats.sessions_left.add();
    }
}

void session::arm(std::chrono::milliseconds after, ending why, std::string_view what)
{
    core_.env().deadlines.cancel(timer_);
    timer_ = core_.env().deadlines.add(core_.env().now() + after, [this, why, what] {
        timer_ = 0;
        if (state_ == state::closing) {
            end(why, std::string(what) + " (" + std::string(name(closing_as_)) + ")");
        } else {
            abort(why, wamp::uri::protocol_violation, std::string(what) + " within the time allowed");
        }
    });
}

}  // namespace cerro::router
