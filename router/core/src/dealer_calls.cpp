#include "replies.hpp"
#include <cerro/router/dealer.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

using wamp::message_type;

namespace {

/// How many ended progressive calls a session is remembered for.
constexpr std::size_t max_broken_off = 64;

/// No call is timed beyond this, so that adding it to a time cannot overflow.
constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours(24 * 365);

/// CALL.Options.timeout, at most `most`; 0: none
std::chrono::milliseconds timeout_of(dict const& options, std::chrono::milliseconds most)
{
    auto const* option = options.find("timeout");
    std::chrono::milliseconds const wanted(option != nullptr ? option->as_int().value_or(0) : 0);
    return std::clamp(wanted, std::chrono::milliseconds(0), std::min(most, longest_timeout));
}

/// A part of a progressive call that has ended already: the caller could not know.
bool is_late_part(member& who, wamp::message const& m)
{
    if (auto const at = std::find(who.broken_off.begin(), who.broken_off.end(), m.request);
        at != who.broken_off.end()) {
        if (!flag(m.details, "progress")) {
            who.broken_off.erase(at);
        }
        return true;
    }
    return m.request <= who.last_call && m.details.contains("progress");
}

bool valid_runmode(dict const& options)
{
    auto const* mode = options.find("runmode");
    if (mode == nullptr || mode->is_null()) {
        return true;
    }
    auto const* key = options.find("rkey");
    return mode->as_text() != nullptr && *mode->as_text() == "partition" && key != nullptr && !key->is_null();
}

}  // namespace

std::string_view dealer::call(member& who, wamp::message const& m)
{
    if (auto const at = who.calls.find(m.request); at != who.calls.end()) {
        return next_part(*at->second, m);
    }
    bool const plain = m.details.empty();
    if (!plain || !who.broken_off.empty()) {
        if (is_late_part(who, m)) {
            env_.stats.dropped(drop_reason::late_call);
            return {};
        }
        if (!who.features.caller_passthru && uses_passthru(m.details)) {
            return "CALL with option 'ppt_scheme', but HELLO did not announce payload_passthru_mode";
        }
    }
    who.last_call = std::max(who.last_call, m.request);
    if (m.uri.size() > env_.limits.max_uri) {
        send_error(who,
                   m.type,
                   m.request,
                   wamp::uri::invalid_uri,
                   quoted("call with invalid procedure URI", m.uri.substr(0, env_.limits.max_uri)) +
                       std::string(checking_text(options_.rule)));
        return {};
    }
    // What is permitted and registered under this very text is a valid URI; so the text is looked at only on
    // failure.
    auto const& granted = who.allowed->on(m.uri);
    bool const permitted = granted.call;
    caller_standing standing{granted.disclose_caller, granted.trustlevel};
    auto* const r = permitted ? table_.match_best(m.uri) : nullptr;
    if (r == nullptr || r->match != wamp::match_policy::exact) {
        if (!may_go_by_pattern(who, m, permitted, r)) {
            return {};
        }
    }
    if (!plain || !standing.disclosed) {
        if (!may_be_disclosed(who, m, standing.disclosed)) {
            return {};
        }
    }
    if (who.calls.size() >= env_.limits.max_calls_open) {
        env_.stats.limited(limit_reached::max_calls_open);
        send_error(who,
                   m.type,
                   m.request,
                   limit_exceeded,
                   "this session has " + std::to_string(who.calls.size()) +
                       " open calls, the limit is max_calls_open");
        return {};
    }
    bool const simple = r->callees.size() == 1 && !r->limited;
    if (auto* const to = simple ? &r->callees.front() : choose(*r, m.details, {})) {
        invoke(nullptr, who, m, *r, *to, standing);
    } else {
        wait_or_refuse(who, m, *r, standing);
    }
    return {};
}

bool dealer::may_go_by_pattern(member& who, wamp::message const& m, bool permitted, registration const* r)
{
    auto const refuse = [&](std::string_view error, std::string const& text) {
        send_error(who, m.type, m.request, error, text);
        return false;
    };
    if (!wamp::valid_uri(m.uri, options_.rule)) {
        return refuse(
            wamp::uri::invalid_uri,
            quoted("call with invalid procedure URI", m.uri) + std::string(checking_text(options_.rule)));
    }
    if (!permitted) {
        if (own_.asks_itself(m.uri) && own_.call(who, m)) {
            return false;
        }
        return refuse(wamp::uri::not_authorized,
                      not_authorized_text(who, "call", "procedure", m.uri, realm_));
    }
    // Nobody's pattern takes the router's own procedures away.
    bool const ours = m.uri.starts_with(reserved);
    if ((r == nullptr || ours) && own_.call(who, m)) {
        return false;
    }
    if (r == nullptr || (ours && !r->uri.starts_with(reserved))) {
        return refuse(wamp::uri::no_such_procedure, "no callee registered for procedure <" + m.uri + ">");
    }
    return true;
}

bool dealer::may_be_disclosed(member& who, wamp::message const& m, bool& disclosed)
{
    if (m.details.empty()) {
        disclosed = m.uri.starts_with(reserved) || m.uri.starts_with(reserved_by_crossbar);
        return true;
    }
    if (!valid_runmode(m.details)) {
        send_error(who,
                   m.type,
                   m.request,
                   wamp::uri::invalid_argument,
                   "call: option 'runmode' must be 'partition', with an 'rkey'");
        return false;
    }
    disclosed = disclosed || m.uri.starts_with(reserved) || m.uri.starts_with(reserved_by_crossbar);
    if (!disclosed && flag(m.details, "disclose_me")) {
        if (!options_.allow_disclose_me) {
            send_error(who,
                       m.type,
                       m.request,
                       disclose_me_disallowed,
                       "call: this realm does not let a caller disclose itself (option 'disclose_me')");
            return false;
        }
        disclosed = true;
    }
    return true;
}

callee_entry* dealer::choose(registration& r, dict const& options, std::vector<wamp::id> const& passed_over)
{
    return choose_callee(
        r, options, passed_over, r.policy == invoke_policy::random ? env_.random_id() : std::uint64_t{0});
}

void dealer::invoke(std::unique_ptr<pending_call> c,
                    member& caller,
                    wamp::message const& m,
                    registration& r,
                    callee_entry& to,
                    caller_standing standing)
{
    member& callee = *to.who;
    auto const refuse = [&](std::string_view error, std::string const& text) {
        if (c) {
            forget(*c);
        }
        send_error(caller, m.type, m.request, error, text);
    };
    bool progress = false;
    bool more = false;
    bool forwarded = false;
    dict details;
    if (standing.disclosed || to.disclose_caller) {
        disclose(caller.who, "caller", details);
    }
    if (standing.trustlevel >= 0) {
        details.append("trustlevel", standing.trustlevel);
    }
    if (r.match != wamp::match_policy::exact) {
        details.append("procedure", m.uri);
    }
    if (!m.details.empty()) {
        more = flag(m.details, "progress");
        if (more &&
            !(callee.features.callee_progressive_invocations && callee.features.callee_call_canceling)) {
            refuse(feature_not_supported,
                   "the callee did not announce progressive_call_invocations and call_canceling");
            return;
        }
        if (uses_passthru(m.details) && !callee.features.callee_passthru) {
            refuse(feature_not_supported, "the callee did not announce payload_passthru_mode");
            return;
        }
        // Asked of every callee: wampy can do it and does not announce it; who cannot ignores it.
        progress = flag(m.details, "receive_progress");
        if (progress) {
            details.append("receive_progress", true);
        }
        // A call that has waited is timed here already.
        forwarded = (!c || c->timer == 0) && to.forward_timeout && callee.features.callee_call_timeout;
        if (auto const limit = timeout_of(m.details, env_.limits.call_timeout_max);
            forwarded && limit.count() > 0) {
            details.append("timeout", limit.count());
        }
        copy_end_to_end(m.details, details);
    }
    std::unique_ptr<kept_call> parts;
    if (more) {
        parts = std::make_unique<kept_call>();
        parts->repeated = details;
        details.append("progress", true);
    }
    wamp::id const invocation = callee.last_invocation + 1;
    auto frame = wamp::frame_invocation(callee.link.serializer, invocation, r.id, details, m.payload);
    if (!callee.takes(frame)) {
        refuse(wamp::uri::payload_size_exceeded,
               "the call is larger than the callee takes (" + std::to_string(callee.link.max_outgoing) +
                   " bytes)");
        return;
    }
    callee.last_invocation = invocation;
    if (!c) {
        c = make_call(caller, m, standing, !forwarded);
    } else if (!forwarded && c->timer == 0) {
        start_timeout(*c, m.details);  // the callee before this one would have kept the time
    }
    c->callee = &callee;
    c->invocation = invocation;
    c->registration = r.id;
    c->progress = progress;
    if (to.concurrency != 0) {
        c->counted = true;
        ++to.in_flight;
    }
    if (parts) {
        c->parts = c->more = true;
        c->kept = std::move(parts);
    } else if (r.callees.size() > 1 && callee.features.callee_reroute) {
        if (!c->kept) {
            c->kept = std::make_unique<kept_call>(m);
        }
    } else {
        c->kept.reset();  // `m` may lie in it, and is gone now
    }
    callee.invocations.emplace(invocation, std::move(c));
    // A callee whose connection has just closed leaves in a moment, and its callers are told then.
    callee.send(std::move(frame));
}

std::unique_ptr<pending_call> dealer::make_call(member& caller,
                                                wamp::message const& m,
                                                caller_standing standing,
                                                bool timed)
{
    auto c = std::make_unique<pending_call>();
    c->caller = &caller;
    c->request = m.request;
    c->standing = standing;
    caller.calls.emplace(m.request, c.get());
    ++calls_open_;
    if (timed && !m.details.empty()) {
        start_timeout(*c, m.details);
    }
    return c;
}

void dealer::start_timeout(pending_call& c, dict const& options)
{
    auto const limit = timeout_of(options, env_.limits.call_timeout_max);
    if (limit.count() == 0) {
        return;
    }
    c.timer = env_.deadlines.add(env_.now() + limit, [this, &c] {
        c.timer = 0;
        env_.stats.limited(limit_reached::call_timeout);
        abandon(c, wamp::uri::timeout, "timeout reached", "killnowait");
    });
}

std::string_view dealer::next_part(pending_call& c, wamp::message const& m)
{
    if (!c.more) {
        return "CALL with a request id that is still in use";
    }
    c.more = flag(m.details, "progress");
    if (c.canceled) {
        env_.stats.dropped(drop_reason::late_call);
        return {};
    }
    auto details = c.kept->repeated;
    if (c.more) {
        details.append("progress", true);
    }
    auto frame =
        wamp::frame_invocation(c.callee->link.serializer, c.invocation, c.registration, details, m.payload);
    if (!c.callee->takes(frame)) {
        abandon(c,
                wamp::uri::payload_size_exceeded,
                "a part of the call is larger than the callee takes (" +
                    std::to_string(c.callee->link.max_outgoing) + " bytes)",
                "killnowait");
        return {};
    }
    c.callee->send(std::move(frame));
    return {};
}

void dealer::wait_or_refuse(member& who, wamp::message const& m, registration& r, caller_standing standing)
{
    if (r.queue_limit == 0 || flag(m.details, "progress")) {
        env_.stats.limited(limit_reached::concurrency);
        send_error(who,
                   m.type,
                   m.request,
                   max_concurrency_reached,
                   "maximum concurrency of the callees of procedure '" + m.uri + "' reached");
        return;
    }
    if (r.waiting.size() >= r.queue_limit) {
        env_.stats.limited(limit_reached::call_queue);
        send_error(who,
                   m.type,
                   m.request,
                   max_concurrency_reached,
                   "maximum concurrency of the callees of procedure '" + m.uri + "' reached, and " +
                       std::to_string(r.waiting.size()) + " calls wait already (limit of call-queue)");
        return;
    }
    auto c = make_call(who, m, standing, true);
    c->kept = std::make_unique<kept_call>(m);
    auto& kept = *c->kept;
    kept.queued = &r;
    kept.place = r.waiting.insert(r.waiting.end(), std::move(c));
    ++calls_waiting_;
}

void dealer::serve_waiting(registration& r)
{
    while (!r.waiting.empty()) {
        auto const& m = r.waiting.front()->kept->call;
        auto* const to = choose(r, m.details, {});
        if (to == nullptr) {
            return;
        }
        auto c = take_from_owner(*r.waiting.front());
        auto& caller = *c->caller;
        auto const standing = c->standing;
        invoke(std::move(c), caller, m, r, *to, standing);
    }
}

void dealer::forget(pending_call& c)
{
    env_.deadlines.cancel(c.timer);
    c.timer = 0;
    c.caller->calls.erase(c.request);
    if (c.more) {
        auto& ended = c.caller->broken_off;
        if (ended.size() >= max_broken_off) {
            ended.erase(ended.begin());
        }
        ended.push_back(c.request);
    }
    --calls_open_;
}

}  // namespace cerro::router
