#include "event_frames.hpp"
#include "publish_options.hpp"
#include "replies.hpp"
#include "shards.hpp"
#include <cerro/base/iso8601.hpp>
#include <cerro/router/broker.hpp>
#include <cerro/router/history.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::size_t max_matches = 10'000;  // topics whose match is kept

using wamp::message_type;

}  // namespace

// --- subscribe
// --------------------------------------------------------------------------------------------------

void broker::subscribe(member& who, wamp::message const& m)
{
    auto const refuse = [&](std::string_view error, std::string const& text) {
        send_error(who, m.type, m.request, error, text);
    };
    auto match = wamp::match_policy::exact;
    if (auto const* option = m.details.find("match"); option != nullptr && !option->is_null()) {
        auto const* text = option->as_text();
        auto const parsed = text != nullptr ? wamp::parse_match_policy(*text) : std::nullopt;
        if (!parsed) {
            refuse(wamp::uri::invalid_argument,
                   "subscribe: option 'match' must be exact, prefix or wildcard");
            return;
        }
        match = *parsed;
    }
    if (m.uri.size() > env_.limits.max_uri || !wamp::valid_pattern(m.uri, match, options_.uri_check)) {
        refuse(wamp::uri::invalid_uri,
               quoted("subscribe for invalid topic URI", m.uri.substr(0, env_.limits.max_uri)));
        return;
    }
    if (!who.allowed->on(m.uri).subscribe) {
        refuse(wamp::uri::not_authorized, quoted("session not authorized to subscribe to topic", m.uri));
        return;
    }
    auto* s = table_.find(m.uri, match);
    bool const added = s == nullptr || !who.subscriptions.contains(s);
    bool const created = s == nullptr;
    if (added) {
        if (who.subscriptions.size() >= env_.limits.max_subscriptions) {
            env_.stats.limited(limit_reached::max_subscriptions);
            refuse(limit_exceeded,
                   "this session has " + std::to_string(who.subscriptions.size()) +
                       " subscriptions, the limit is max_subscriptions");
            return;
        }
        s = &attach(who, m.uri, match);
    }
    if (auto const* nkey = m.details.find("nkey"); nkey != nullptr || s->shards) {
        set_shard(*s, who, nkey != nullptr ? shard_key(*nkey) : std::nullopt);
    }
    send_reply(who, message_type::subscribed, m.request, s->id);
    if (flag(m.details, "get_retained")) {
        send_retained(who, *s);
    }
    if (!added || !options_.meta_api || s->uri.starts_with(reserved)) {
        return;
    }
    if (created) {
        publish_own("wamp.subscription.on_create", {who.who.session, details(*s)}, &who);
    }
    publish_own("wamp.subscription.on_subscribe", {who.who.session, s->id}, &who);
}

dict broker::details(subscription const& s)
{
    return {{"id", s.id}, {"created", iso8601(s.created)}, {"uri", s.uri}, {"match", wamp::name(s.match)}};
}

subscription& broker::attach(member& who, std::string const& uri, wamp::match_policy match)
{
    auto* const present = table_.find(uri, match);
    auto& s = present != nullptr ? *present : add_subscription(uri, match);
    who.subscriptions.emplace(&s, s.subscribers.size());
    s.subscribers.push_back(&who);
    return s;
}

subscription& broker::add_subscription(std::string uri, wamp::match_policy match)
{
    auto made = std::make_unique<subscription>();
    made->id = ++last_id_;
    made->uri = std::move(uri);
    made->match = match;
    made->created = env_.wall();
    auto& s = table_.insert(std::move(made));
    by_id_.emplace(s.id, &s);
    forget_matches(s);
    return s;
}

void broker::keep_history(history& h)
{
    history_ = &h;
    matches_.clear();
    for (auto const& e : h.entries()) {
        auto* s = table_.find(e.uri, e.match);
        (s != nullptr ? *s : add_subscription(e.uri, e.match)).pinned = true;
    }
}

void broker::send_retained(member& who, subscription const& s)
{
    bool const exact = s.match == wamp::match_policy::exact;
    retained_.visit(s.uri, s.match, [&](std::string const& topic, std::vector<retained_event> const& events) {
        auto const newest = std::find_if(events.rbegin(), events.rend(), [&](retained_event const& e) {
            return e.chosen.admits(who) && (!e.passthru || who.features.subscriber_passthru) &&
                   (!e.rkey || in_shard(s, who, *e.rkey));
        });
        if (newest == events.rend()) {
            return;
        }
        event_frames frames(newest->publication, newest->payload(), newest->details);
        frames.begin(s.id, exact ? std::string_view{} : topic);
        deliver(who, frames.in(who.link.serializer));
    });
}

// --- unsubscribe
// ------------------------------------------------------------------------------------------------

void broker::unsubscribe(member& who, wamp::message const& m)
{
    auto* const s = find_subscription(m.id2);
    if (s == nullptr || !who.subscriptions.contains(s)) {
        send_error(who, m.type, m.request, wamp::uri::no_such_subscription);
        return;
    }
    auto const d = detach(who, *s);
    send_reply(who, message_type::unsubscribed, m.request);
    announce(who, d);
}

void broker::revoke(member& who, subscription& s, std::string_view reason)
{
    auto const d = detach(who, s);
    if (who.features.subscriber_revocation) {
        wamp::message gone;
        gone.type = message_type::unsubscribed;
        gone.details.append("subscription", d.subscription);
        if (!reason.empty()) {
            gone.details.append("reason", reason);
        }
        who.send(wamp::frame(who.link.serializer, gone));
    }
    announce(who, d);
}

void broker::leave(member& who)
{
    // First all is taken away, then it is told: nothing is sent to who is leaving.
    std::vector<detached> ended;
    ended.reserve(who.subscriptions.size());
    while (!who.subscriptions.empty()) {
        ended.push_back(detach(who, *who.subscriptions.begin()->first));
    }
    for (auto const& d : ended) {
        announce(who, d);
    }
    deliveries_.leave(who);
}

broker::detached broker::detach(member& who, subscription& s)
{
    detached out{
        s.id, s.subscribers.size() == 1 && !s.pinned, options_.meta_api && !s.uri.starts_with(reserved)};
    auto const at = who.subscriptions.find(&s);
    std::size_t const place = at->second;
    who.subscriptions.erase(at);
    member* const last = s.subscribers.back();
    s.subscribers.pop_back();
    if (last != &who) {
        s.subscribers[place] = last;
        last->subscriptions[&s] = place;
    }
    if (s.shards) {
        set_shard(s, who, std::nullopt);
    }
    if (out.last) {
        forget_matches(s);
        by_id_.erase(s.id);
        table_.erase(s);
    }
    return out;
}

void broker::announce(member const& who, detached const& d)
{
    if (!d.told) {
        return;
    }
    publish_own("wamp.subscription.on_unsubscribe", {who.who.session, d.subscription}, &who);
    if (d.last) {
        publish_own("wamp.subscription.on_delete", {who.who.session, d.subscription}, &who);
    }
}

// --- looking up
// -------------------------------------------------------------------------------------------------

subscription* broker::find_subscription(wamp::id subscription) const
{
    auto const at = by_id_.find(subscription);
    return at == by_id_.end() ? nullptr : at->second;
}

subscription* broker::find_subscription(std::string_view uri, wamp::match_policy match)
{
    return table_.find(uri, match);
}

std::vector<subscription*> broker::matching(std::string_view topic)
{
    std::vector<subscription*> out;
    table_.match_all(topic, out);
    return out;
}

broker::matched const& broker::match(std::string_view topic)
{
    if (auto const at = matches_.find(topic); at != matches_.end()) {
        return at->second;
    }
    if (matches_.size() >= max_matches) {
        matches_.clear();
    }
    auto& found = matches_[std::string(topic)];
    table_.match_all(topic, found.subscriptions);
    found.kept = history_ != nullptr ? history_->keeps(topic) : nullptr;
    found.disclosed = topic.starts_with(reserved) || topic.starts_with("crossbar.");
    return found;
}

// A new or deleted exact subscription concerns one topic only; a pattern may concern any.
void broker::forget_matches(subscription const& s)
{
    if (s.match == wamp::match_policy::exact) {
        matches_.erase(s.uri);
    } else {
        matches_.clear();
    }
}

}  // namespace cerro::router
