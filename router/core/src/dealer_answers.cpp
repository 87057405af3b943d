#include "replies.hpp"
#include <cerro/router/dealer.hpp>
#include <cerro/wamp/fast.hpp>

#include <utility>

namespace cerro::router {

using wamp::message_type;

namespace {

constexpr std::string_view unavailable = "wamp.error.unavailable";
constexpr std::string_view no_available_callee = "wamp.error.no_available_callee";
constexpr std::string_view passthru_unannounced =
    "option 'ppt_scheme', but HELLO did not announce payload_passthru_mode";

}  // namespace

std::string_view dealer::yield(member& who, wamp::message const& m)
{
    auto const at = who.invocations.find(m.request);
    if (at == who.invocations.end()) {
        env_.stats.dropped(drop_reason::late_result);
        return {};
    }
    auto& c = *at->second;
    member& caller = *c.caller;
    dict details;
    bool progress = false;
    if (!m.details.empty()) {
        progress = flag(m.details, "progress");
        if (progress && !c.progress) {
            env_.stats.dropped(drop_reason::unwanted_progress);
            return {};
        }
        if (uses_passthru(m.details)) {
            if (!who.features.callee_passthru) {
                return passthru_unannounced;
            }
            if (!caller.features.caller_passthru) {
                abandon(c,
                        feature_not_supported,
                        "the result is passed through, but the caller did not announce payload_passthru_mode",
                        progress ? "killnowait" : "skip");
                return {};
            }
        }
        if (progress) {
            details.append("progress", true);
        }
        copy_end_to_end(m.details, details);
    }
    auto frame = wamp::frame_result(caller.link.serializer, c.request, details, m.payload);
    if (!caller.takes(frame)) {
        abandon(c,
                wamp::uri::payload_size_exceeded,
                "the result is larger than the caller takes (" + std::to_string(caller.link.max_outgoing) +
                    " bytes)",
                progress ? "killnowait" : "skip");
        return {};
    }
    if (progress) {
        c.answered = true;
    } else {
        finish(c);
    }
    caller.send(std::move(frame));
    return {};
}

std::string_view dealer::error(member& who, wamp::message const& m)
{
    auto const at = who.invocations.find(m.request);
    if (m.id2 != static_cast<wamp::id>(message_type::invocation) || at == who.invocations.end()) {
        env_.stats.dropped(drop_reason::late_result);
        return {};
    }
    if (uses_passthru(m.details) && !who.features.callee_passthru) {
        return passthru_unannounced;
    }
    if (m.uri == unavailable && who.features.callee_reroute && reroute(*at->second)) {
        return {};
    }
    dict details;
    copy_end_to_end(m.details, details);
    auto const owned = finish(*at->second);
    member& caller = *owned->caller;
    auto frame = wamp::frame_error(
        caller.link.serializer, message_type::call, owned->request, details, m.uri, m.payload);
    if (caller.takes(frame)) {
        caller.send(std::move(frame));
    } else {
        send_error(caller,
                   message_type::call,
                   owned->request,
                   m.uri,
                   "the error's arguments are larger than the caller takes");
    }
    return {};
}

bool dealer::reroute(pending_call& c)
{
    // What was sent in parts, or answered in part, cannot be begun again.
    if (c.canceled || c.answered || c.parts) {
        return false;
    }
    auto* const r = find(c.registration);
    callee_entry* to = nullptr;
    if (r != nullptr && c.kept) {
        c.kept->unavailable.push_back(c.callee->who.session);
        to = choose(*r, c.kept->call.details, c.kept->unavailable);
    }
    if (to == nullptr) {
        abandon(c, no_available_callee, "no callee is left that is available", "skip");
        return true;
    }
    auto owned = take_from_owner(c);
    member& caller = *c.caller;
    member const& before = *c.callee;
    bool const counted = std::exchange(c.counted, false);
    wamp::id const registration = c.registration;
    auto const standing = c.standing;
    auto const& m = c.kept->call;
    invoke(std::move(owned), caller, m, *r, *to, standing);
    if (counted) {
        release(registration, before);
    }
    return true;
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
    if (mode == "kill" && c.callee != nullptr && c.callee->features.callee_call_canceling) {
        c.canceled = true;
        send_interrupt(*c.callee, c.invocation, mode, wamp::uri::canceled);
        return;
    }
    abandon(c, wamp::uri::canceled, "call was canceled by its caller", mode);
}

void dealer::abandon(pending_call& c, std::string_view error, std::string_view text, std::string_view mode)
{
    auto const owned = finish(c);
    send_error(*owned->caller, message_type::call, owned->request, error, text);
    if (owned->callee != nullptr && owned->callee->features.callee_call_canceling && mode != "skip") {
        send_interrupt(*owned->callee, owned->invocation, mode, error);
    }
}

std::unique_ptr<pending_call> dealer::finish(pending_call& c)
{
    auto owned = take_from_owner(c);
    forget(c);
    if (c.counted) {
        release(c.registration, *c.callee);
    }
    return owned;
}

std::unique_ptr<pending_call> dealer::take_from_owner(pending_call& c)
{
    std::unique_ptr<pending_call> owned;
    if (c.callee != nullptr) {
        auto const at = c.callee->invocations.find(c.invocation);
        owned = std::move(at->second);
        c.callee->invocations.erase(at);
    } else {
        owned = std::move(*c.kept->place);
        c.kept->queued->waiting.erase(c.kept->place);
        --calls_waiting_;
    }
    return owned;
}

void dealer::release(wamp::id registration, member const& callee)
{
    auto* const r = find(registration);
    auto* const entry = r != nullptr ? r->find(callee) : nullptr;
    if (entry != nullptr && entry->in_flight > 0) {
        --entry->in_flight;
        serve_waiting(*r);
    }
}

void dealer::leave(member& who)
{
    while (!who.registrations.empty()) {
        remove_callee(*who.registrations.begin()->second, who, who.who.session);
    }
    while (!who.calls.empty()) {
        auto const owned = finish(*who.calls.begin()->second);
        auto* const callee = owned->callee;
        if (callee != nullptr && callee != &who && callee->features.callee_call_canceling &&
            !owned->canceled) {
            send_interrupt(*callee, owned->invocation, "killnowait", wamp::uri::canceled);
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
