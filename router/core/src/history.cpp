#include "memory_history.hpp"
#include "replies.hpp"
#include <cerro/router/history_answer.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

std::int64_t unix_ns(wall_time t)
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

}  // namespace

history::history(environment& env,
                 std::string realm,
                 std::vector<history_entry> entries,
                 std::unique_ptr<history_store> store,
                 find_member sessions)
    : env_(env),
      realm_(std::move(realm)),
      entries_(std::move(entries)),
      store_(std::move(store)),
      memory_(std::make_unique<memory_history>(entries_)),
      sessions_(std::move(sessions)),
      // Positions grow over restarts, as long as the clock is right and there are less than a million a
      // second.
      last_position_(static_cast<std::uint64_t>(std::max<std::int64_t>(unix_ns(env.wall()) / 1000, 0)))
{
    if (store_) {
        store_->on_written([this] { on_written(); });
    }
}

history::~history() = default;

kept_topic const* history::keeps(std::string_view topic)
{
    kept_topic found;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        auto const& e = entries_[i];
        if (!wamp::matches(topic, e.uri, e.match)) {
            continue;
        }
        if (e.durable) {
            found.durable = true;
        } else {
            found.rings.push_back(i);
        }
    }
    if (!found.durable && found.rings.empty()) {
        return nullptr;
    }
    for (auto const& k : kept_) {
        if (*k == found) {
            return k.get();
        }
    }
    kept_.push_back(std::make_unique<kept_topic>(std::move(found)));
    return kept_.back().get();
}

kept_event history::keep(kept_topic const& where,
                         member const& publisher,
                         bool disclosed,
                         std::string_view topic,
                         wamp::id publication,
                         dict const& options,
                         wamp::payload_view payload)
{
    scratch_.clear();
    if (!options.empty() && !options_to_keep(options, scratch_)) {
        return {};
    }
    history_record r;
    r.time_ns = unix_ns(env_.wall());
    r.publication = publication;
    r.session = publisher.who.session;
    r.authid = publisher.who.authid;
    r.authrole = publisher.who.authrole;
    r.disclosed = disclosed;
    r.topic = topic;
    r.options = scratch_;
    r.payload = payload;
    if (where.durable) {
        r.position = store_->append(r);
    } else {
        r.position = store_ ? store_->take_position() : ++last_position_;
    }
    if (r.position == 0) {
        return {kept_event::state::refused, 0};
    }
    if (!where.rings.empty()) {
        memory_->add(where.rings, r);
    }
    bool const safe = !where.durable || r.position <= store_->written();
    return {safe ? kept_event::state::written : kept_event::state::pending, r.position};
}

void history::acknowledge(kept_event const& e, member& publisher, wamp::id request, wamp::id publication)
{
    switch (e.what) {
        case kept_event::state::not_kept:
        case kept_event::state::written:
            send_reply(publisher, wamp::message_type::published, request, publication);
            return;
        case kept_event::state::pending:
            if (e.position <= store_->written()) {  // it was not asked for at once
                send_reply(publisher, wamp::message_type::published, request, publication);
                return;
            }
            ++publisher.held;
            held_.push_back({e.position, publisher.who.session, request, publication});
            return;
        case kept_event::state::refused:
            send_error(
                publisher,
                wamp::message_type::publish,
                request,
                history_full,
                "the event was delivered but not kept: the disk of the router's event history is full, "
                "stalled or failing");
            return;
    }
}

void history::on_written()
{
    auto const written = store_->written();
    while (!held_.empty() && held_.front().position <= written) {
        auto const reply = held_.front();
        held_.pop_front();
        if (auto* const publisher = sessions_(reply.session)) {
            send_reply(*publisher, wamp::message_type::published, reply.request, reply.publication);
            if (--publisher->held == 0 && publisher->released) {
                std::exchange(publisher->released, nullptr)();
            }
        }
    }
}

bool history::covers(std::string_view uri, wamp::match_policy match) const
{
    return std::any_of(entries_.begin(), entries_.end(), [&](history_entry const& e) {
        return patterns_overlap(e.uri, e.match, uri, match);
    });
}

void history::read(history_query q, std::function<void(history_page)> done)
{
    q.realm = realm_;
    bool durable = false;
    bool in_memory = false;
    for (auto const& e : entries_) {
        if (e.uri == q.uri && e.match == q.match) {  // an entry of just this pattern decides
            durable = e.durable;
            in_memory = !e.durable;
            break;
        }
        durable = durable || (e.durable && patterns_overlap(e.uri, e.match, q.uri, q.match));
    }
    if (durable && !in_memory) {
        store_->read(std::move(q), std::move(done));
    } else {
        done(memory_->read(std::move(q)));
    }
}

}  // namespace cerro::router
