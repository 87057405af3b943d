#include "replies.hpp"
#include <cerro/router/dealer.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace cerro::router {

using wamp::message_type;

/// REGISTER.Options
struct dealer::register_request {
    wamp::match_policy match = wamp::match_policy::exact;
    invoke_policy policy = invoke_policy::single;
    std::uint32_t concurrency = 0;
    bool force = false;
    bool forward_timeout = false;
    bool disclose_caller = false;

    /// @return what is wrong with the options; empty: nothing
    std::string_view read(dict const& options)
    {
        auto const given = [&](std::string_view key) {
            auto const* option = options.find(key);
            return option == nullptr || option->is_null() ? nullptr : option;
        };
        if (auto const* option = given("match")) {
            auto const* text = option->as_text();
            auto const parsed = text != nullptr ? wamp::parse_match_policy(*text) : std::nullopt;
            if (!parsed) {
                return "register: option 'match' must be exact, prefix or wildcard";
            }
            match = *parsed;
        }
        if (auto const* option = given("invoke")) {
            auto const* text = option->as_text();
            auto const parsed = text != nullptr ? parse_invoke_policy(*text) : std::nullopt;
            if (!parsed) {
                return "register: option 'invoke' must be single, first, last, roundrobin or random";
            }
            policy = *parsed;
        }
        if (auto const* option = given("concurrency")) {
            auto const n = option->as_int().value_or(0);
            if (n < 1 || n > std::numeric_limits<std::int32_t>::max()) {
                return "register: option 'concurrency' must be a whole number above 0";
            }
            concurrency = static_cast<std::uint32_t>(n);
        }
        force = flag(options, "force_reregister");
        forward_timeout = flag(options, "forward_timeout");
        disclose_caller = flag(options, "disclose_caller");
        return {};
    }
};

void dealer::register_procedure(member& who, wamp::message const& m)
{
    register_request wanted;
    if (auto const wrong = wanted.read(m.details); !wrong.empty()) {
        send_error(who, m.type, m.request, wamp::uri::invalid_argument, wrong);
        return;
    }
    if (!may_register(who, m, wanted)) {
        return;
    }
    auto* present = table_.find(m.uri, wanted.match);
    if (present != nullptr && wanted.force) {
        // The last one takes the registration with it.
        for (auto left = present->callees.size(); left > 0; --left) {
            revoke(*present, *present->callees.front().who, "wamp.error.unregistered", who.who.session);
        }
        present = nullptr;
    }
    if (present != nullptr) {
        if (present->policy == invoke_policy::single) {
            send_error(who,
                       m.type,
                       m.request,
                       wamp::uri::procedure_already_exists,
                       quoted("register for already registered procedure", m.uri));
            return;
        }
        if (present->policy != wanted.policy) {
            send_error(who,
                       m.type,
                       m.request,
                       policy_conflict,
                       quoted("register for already registered procedure", m.uri) +
                           " with conflicting invocation policy (has " + std::string(name(present->policy)) +
                           " and " + std::string(name(wanted.policy)) + " was requested)");
            return;
        }
        if (present->find(who) != nullptr) {
            send_reply(who, message_type::registered, m.request, present->id);
            return;
        }
    }
    auto& r = present != nullptr ? *present : make_registration(who, m.uri, wanted);
    callee_entry entry;
    entry.who = &who;
    entry.concurrency = wanted.concurrency;
    entry.forward_timeout = wanted.forward_timeout;
    entry.disclose_caller = wanted.disclose_caller;
    if (entry.concurrency != 0) {
        // Calls that it got before it left this registration and came back are still with it.
        entry.in_flight = static_cast<std::uint32_t>(
            std::count_if(who.invocations.begin(), who.invocations.end(), [&](auto const& at) {
                return at.second->counted && at.second->registration == r.id;
            }));
        r.limited = true;
    }
    r.callees.push_back(entry);
    who.registrations.emplace(r.id, &r);
    send_reply(who, message_type::registered, m.request, r.id);
    tell("wamp.registration.on_register", r, who.who.session, r.id);
    serve_waiting(r);
}

bool dealer::may_register(member& who, wamp::message const& m, register_request const& wanted)
{
    auto const refuse = [&](std::string_view error, std::string const& text) {
        send_error(who, m.type, m.request, error, text);
        return false;
    };
    if (m.uri.size() > env_.limits.max_uri || !wamp::valid_pattern(m.uri, wanted.match, options_.rule)) {
        return refuse(wamp::uri::invalid_uri,
                      quoted("register for invalid procedure URI", m.uri.substr(0, env_.limits.max_uri)) +
                          std::string(checking_text(options_.rule)));
    }
    if (std::string_view(m.uri).starts_with(reserved) && !who.allowed->trusted()) {
        return refuse(wamp::uri::invalid_uri, quoted("register for restricted procedure URI", m.uri));
    }
    if (!who.allowed->on(m.uri).register_) {
        return refuse(wamp::uri::not_authorized,
                      not_authorized_text(who, "register", "procedure", m.uri, realm_));
    }
    if (wanted.disclose_caller && !options_.allow_disclose_me) {
        return refuse(disclose_me_disallowed,
                      "register: this realm does not let a callee ask who calls (option 'disclose_caller')");
    }
    if (who.registrations.size() >= env_.limits.max_registrations) {
        env_.stats.limited(limit_reached::max_registrations);
        return refuse(limit_exceeded,
                      "this session has " + std::to_string(who.registrations.size()) +
                          " registrations, the limit is max_registrations");
    }
    return true;
}

registration& dealer::make_registration(member const& by,
                                        std::string const& uri,
                                        register_request const& wanted)
{
    auto made = std::make_unique<registration>();
    made->id = ++last_id_;
    made->uri = uri;
    made->match = wanted.match;
    made->policy = wanted.policy;
    made->created = env_.wall();
    for (auto const& rule : options_.call_queues) {
        if (wamp::matches(uri, rule.uri, rule.match)) {
            made->queue_limit = rule.limit;
            break;
        }
    }
    auto& r = table_.insert(std::move(made));
    by_id_.emplace(r.id, &r);
    tell("wamp.registration.on_create", r, by.who.session, registration_details(r));
    return r;
}

void dealer::unregister(member& who, wamp::message const& m)
{
    auto const at = who.registrations.find(m.id2);
    if (at == who.registrations.end()) {
        send_error(who, m.type, m.request, wamp::uri::no_such_registration);
        return;
    }
    auto& r = *at->second;
    send_reply(who, message_type::unregistered, m.request);
    remove_callee(r, who, who.who.session);
}

void dealer::revoke(registration& r, member& callee, std::string_view reason, wamp::id by)
{
    if (callee.features.callee_registration_revocation) {
        wamp::message gone;
        gone.type = message_type::unregistered;
        gone.details.append("registration", r.id);
        gone.details.append("reason", reason);
        callee.send(wamp::frame(callee.link.serializer, gone));
    }
    remove_callee(r, callee, by);
}

void dealer::remove_callee(registration& r, member& who, wamp::id by)
{
    who.registrations.erase(r.id);
    auto const at = std::find_if(
        r.callees.begin(), r.callees.end(), [&](callee_entry const& c) { return c.who == &who; });
    if (static_cast<std::size_t>(at - r.callees.begin()) < r.next_turn) {
        --r.next_turn;
    }
    r.callees.erase(at);
    tell("wamp.registration.on_unregister", r, who.who.session, r.id);
    if (!r.callees.empty()) {
        r.next_turn = r.next_turn < r.callees.size() ? r.next_turn : 0;
        r.limited = std::any_of(
            r.callees.begin(), r.callees.end(), [](callee_entry const& c) { return c.concurrency != 0; });
        return;
    }
    tell("wamp.registration.on_delete", r, by, r.id);
    while (!r.waiting.empty()) {
        abandon(*r.waiting.front(),
                wamp::uri::canceled,
                "the last callee left while the call waited for it",
                "skip");
    }
    by_id_.erase(r.id);
    table_.erase(r);
}

registration* dealer::find(wamp::id registration) const
{
    auto const at = by_id_.find(registration);
    return at == by_id_.end() ? nullptr : at->second;
}

void dealer::tell(std::string_view topic, registration const& r, wamp::id session, value what) const
{
    if (on_change_ && !r.uri.starts_with(reserved)) {
        on_change_(topic, {session, std::move(what)});
    }
}

}  // namespace cerro::router
