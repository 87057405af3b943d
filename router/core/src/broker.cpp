#include "event_frames.hpp"
#include "publish_options.hpp"
#include "replies.hpp"
#include "shards.hpp"
#include <cerro/router/broker.hpp>
#include <cerro/router/history.hpp>

#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

}  // namespace

/// One publication on its way out.
struct broker::event {
    wamp::id publication = 0;
    std::string_view topic;
    wamp::payload_view payload;
    dict const& details;
    member const* excluded = nullptr;
    publish_options const& options;
};

std::string_view broker::publish(member& who, wamp::message const& m, wamp::id publication)
{
    auto options = m.details.empty() ? publish_options() : publish_options(m.details);
    if (options.passthru && !who.features.publisher_passthru) {
        return "option 'ppt_scheme', but HELLO did not announce payload_passthru_mode";
    }
    auto const known = matches_.find(m.uri);
    if (!may_publish(who, m, options, known != matches_.end())) {
        return {};
    }
    auto const& granted = who.allowed->on(m.uri);
    auto const& to = known != matches_.end() ? known->second : match(m.uri);
    bool shown = granted.disclose_publisher || to.disclosed;
    if (options.disclose_me && !shown) {
        shown = options_.allow_disclose_me;
        if (!shown && options.acknowledge) {
            send_error(who,
                       m.type,
                       m.request,
                       disclose_me_disallowed,
                       quoted("publish: option 'disclose_me' is not allowed for topic", m.uri));
            return {};
        }
    }
    if (shown) {
        disclose(who.who, "publisher", options.passed);
    }
    if (granted.trustlevel >= 0) {
        options.passed.append("trustlevel", granted.trustlevel);
    }
    event const e{publication != 0 ? publication : env_.random_id(),
                  m.uri,
                  m.payload,
                  options.passed,
                  options.exclude_me ? &who : nullptr,
                  options};
    if ((options.confirm || options.retain) && !within_limits(who, m, e)) {
        return {};
    }
    kept_event kept;
    if (to.kept != nullptr) {
        kept = history_->keep(*to.kept, who, shown, e.topic, e.publication, m.details, m.payload);
        if (kept.position != 0) {
            options.passed.append("x_cerro_position", kept.position);
        }
    }
    session_set asked;
    dispatch(e, to, options.confirm && options.acknowledge ? &asked : nullptr);
    if (!options.acknowledge) {
        return {};
    }
    auto published = [this, kept, &who, request = m.request, id = e.publication] {
        if (kept.what == kept_event::state::not_kept) {
            send_reply(who, message_type::published, request, id);
        } else {
            history_->acknowledge(kept, who, request, id);
        }
    };
    if (asked.empty()) {
        published();
    } else {
        deliveries_.wait(who, m.request, e.publication, std::move(asked), std::move(published));
    }
    return {};
}

// A topic whose match is `known` has been found valid before.
bool broker::may_publish(member& who, wamp::message const& m, publish_options const& options, bool known)
{
    auto const refuse = [&](std::string_view error, std::string const& text, drop_reason why) {
        if (options.acknowledge) {
            send_error(who, m.type, m.request, error, text);
        } else {
            env_.stats.dropped(why);
        }
        return false;
    };
    if (options.chosen.too_long()) {
        return refuse(wamp::uri::invalid_argument,
                      "publish: a list that chooses receivers has more than " +
                          std::to_string(receivers::max_entries) + " entries",
                      drop_reason::event_invalid);
    }
    if (!known && (m.uri.size() > env_.limits.max_uri || !wamp::valid_uri(m.uri, options_.uri_check))) {
        return refuse(wamp::uri::invalid_uri,
                      quoted("publish with invalid topic URI", m.uri.substr(0, env_.limits.max_uri)) +
                          std::string(checking_text(options_.uri_check)),
                      drop_reason::event_invalid);
    }
    if (std::string_view(m.uri).starts_with(reserved) && !who.allowed->trusted()) {
        return refuse(wamp::uri::invalid_uri,
                      quoted("publish with restricted topic URI", m.uri),
                      drop_reason::event_invalid);
    }
    if (!who.allowed->on(m.uri).publish) {
        return refuse(wamp::uri::not_authorized,
                      quoted("session not authorized to publish to topic", m.uri),
                      drop_reason::event_not_authorized);
    }
    return true;
}

// Retains the event if it is to be. An unacknowledged one that finds no room goes out all the same.
bool broker::within_limits(member& who, wamp::message const& m, event const& e)
{
    if (e.options.confirm && e.options.acknowledge && !deliveries_.room_for(who)) {
        env_.stats.limited(limit_reached::max_deliveries_open);
        send_error(who,
                   m.type,
                   m.request,
                   limit_exceeded,
                   "this session waits for " + std::to_string(env_.limits.max_deliveries_open) +
                       " acknowledged deliveries, the limit is max_deliveries_open");
        return false;
    }
    if (!e.options.retain || retain(e)) {
        return true;
    }
    env_.stats.limited(limit_reached::max_retained);
    if (e.options.acknowledge) {
        send_error(who,
                   m.type,
                   m.request,
                   limit_exceeded,
                   "this realm retains " + std::to_string(retained_.count()) + " events of " +
                       std::to_string(retained_.bytes_held()) +
                       " bytes, the limits are max_retained and max_retained_bytes");
    }
    return !e.options.acknowledge;
}

bool broker::retain(event const& e)
{
    retained_event kept;
    kept.publication = e.publication;
    kept.serializer = e.payload.serializer;
    kept.args = e.payload.args;
    kept.kwargs = e.payload.kwargs;
    kept.details = e.details;
    kept.details.append("retained", true);
    kept.chosen = e.options.chosen;
    kept.rkey = e.options.rkey;
    kept.passthru = e.options.passthru;
    return retained_.keep(
        e.topic, std::move(kept), {env_.limits.max_retained, env_.limits.max_retained_bytes});
}

void broker::publish_own(std::string_view topic, list const& args, member const* excluded)
{
    auto const& to = match(topic);
    if (to.subscriptions.empty()) {
        return;
    }
    wamp::payload const payload(codec::serializer::msgpack, args, {});
    static publish_options const options;
    dispatch({env_.random_id(), topic, payload.view(), options.passed, excluded, options}, to);
}

void broker::dispatch(event const& e, matched const& to, session_set* asked)
{
    event_frames frames(e.publication, e.payload, e.details);
    std::optional<event_frames> asking;  // for those whose acknowledgement is awaited
    dict asking_details;
    if (asked != nullptr) {
        asking_details = e.details;
        asking_details.append("x_acknowledged_delivery", true);
        asking.emplace(e.publication, e.payload, asking_details);
    }
    auto const& o = e.options;
    bool const all = !o.chosen.chosen() && !o.passthru && !o.rkey;
    std::uint64_t sent = 0;
    for (auto* const s : to.subscriptions) {
        auto const topic = s->match == wamp::match_policy::exact ? std::string_view{} : e.topic;
        frames.begin(s->id, topic);
        if (asking) {
            asking->begin(s->id, topic);
        }
        auto const shard = o.rkey && s->shards ? winner(*s, *o.rkey) : std::string_view{};
        for (auto* const m : s->subscribers) {
            if (m == e.excluded || (!all && !wants(e, *s, shard, *m))) {
                continue;
            }
            bool const ask = asking && m->features.acknowledges_events;
            if (deliver(*m, (ask ? *asking : frames).in(m->link.serializer))) {
                ++sent;
                if (ask) {
                    asked->insert(m->who.session);
                }
            }
        }
    }
    env_.stats.events_sent.add(sent);
}

bool broker::wants(event const& e, subscription const& s, std::string_view shard, member const& m)
{
    if (!e.options.chosen.admits(m)) {
        return false;
    }
    if (e.options.passthru && !m.features.subscriber_passthru) {
        env_.stats.dropped(drop_reason::event_passthru);
        return false;
    }
    if (!e.options.rkey || !s.shards) {
        return true;
    }
    auto const at = s.shards->find(&m);
    return at == s.shards->end() || at->second == shard;
}

bool broker::deliver(member& m, shared_bytes const& frame)
{
    if (!frame) {
        env_.stats.dropped(drop_reason::event_transcoding);
    } else if (!m.takes(frame)) {
        env_.stats.dropped(drop_reason::event_too_large);
    } else if (!m.send(frame, true)) {
        env_.stats.dropped(drop_reason::event_peer_closed);
    } else {
        return true;
    }
    return false;
}

}  // namespace cerro::router
