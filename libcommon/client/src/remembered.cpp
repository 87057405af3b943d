// What is asked of the router once and restored on each join: subscriptions and registrations.

#include "session_impl.hpp"

#include <algorithm>

namespace cerro::client {

using wamp::message_type;

asio::awaitable<outcome<handle>> session_impl::subscribe(std::string topic,
                                                         event_handler f,
                                                         subscribe_options o)
{
    auto const h = next_handle_++;
    subscription s;
    s.uri = std::move(topic);
    s.handler = std::make_shared<event_handler>(std::move(f));
    s.how = o;
    subscriptions_.emplace(h, std::move(s));
    auto got = co_await first_answer(h, true);
    co_return got;
}

asio::awaitable<outcome<handle>> session_impl::register_procedure(std::string procedure,
                                                                  procedure_handler f,
                                                                  register_options o)
{
    auto const h = next_handle_++;
    registration r;
    r.uri = std::move(procedure);
    r.handler = std::make_shared<procedure_handler>(std::move(f));
    r.how = std::move(o);
    registrations_.emplace(h, std::move(r));
    auto got = co_await first_answer(h, false);
    co_return got;
}

asio::awaitable<outcome<handle>> session_impl::first_answer(handle h, bool subscribing)
{
    if (!is_joined()) {
        co_return h;  // on join
    }
    auto const keep = self();
    auto const got = std::make_shared<std::optional<outcome<reply>>>();
    answer const note = [this, got](outcome<reply> r) {
        *got = std::move(r);
        changed_.changed();
    };
    if (subscribing) {
        send_subscribe(h, note);
    } else {
        send_register(h, note);
    }
    auto const answered = [got] { return got->has_value(); };
    co_await changed_.wait_until(answered, steady_time::max());
    auto const& r = **got;
    if (r || r.error().uri == wamp::uri::transport_lost) {
        co_return h;  // lost meanwhile: the next join does it
    }
    subscriptions_.erase(h);
    registrations_.erase(h);
    co_return r.error();
}

void session_impl::send_subscribe(handle h, answer done)
{
    auto& s = subscriptions_.at(h);
    s.asked_in = connection_;
    s.asking = true;
    wamp::message m;
    m.type = message_type::subscribe;
    m.uri = s.uri;
    if (s.how.match != wamp::match_policy::exact) {
        m.details.set("match", value(wamp::name(s.how.match)));
    }
    if (s.how.get_retained) {
        m.details.set("get_retained", value(true));
    }
    auto const topic = s.uri;
    auto const match = s.how.match;
    // The id must be known before the next message is looked at: events may follow in the same batch.
    ask(std::move(m), arguments(), [this, h, topic, match, done = std::move(done)](outcome<reply> r) {
        auto const at = subscriptions_.find(h);
        if (at != subscriptions_.end()) {
            at->second.asking = false;
        }
        if (r && at != subscriptions_.end()) {
            at->second.id = r->id2;
            by_subscription_[r->id2].push_back(h);
        } else if (r && !by_subscription_.contains(r->id2) && !being_asked_for(topic, match)) {
            wamp::message undo_it;  // undone meanwhile
            undo_it.type = message_type::unsubscribe;
            undo_it.id2 = r->id2;
            ask(std::move(undo_it), arguments(), [](outcome<reply> const&) {});
        }
        done(std::move(r));
    });
}

void session_impl::send_register(handle h, answer done)
{
    auto& s = registrations_.at(h);
    s.asked_in = connection_;
    s.asking = true;
    wamp::message m;
    m.type = message_type::register_;
    m.uri = s.uri;
    if (s.how.match != wamp::match_policy::exact) {
        m.details.set("match", value(wamp::name(s.how.match)));
    }
    bool const shared = !s.how.invoke.empty() && s.how.invoke != "single";
    if (!s.how.invoke.empty()) {
        m.details.set("invoke", value(s.how.invoke));
    }
    if (s.how.force_reregister || (s.conflict && s.ours && !shared && s.how.force_on_rejoin)) {
        m.details.set("force_reregister", value(true));
    }
    ask(std::move(m), arguments(), [this, h, done = std::move(done)](outcome<reply> r) {
        auto const at = registrations_.find(h);
        if (at != registrations_.end()) {
            at->second.asking = false;
            at->second.conflict = !r && r.error().uri == wamp::uri::procedure_already_exists;
        }
        if (r && at != registrations_.end()) {
            at->second.id = r->id2;
            at->second.ours = true;
            by_registration_[r->id2] = h;
        } else if (r) {
            wamp::message undo_it;  // undone meanwhile
            undo_it.type = message_type::unregister;
            undo_it.id2 = r->id2;
            ask(std::move(undo_it), arguments(), [](outcome<reply> const&) {});
        }
        done(std::move(r));
    });
}

/// After a join: everything that is remembered. Failing handlers may undo, so the handles are listed first.
void session_impl::restore()
{
    std::vector<handle> todo;
    auto const list = [this, &todo](auto const& all) {
        for (auto const& [h, what] : all) {
            if (what.asked_in != connection_) {  // else an on_join handler made it just now
                todo.push_back(h);
            }
        }
    };
    list(registrations_);
    list(subscriptions_);
    for (auto const h : todo) {
        restore_one(h);
    }
}

void session_impl::restore_one(handle h)
{
    auto const done = [this, h](outcome<reply> const& r) { restored(h, r); };
    if (registrations_.contains(h)) {
        send_register(h, done);
    } else if (subscriptions_.contains(h)) {
        send_subscribe(h, done);
    }
}

void session_impl::restored(handle h, outcome<reply> const& r)
{
    auto* const what = find(h);
    if (what == nullptr) {
        return;  // undone meanwhile
    }
    if (!r) {
        if (r.error().uri != wamp::uri::transport_lost) {
            restore_failed(h, *what, r.error());
        }
        return;
    }
    if (what->pause.count() != 0) {
        what->pause = {};
        what->retry.reset();
        auto const uri = what->uri;
        log::info("client", "restored", {{"uri", uri}, {"url", options_.connection.url}});
        for (auto const& f : on_restored_) {
            f(uri);
        }
    }
}

void session_impl::restore_failed(handle h, remembered& what, error const& e)
{
    what.pause = what.pause.count() == 0 ? options_.backoff_first : longer(what.pause, options_.backoff_max);
    what.retry = std::make_unique<asio::steady_timer>(ex_, what.pause);
    what.retry->async_wait(
        [weak = std::weak_ptr<session_impl>(self()), h, connection = connection_](auto const& ec) {
            auto const s = weak.lock();
            if (!ec && s && s->connection_ == connection && s->is_joined()) {
                s->restore_one(h);
            }
        });
    auto const uri = what.uri;
    std::uint64_t suppressed = 0;
    if (what.report_limit.allow(suppressed)) {
        log::warn("client",
                  "restore_failed",
                  {{"uri", uri},
                   {"error", e.what()},
                   {"url", options_.connection.url},
                   {"again_in_ms", what.pause.count()},
                   {"suppressed", suppressed}});
    }
    for (auto const& f : on_restore_error_) {
        f(uri, e);
    }
}

/// The session is lost, and with it what the router granted.
void session_impl::forget_grants()
{
    by_subscription_.clear();
    by_registration_.clear();
    auto const forget = [](remembered& what) {
        what.id = 0;
        what.pause = {};
        what.retry.reset();
    };
    for (auto& [h, s] : subscriptions_) {
        forget(s);
    }
    for (auto& [h, r] : registrations_) {
        forget(r);
        r.conflict = false;
    }
}

session_impl::remembered* session_impl::find(handle h)
{
    if (auto const s = subscriptions_.find(h); s != subscriptions_.end()) {
        return &s->second;
    }
    auto const r = registrations_.find(h);
    return r != registrations_.end() ? &r->second : nullptr;
}

/// Whether SUBSCRIBE for one more handle is under way. The router has one subscription for all of them, and
/// an UNSUBSCRIBE now would be read after that SUBSCRIBE.
bool session_impl::being_asked_for(std::string const& topic, wamp::match_policy match) const
{
    return std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](auto const& one) {
        return one.second.asking && one.second.how.match == match && one.second.uri == topic;
    });
}

void session_impl::drop_subscription_id(wamp::id id)
{
    auto const found = by_subscription_.extract(id);
    if (!found.empty()) {
        for (auto const h : found.mapped()) {
            subscriptions_.at(h).id = 0;
        }
    }
}

asio::awaitable<outcome<void>> session_impl::undo(handle h)
{
    wamp::message m;
    if (auto const s = subscriptions_.find(h); s != subscriptions_.end()) {
        m.type = message_type::unsubscribe;
        m.id2 = s->second.id;
        auto const topic = s->second.uri;
        auto const match = s->second.how.match;
        subscriptions_.erase(s);
        if (auto const at = by_subscription_.find(m.id2); at != by_subscription_.end()) {
            std::erase(at->second, h);
            if (!at->second.empty()) {
                co_return outcome<void>();  // another handler has the same subscription
            }
            by_subscription_.erase(at);
        }
        if (being_asked_for(topic, match)) {
            co_return outcome<void>();  // and another will have it in a moment
        }
    } else if (auto const r = registrations_.find(h); r != registrations_.end()) {
        m.type = message_type::unregister;
        m.id2 = r->second.id;
        registrations_.erase(r);
        by_registration_.erase(m.id2);
    } else {
        co_return error(wamp::uri::invalid_argument, "no subscription or registration has this handle");
    }
    if (m.id2 == 0 || !is_joined()) {
        co_return outcome<void>();
    }
    auto const got = co_await request(std::move(m), arguments(), std::nullopt);
    if (!got && got.error().uri != wamp::uri::transport_lost) {
        co_return got.error();
    }
    co_return outcome<void>();
}

}  // namespace cerro::client
