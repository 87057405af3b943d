#include "replies.hpp"
#include <cerro/router/dealer.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

}  // namespace

// --- register
// ---------------------------------------------------------------------------------------------------

void dealer::register_procedure(member& who, wamp::message const& m)
{
    auto const refuse = [&](std::string_view error, std::string const& text) {
        send_error(who, m.type, m.request, error, text);
    };
    auto match = wamp::match_policy::exact;
    if (auto const* option = m.details.find("match")) {
        auto const* text = option->as_text();
        auto const parsed = text != nullptr ? wamp::parse_match_policy(*text) : std::nullopt;
        if (!parsed) {
            refuse(wamp::uri::invalid_argument, "register: option 'match' must be exact, prefix or wildcard");
            return;
        }
        match = *parsed;
    }
    if (auto const* option = m.details.find("invoke"); option != nullptr && !option->is_null()) {
        auto const* policy = option->as_text();
        if (policy == nullptr || *policy != "single") {
            refuse(option_not_allowed, "register: this router has only the invocation policy 'single'");
            return;
        }
    }
    if (m.uri.size() > env_.limits.max_uri || !wamp::valid_pattern(m.uri, match, rule_)) {
        refuse(wamp::uri::invalid_uri,
               quoted("register for invalid procedure URI", m.uri.substr(0, env_.limits.max_uri)) +
                   std::string(checking_text(rule_)));
        return;
    }
    if (std::string_view(m.uri).starts_with(reserved) && !who.allowed->trusted()) {
        refuse(wamp::uri::invalid_uri, quoted("register for restricted procedure URI", m.uri));
        return;
    }
    if (!who.allowed->on(m.uri).register_) {
        refuse(wamp::uri::not_authorized, not_authorized_text(who, "register", "procedure", m.uri, realm_));
        return;
    }
    if (who.registrations.size() >= env_.limits.max_registrations) {
        refuse(limit_exceeded,
               "this session has " + std::to_string(who.registrations.size()) +
                   " registrations, the limit is max_registrations");
        return;
    }
    if (auto* const present = table_.find(m.uri, match)) {
        if (!flag(m.details, "force_reregister")) {
            refuse(wamp::uri::procedure_already_exists,
                   quoted("register for already registered procedure", m.uri));
            return;
        }
        if (present->callee->features.callee_registration_revocation) {
            wamp::message gone;
            gone.type = message_type::unregistered;
            gone.details.append("registration", present->id);
            gone.details.append("reason", "wamp.error.unregistered");
            present->callee->send(wamp::frame(present->callee->link.serializer, gone));
        }
        remove(*present);
    }
    auto made = std::make_unique<registration>();
    made->id = ++last_id_;
    made->uri = m.uri;
    made->match = match;
    made->callee = &who;
    auto& r = table_.insert(std::move(made));
    by_id_.emplace(r.id, &r);
    who.registrations.emplace(r.id, &r);
    send_reply(who, message_type::registered, m.request, r.id);
}

void dealer::unregister(member& who, wamp::message const& m)
{
    auto const at = who.registrations.find(m.id2);
    if (at == who.registrations.end()) {
        send_error(who, m.type, m.request, wamp::uri::no_such_registration);
        return;
    }
    remove(*at->second);
    send_reply(who, message_type::unregistered, m.request);
}

void dealer::remove(registration& r)
{
    r.callee->registrations.erase(r.id);
    by_id_.erase(r.id);
    table_.erase(r);
}

// --- call
// -------------------------------------------------------------------------------------------------------

bool dealer::call(member& who, wamp::message const& m)
{
    if (who.calls.contains(m.request)) {
        return false;
    }
    auto const refuse = [&](std::string_view error, std::string const& text) {
        send_error(who, m.type, m.request, error, text);
        return true;
    };
    auto const invalid = [&] { return m.uri.size() > env_.limits.max_uri || !wamp::valid_uri(m.uri, rule_); };
    auto const invalid_text = [&] {
        return quoted("call with invalid procedure URI", m.uri.substr(0, env_.limits.max_uri)) +
               std::string(checking_text(rule_));
    };
    if (m.uri.size() > env_.limits.max_uri) {
        return refuse(wamp::uri::invalid_uri, invalid_text());
    }
    // What is permitted and registered under this very text is a valid URI; so the text is looked at only on
    // failure.
    auto const& granted = who.allowed->on(m.uri);
    if (!granted.call) {
        if (own_.asks_itself(m.uri) && own_.call(who, m)) {
            return true;
        }
        return invalid() ? refuse(wamp::uri::invalid_uri, invalid_text())
                         : refuse(wamp::uri::not_authorized,
                                  not_authorized_text(who, "call", "procedure", m.uri, realm_));
    }
    bool const disclosed = granted.disclose_caller;
    auto* const r = table_.match_best(m.uri);
    if (r == nullptr || r->match != wamp::match_policy::exact) {
        if (invalid()) {
            return refuse(wamp::uri::invalid_uri, invalid_text());
        }
    }
    if (r == nullptr) {
        if (own_.call(who, m)) {
            return true;
        }
        return refuse(wamp::uri::no_such_procedure, "no callee registered for procedure <" + m.uri + ">");
    }
    if (who.calls.size() >= env_.limits.max_calls_open) {
        return refuse(limit_exceeded,
                      "this session has " + std::to_string(who.calls.size()) +
                          " open calls, the limit is max_calls_open");
    }
    invoke(who, m, *r, disclosed);
    return true;
}

void dealer::invoke(member& caller, wamp::message const& m, registration& r, bool disclosed)
{
    member& callee = *r.callee;
    bool const progress = !m.details.empty() && callee.features.callee_progressive_results &&
                          flag(m.details, "receive_progress");
    dict details;
    if (disclosed) {
        disclose(caller.who, "caller", details);
    }
    if (r.match != wamp::match_policy::exact) {
        details.append("procedure", m.uri);
    }
    if (progress) {
        details.append("receive_progress", true);
    }
    wamp::id const invocation = callee.last_invocation + 1;
    auto frame = wamp::frame_invocation(callee.link.serializer, invocation, r.id, details, m.payload);
    if (!callee.takes(frame)) {
        send_error(caller,
                   m.type,
                   m.request,
                   wamp::uri::payload_size_exceeded,
                   "the call is larger than the callee takes (" + std::to_string(callee.link.max_outgoing) +
                       " bytes)");
        return;
    }
    callee.last_invocation = invocation;
    auto made = std::make_unique<pending_call>();
    auto& c = *made;
    c.caller = &caller;
    c.request = m.request;
    c.callee = &callee;
    c.invocation = invocation;
    c.progress = progress;
    callee.invocations.emplace(c.invocation, std::move(made));
    caller.calls.emplace(c.request, &c);
    ++calls_open_;
    if (!m.details.empty()) {
        start_timeout(c, m);
    }
    // A callee whose connection has just closed leaves in a moment, and its callers are told then.
    callee.send(std::move(frame));
}

void dealer::start_timeout(pending_call& c, wamp::message const& m)
{
    auto const* option = m.details.find("timeout");
    auto const ms = option != nullptr ? option->as_int().value_or(0) : 0;
    if (ms <= 0) {
        return;
    }
    auto const limit = std::min(std::chrono::milliseconds(ms), env_.limits.call_timeout_max);
    c.timer = env_.deadlines.add(env_.now() + limit, [this, &c] {
        c.timer = 0;
        abandon(c, wamp::uri::timeout, "timeout reached", "killnowait");
    });
}

std::unique_ptr<pending_call> dealer::finish(pending_call& c)
{
    env_.deadlines.cancel(c.timer);
    c.caller->calls.erase(c.request);
    auto const at = c.callee->invocations.find(c.invocation);
    auto owned = std::move(at->second);
    c.callee->invocations.erase(at);
    --calls_open_;
    return owned;
}

void dealer::abandon(pending_call& c, std::string_view error, std::string_view text, std::string_view mode)
{
    auto const owned = finish(c);
    send_error(*owned->caller, message_type::call, owned->request, error, text);
    if (owned->callee->features.callee_call_canceling && mode != "skip") {
        send_interrupt(*owned->callee, owned->invocation, mode, error);
    }
}

void dealer::cancel(member& who, wamp::message const& m)
{
    auto const at = who.calls.find(m.request);
    if (at == who.calls.end() || at->second->canceled) {
        return;
    }
    auto& c = *at->second;
    std::string_view mode = "killnowait";
    if (auto const* option = m.details.find("mode"); option != nullptr && !option->is_null()) {
        auto const* text = option->as_text();
        if (text == nullptr || (*text != "skip" && *text != "kill" && *text != "killnowait")) {
            abandon(c,
                    wamp::uri::invalid_argument,
                    "cancel: option 'mode' must be skip, kill or killnowait",
                    "skip");
            return;
        }
        mode = *text;
    }
    if (mode == "kill" && c.callee->features.callee_call_canceling) {
        c.canceled = true;
        send_interrupt(*c.callee, c.invocation, mode, wamp::uri::canceled);
        return;
    }
    abandon(c, wamp::uri::canceled, "call was canceled by its caller", mode);
}

// --- answers
// ----------------------------------------------------------------------------------------------------

void dealer::yield(member& who, wamp::message const& m)
{
    auto const at = who.invocations.find(m.request);
    if (at == who.invocations.end()) {
        env_.stats.dropped(drop_reason::late_result);
        return;
    }
    auto& c = *at->second;
    bool const progress = !m.details.empty() && flag(m.details, "progress");
    if (progress && !c.progress) {
        env_.stats.dropped(drop_reason::late_result);
        return;
    }
    dict details;
    if (progress) {
        details.append("progress", true);
    }
    member& caller = *c.caller;
    auto frame = wamp::frame_result(caller.link.serializer, c.request, details, m.payload);
    if (!caller.takes(frame)) {
        abandon(c,
                wamp::uri::payload_size_exceeded,
                "the result is larger than the caller takes (" + std::to_string(caller.link.max_outgoing) +
                    " bytes)",
                progress ? "killnowait" : "skip");
        return;
    }
    if (!progress) {
        finish(c);
    }
    caller.send(std::move(frame));
}

void dealer::error(member& who, wamp::message const& m)
{
    auto const at = who.invocations.find(m.request);
    if (m.id2 != static_cast<wamp::id>(message_type::invocation) || at == who.invocations.end()) {
        env_.stats.dropped(drop_reason::late_result);
        return;
    }
    auto const owned = finish(*at->second);
    member& caller = *owned->caller;
    auto frame =
        wamp::frame_error(caller.link.serializer, message_type::call, owned->request, {}, m.uri, m.payload);
    if (caller.takes(frame)) {
        caller.send(std::move(frame));
    } else {
        send_error(caller,
                   message_type::call,
                   owned->request,
                   m.uri,
                   "the error's arguments are larger than the caller takes");
    }
}

void dealer::leave(member& who)
{
    while (!who.registrations.empty()) {
        remove(*who.registrations.begin()->second);
    }
    while (!who.calls.empty()) {
        auto const owned = finish(*who.calls.begin()->second);
        if (owned->callee != &who && owned->callee->features.callee_call_canceling) {
            send_interrupt(*owned->callee, owned->invocation, "killnowait", wamp::uri::canceled);
        }
    }
    while (!who.invocations.empty()) {
        auto const owned = finish(*who.invocations.begin()->second);
        send_error(*owned->caller,
                   message_type::call,
                   owned->request,
                   wamp::uri::canceled,
                   "callee disconnected from in-flight request");
    }
}

}  // namespace cerro::router
