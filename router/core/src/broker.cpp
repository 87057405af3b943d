#include "replies.hpp"
#include <cerro/router/broker.hpp>
#include <cerro/router/history.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::size_t max_matches = 10'000;  // topics whose match is kept
constexpr std::size_t max_filter = 10'000;   // entries of one list of receivers

using wamp::message_type;

}  // namespace

// --- who gets an event
// ------------------------------------------------------------------------------------------

/// The lists of PUBLISH.Options that choose receivers; a bare value counts as a list of one.
struct broker::filter {
    filter() = default;
    explicit filter(dict const& options)
    {
        for (auto const& [key, v] : options) {
            if (key.starts_with("exclude") || key.starts_with("eligible")) {
                add(key, v);
            }
        }
    }

    /// May `m` get it?
    [[nodiscard]] bool admits(member const& m) const
    {
        if (!any_) {
            return true;
        }
        auto const among = [](auto const& chosen, auto const& x) {
            return chosen && std::binary_search(chosen->begin(), chosen->end(), x);
        };
        auto const lacks = [&](auto const& chosen, auto const& x) { return chosen && !among(chosen, x); };
        return !among(exclude_, m.who.session) && !among(exclude_authid_, m.who.authid) &&
               !among(exclude_authrole_, m.who.authrole) && !lacks(eligible_, m.who.session) &&
               !lacks(eligible_authid_, m.who.authid) && !lacks(eligible_authrole_, m.who.authrole);
    }

    [[nodiscard]] bool too_long() const { return too_long_; }

private:
    using ids = std::optional<std::vector<wamp::id>>;
    using names = std::optional<std::vector<std::string>>;

    static void read(value const& v, ids& into)
    {
        if (auto const id = v.as_uint()) {
            into->push_back(*id);
        }
    }
    static void read(value const& v, names& into)
    {
        if (auto const* text = v.as_text()) {
            into->push_back(*text);
        }
    }
    template <class T>
    void take(value const& v, T& into)
    {
        if (v.is_null()) {
            return;
        }
        any_ = true;
        into.emplace();
        if (auto const* items = v.as_list()) {
            if (items->size() > max_filter) {
                too_long_ = true;
                return;
            }
            for (auto const& item : *items) {
                read(item, into);
            }
            std::sort(into->begin(), into->end());
        } else {
            read(v, into);
        }
    }
    void add(std::string_view key, value const& v)
    {
        if (key == "exclude") {
            take(v, exclude_);
        } else if (key == "exclude_authid") {
            take(v, exclude_authid_);
        } else if (key == "exclude_authrole") {
            take(v, exclude_authrole_);
        } else if (key == "eligible") {
            take(v, eligible_);
        } else if (key == "eligible_authid") {
            take(v, eligible_authid_);
        } else if (key == "eligible_authrole") {
            take(v, eligible_authrole_);
        }
    }

    bool any_ = false;
    bool too_long_ = false;
    ids exclude_;
    ids eligible_;
    names exclude_authid_;
    names exclude_authrole_;
    names eligible_authid_;
    names eligible_authrole_;
};

// --- framing
// ----------------------------------------------------------------------------------------------------

/// The frames of one publication: one for each (subscription, serializer), the payload transcoded at most
/// once for each serializer.
class broker::event_frames {
public:
    event_frames(wamp::id publication,
                 wamp::payload_view payload,
                 member const* publisher,
                 std::uint64_t position)
        : publication_(publication), payload_(payload), publisher_(publisher), position_(position)
    {}

    void begin(subscription const& s, std::string_view topic)
    {
        subscription_ = s.id;
        topic_ = s.match == wamp::match_policy::exact ? std::string_view{} : topic;
        frames_ = {};
    }

    /// @return null when the payload cannot be written in that serializer
    shared_bytes const& in(codec::serializer s)
    {
        auto& made = frames_[static_cast<std::size_t>(s)];
        if (!made) {
            make(s, made);
        }
        return made;
    }

private:
    struct transcoded {
        bool done = false;
        bool good = false;
        bytes args;
        bytes kwargs;
    };

    void make(codec::serializer s, shared_bytes& into)
    {
        dict details;
        if (publisher_ != nullptr) {
            disclose(publisher_->who, "publisher", details);
        }
        if (!topic_.empty()) {
            details.append("topic", topic_);
        }
        if (position_ != 0) {
            details.append("x_cerro_position", position_);
        }
        if (s == payload_.serializer) {
            into = wamp::frame_event(s, subscription_, publication_, details, payload_);
            return;
        }
        auto& other = others_[static_cast<std::size_t>(s)];
        if (!other.done) {
            other.done = true;
            other.good = convert(payload_.args, s, other.args) && convert(payload_.kwargs, s, other.kwargs);
        }
        if (other.good) {
            into = wamp::frame_event(s, subscription_, publication_, details, {s, other.args, other.kwargs});
        }
    }

    bool convert(byte_view from, codec::serializer to, bytes& out) const
    {
        return from.empty() || codec::transcode(payload_.serializer, from, to, out).has_value();
    }

    wamp::id publication_;
    wamp::payload_view payload_;
    member const* publisher_;
    std::uint64_t position_;  // in the event history; 0 = none
    wamp::id subscription_ = 0;
    std::string_view topic_;
    std::array<shared_bytes, 4> frames_;
    std::array<transcoded, 4> others_;
};

// --- subscribe
// --------------------------------------------------------------------------------------------------

void broker::subscribe(member& who, wamp::message const& m)
{
    auto match = wamp::match_policy::exact;
    if (auto const* option = m.details.find("match")) {
        auto const* text = option->as_text();
        auto const parsed = text != nullptr ? wamp::parse_match_policy(*text) : std::nullopt;
        if (!parsed) {
            send_error(who,
                       m.type,
                       m.request,
                       wamp::uri::invalid_argument,
                       "subscribe: option 'match' must be exact, prefix or wildcard");
            return;
        }
        match = *parsed;
    }
    if (m.uri.size() > env_.limits.max_uri || !wamp::valid_pattern(m.uri, match, rule_)) {
        send_error(who,
                   m.type,
                   m.request,
                   wamp::uri::invalid_uri,
                   quoted("subscribe for invalid topic URI", m.uri.substr(0, env_.limits.max_uri)));
        return;
    }
    if (!who.allowed->on(m.uri).subscribe) {
        send_error(who,
                   m.type,
                   m.request,
                   wamp::uri::not_authorized,
                   quoted("session not authorized to subscribe to topic", m.uri));
        return;
    }
    auto* s = table_.find(m.uri, match);
    if (s == nullptr || !who.subscriptions.contains(s)) {
        if (who.subscriptions.size() >= env_.limits.max_subscriptions) {
            send_error(who,
                       m.type,
                       m.request,
                       limit_exceeded,
                       "this session has " + std::to_string(who.subscriptions.size()) +
                           " subscriptions, the limit is max_subscriptions");
            return;
        }
        if (s == nullptr) {
            s = &add_subscription(m.uri, match);
        }
        who.subscriptions.emplace(s, s->subscribers.size());
        s->subscribers.push_back(&who);
    }
    send_reply(who, message_type::subscribed, m.request, s->id);
}

subscription& broker::add_subscription(std::string uri, wamp::match_policy match)
{
    auto made = std::make_unique<subscription>();
    made->id = ++last_id_;
    made->uri = std::move(uri);
    made->match = match;
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

subscription* broker::find_subscription(wamp::id id) const
{
    auto const at = by_id_.find(id);
    return at == by_id_.end() ? nullptr : at->second;
}

void broker::unsubscribe(member& who, wamp::message const& m)
{
    auto const at = by_id_.find(m.id2);
    if (at == by_id_.end() || !who.subscriptions.contains(at->second)) {
        send_error(who, m.type, m.request, wamp::uri::no_such_subscription);
        return;
    }
    remove(who, *at->second);
    send_reply(who, message_type::unsubscribed, m.request);
}

void broker::remove(member& who, subscription& s)
{
    auto const at = who.subscriptions.find(&s);
    std::size_t const place = at->second;
    who.subscriptions.erase(at);
    member* const last = s.subscribers.back();
    s.subscribers.pop_back();
    if (last != &who) {
        s.subscribers[place] = last;
        last->subscriptions[&s] = place;
    }
    if (s.subscribers.empty() && !s.pinned) {
        forget_matches(s);
        by_id_.erase(s.id);
        table_.erase(s);
    }
}

void broker::leave(member& who)
{
    while (!who.subscriptions.empty()) {
        remove(who, *who.subscriptions.begin()->first);
    }
}

// --- publish
// ----------------------------------------------------------------------------------------------------

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

void broker::publish(member& who, wamp::message const& m)
{
    bool acknowledge = false;
    bool exclude_me = true;
    filter chosen;
    if (!m.details.empty()) {
        acknowledge = flag(m.details, "acknowledge");
        exclude_me = flag(m.details, "exclude_me", true);
        chosen = filter(m.details);
    }
    auto const refuse = [&](std::string_view error, std::string const& text, drop_reason why) {
        if (acknowledge) {
            send_error(who, m.type, m.request, error, text);
        } else {
            env_.stats.dropped(why);
        }
    };
    if (chosen.too_long()) {
        refuse(
            wamp::uri::invalid_argument,
            "publish: a list that chooses receivers has more than " + std::to_string(max_filter) + " entries",
            drop_reason::event_invalid);
        return;
    }
    // A topic whose match is known has been found valid before.
    if (!matches_.contains(m.uri) && (m.uri.size() > env_.limits.max_uri || !wamp::valid_uri(m.uri, rule_))) {
        refuse(wamp::uri::invalid_uri,
               quoted("publish with invalid topic URI", m.uri.substr(0, env_.limits.max_uri)) +
                   std::string(checking_text(rule_)),
               drop_reason::event_invalid);
        return;
    }
    if (std::string_view(m.uri).starts_with(reserved) && !who.allowed->trusted()) {
        refuse(wamp::uri::invalid_uri,
               quoted("publish with restricted topic URI", m.uri),
               drop_reason::event_invalid);
        return;
    }
    auto const& granted = who.allowed->on(m.uri);
    if (!granted.publish) {
        refuse(wamp::uri::not_authorized,
               quoted("session not authorized to publish to topic", m.uri),
               drop_reason::event_not_authorized);
        return;
    }
    wamp::id const publication = env_.random_id();
    member const* const shown = granted.disclose_publisher ? &who : nullptr;
    kept_event kept;
    if (auto const* where = match(m.uri).kept) {
        kept = history_->keep(*where, who, shown != nullptr, m.uri, publication, m.details, m.payload);
    }
    dispatch(exclude_me ? &who : nullptr, shown, m.uri, publication, m.payload, chosen, kept.position);
    if (!acknowledge) {
        return;
    }
    if (kept.what == kept_event::state::not_kept) {
        send_reply(who, message_type::published, m.request, publication);
    } else {
        history_->acknowledge(kept, who, m.request, publication);
    }
}

void broker::publish_own(std::string_view topic, list const& args)
{
    if (!has_subscribers(topic)) {
        return;
    }
    wamp::payload const payload(codec::serializer::msgpack, args, {});
    dispatch(nullptr, nullptr, topic, env_.random_id(), payload.view(), filter());
}

void broker::dispatch(member const* excluded,
                      member const* shown,
                      std::string_view topic,
                      wamp::id publication,
                      wamp::payload_view payload,
                      filter const& chosen,
                      std::uint64_t position)
{
    event_frames frames(publication, payload, shown, position);
    std::uint64_t sent = 0;
    for (auto* const s : match(topic).subscriptions) {
        frames.begin(*s, topic);
        for (auto* const m : s->subscribers) {
            if (m == excluded || !chosen.admits(*m)) {
                continue;
            }
            auto const& frame = frames.in(m->link.serializer);
            if (!frame) {
                env_.stats.dropped(drop_reason::event_transcoding);
            } else if (!m->takes(frame)) {
                env_.stats.dropped(drop_reason::event_too_large);
            } else if (!m->send(frame, true)) {
                env_.stats.dropped(drop_reason::event_peer_closed);
            } else {
                ++sent;
            }
        }
    }
    env_.stats.events_sent.add(sent);
}

}  // namespace cerro::router
