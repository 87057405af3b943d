#include "replies.hpp"
#include <cerro/router/meta.hpp>
#include <cerro/router/realm.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

void refuse_argument(realm& r, meta_call const& c, std::string_view takes)
{
    r.refuse(c.caller,
             c.request,
             wamp::uri::invalid_argument,
             std::string(c.procedure).append(" takes ").append(takes));
}

void refuse_session(realm& r, meta_call const& c, wamp::id session)
{
    r.refuse(c.caller,
             c.request,
             wamp::uri::no_such_session,
             "no session with ID " + std::to_string(session) + " exists on this router");
}

/// The subscription that argument 0 names; null: the call has been refused.
subscription* named(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    auto const id = first != nullptr ? first->as_uint() : std::nullopt;
    if (!id) {
        refuse_argument(r, c, "a subscription id");
        return nullptr;
    }
    auto* const s = r.broker().find_subscription(*id);
    if (s == nullptr) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::no_such_subscription,
                 "no subscription with ID " + std::to_string(*id) + " exists on this broker");
        return nullptr;
    }
    if (!may_see(c.who, s->uri)) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::not_authorized,
                 quoted("not authorized to ask about protected URI", s->uri));
        return nullptr;
    }
    return s;
}

/// The topic of argument 0; null: the call has been refused.
std::string const* topic(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    auto const* text = first != nullptr ? first->as_text() : nullptr;
    if (text == nullptr || text->size() > r.env().limits.max_uri) {
        refuse_argument(r, c, "a URI");
        return nullptr;
    }
    return text;
}

void list_all(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0, "session_id");
    auto const session = first != nullptr ? first->as_uint() : std::nullopt;
    if (first != nullptr && !session) {
        refuse_argument(r, c, "a session id, or nothing");
        return;
    }
    std::array<list, 3> found;
    auto const add = [&](subscription const& s) {
        if (may_see(c.who, s.uri)) {
            found[static_cast<std::size_t>(s.match)].emplace_back(s.id);
        }
    };
    if (session) {
        auto const* m = r.find_session(*session);
        if (m == nullptr) {
            refuse_session(r, c, *session);
            return;
        }
        for (auto const& [s, place] : m->subscriptions) {
            add(*s);
        }
    } else {
        for (auto const& [id, s] : r.broker().subscriptions()) {
            add(*s);
        }
    }
    dict answer;
    for (auto const match :
         {wamp::match_policy::exact, wamp::match_policy::prefix, wamp::match_policy::wildcard}) {
        auto& ids = found[static_cast<std::size_t>(match)];
        std::sort(
            ids.begin(), ids.end(), [](value const& a, value const& b) { return a.as_uint() < b.as_uint(); });
        answer.append(std::string(wamp::name(match)), std::move(ids));
    }
    r.answer(c.caller, c.request, {std::move(answer)});
}

void lookup(realm& r, meta_call const& c)
{
    auto const* uri = topic(r, c);
    if (uri == nullptr) {
        return;
    }
    auto const* options = c.arg(1, "options");
    auto const* match = options != nullptr ? options->find("match") : nullptr;
    auto const policy = match == nullptr || match->is_null() ? wamp::match_policy::exact
                        : match->as_text() != nullptr        ? wamp::parse_match_policy(*match->as_text())
                                                             : std::nullopt;
    if (!policy) {
        refuse_argument(r, c, "a URI and, if any, options with match exact, prefix or wildcard");
        return;
    }
    if (!may_see(c.who, *uri)) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::not_authorized,
                 quoted("not authorized to look up protected URI", *uri));
        return;
    }
    auto const* s = r.broker().find_subscription(*uri, *policy);
    r.answer(c.caller, c.request, {s != nullptr ? value(s->id) : value()});
}

void match(realm& r, meta_call const& c)
{
    auto const* uri = topic(r, c);
    if (uri == nullptr) {
        return;
    }
    list found;
    for (auto const* s : r.broker().matching(*uri)) {
        if (may_see(c.who, s->uri)) {
            found.emplace_back(s->id);
        }
    }
    r.answer(c.caller, c.request, {found.empty() ? value() : value(std::move(found))});
}

void remove_subscriber(realm& r, meta_call const& c)
{
    auto* const s = named(r, c);
    if (s == nullptr) {
        return;
    }
    auto const* second = c.arg(1);
    auto const session = second != nullptr ? second->as_uint() : std::nullopt;
    auto const* reason = c.arg(2, "reason");
    if (!session || (reason != nullptr && !reason->is_text())) {
        refuse_argument(r, c, "a subscription id, a session id and, if any, a reason");
        return;
    }
    auto* const m = r.find_session(*session);
    if (m == nullptr) {
        refuse_session(r, c, *session);
        return;
    }
    if (!m->subscriptions.contains(s)) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::no_such_subscription,
                 "session " + std::to_string(*session) + " is not subscribed on subscription " +
                     std::to_string(s->id) + " on this broker");
        return;
    }
    r.broker().revoke(*m, *s, reason != nullptr ? *reason->as_text() : std::string());
    r.answer(c.caller, c.request, {nullptr});
}

}  // namespace

void add_subscription_meta(realm& r)
{
    auto& meta = r.meta();
    meta.add("wamp.subscription.list", [&r](meta_call const& c) { list_all(r, c); });
    meta.add("wamp.subscription.lookup", [&r](meta_call const& c) { lookup(r, c); });
    meta.add("wamp.subscription.match", [&r](meta_call const& c) { match(r, c); });
    meta.add("wamp.subscription.get", [&r](meta_call const& c) {
        if (auto const* s = named(r, c)) {
            r.answer(c.caller, c.request, {broker::details(*s)});
        }
    });
    meta.add("wamp.subscription.list_subscribers", [&r](meta_call const& c) {
        if (auto const* s = named(r, c)) {
            list sessions;
            for (auto const* m : s->subscribers) {
                sessions.emplace_back(m->who.session);
            }
            r.answer(c.caller, c.request, {std::move(sessions)});
        }
    });
    meta.add("wamp.subscription.count_subscribers", [&r](meta_call const& c) {
        if (auto const* s = named(r, c)) {
            r.answer(c.caller, c.request, {s->subscribers.size()});
        }
    });
    meta.add("wamp.subscription.remove_subscriber", [&r](meta_call const& c) { remove_subscriber(r, c); });
}

}  // namespace cerro::router
