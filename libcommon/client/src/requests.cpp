// What we ask of the router.

#include "session_impl.hpp"

#include <algorithm>

namespace cerro::client {

using wamp::message_type;

namespace {

constexpr std::size_t frame_prefix = 4;  // octets of length before the message

}  // namespace

session_impl::sent session_impl::send(wamp::message const& m)
{
    if (!channel_) {
        return sent::no;
    }
    auto frame = wamp::frame(channel_->info().serializer, m);
    bool const too_big = frame->size() - frame_prefix > channel_->info().max_outgoing;
    if (channel_->send(std::move(frame))) {
        return sent::yes;
    }
    return too_big ? sent::too_big : sent::no;
}

session_impl::sent session_impl::send_with(wamp::message m, arguments const& a)
{
    if (!channel_) {
        return sent::no;
    }
    wamp::payload const encoded(channel_->info().serializer, a.args, a.kwargs);
    m.payload = encoded.view();
    return send(m);
}

wamp::id session_impl::ask(wamp::message m, arguments const& a, answer done)
{
    if (!is_joined()) {
        done(error(wamp::uri::transport_lost, "not joined: " + last_error_.what()));
        return 0;
    }
    auto const request = next_request_++;
    m.request = request;
    pending_.emplace(request, done);
    if (send_with(std::move(m), a) == sent::too_big) {
        pending_.erase(request);
        done(error(wamp::uri::payload_size_exceeded,
                   "the message is larger than the " + std::to_string(channel_->info().max_outgoing) +
                       " bytes that the router takes"));
    }  // else if it was not taken the channel is closing, and on_closed answers
    return request;
}

asio::awaitable<outcome<reply>> session_impl::request(wamp::message m,
                                                      arguments a,
                                                      std::optional<std::chrono::milliseconds> timeout)
{
    struct waiter {
        explicit waiter(asio::any_io_executor const& ex) : timer(ex, steady_time::max()) {}
        asio::steady_timer timer;
        std::optional<outcome<reply>> got;
    };
    auto const keep = self();
    auto const w = std::make_shared<waiter>(ex_);
    if (timeout) {
        w->timer.expires_after(*timeout);
    }
    bool const cancels = m.type == message_type::call;
    auto const asked = ask(std::move(m), a, [w](outcome<reply> r) {
        w->got = std::move(r);
        w->timer.cancel();
    });
    if (!w->got) {
        [[maybe_unused]] auto [ec] = co_await w->timer.async_wait(as_result);
    }
    if (w->got) {
        co_return std::move(*w->got);
    }
    pending_.erase(asked);
    if (cancels && can_cancel_ && is_joined()) {
        wamp::message cancel;
        cancel.type = message_type::cancel;
        cancel.request = asked;
        cancel.details.set("mode", value("killnowait"));
        send(cancel);
    }
    co_return error(wamp::uri::timeout, "no answer within " + std::to_string(timeout->count()) + " ms");
}

asio::awaitable<outcome<arguments>> session_impl::call(std::string procedure, arguments a, call_options o)
{
    wamp::message m;
    m.type = message_type::call;
    m.uri = std::move(procedure);
    auto got = co_await request(std::move(m), std::move(a), o.timeout);
    if (!got) {
        co_return got.error();
    }
    co_return std::move(got->payload);
}

bool session_impl::publish(std::string_view topic, arguments const& a, dict const& extra_options)
{
    if (!is_joined()) {
        return false;
    }
    wamp::message m;
    m.type = message_type::publish;
    m.request = next_request_++;
    m.uri = topic;
    m.details = extra_options;
    return send_with(std::move(m), a) == sent::yes;
}

asio::awaitable<outcome<wamp::id>> session_impl::publish_acknowledged(std::string topic,
                                                                      arguments a,
                                                                      dict extra_options)
{
    wamp::message m;
    m.type = message_type::publish;
    m.uri = std::move(topic);
    m.details = std::move(extra_options);
    m.details.set("acknowledge", value(true));
    auto const got = co_await request(std::move(m), std::move(a), std::nullopt);
    if (!got) {
        co_return got.error();
    }
    co_return got->id2;
}

asio::awaitable<outcome<handle>> session_impl::subscribe(std::string topic,
                                                         event_handler f,
                                                         subscribe_options o)
{
    auto const h = next_handle_++;
    subscription s;
    s.topic = std::move(topic);
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
    r.procedure = std::move(procedure);
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
    wamp::message m;
    m.type = message_type::subscribe;
    m.uri = s.topic;
    if (s.how.match != wamp::match_policy::exact) {
        m.details.set("match", value(wamp::name(s.how.match)));
    }
    if (s.how.get_retained) {
        m.details.set("get_retained", value(true));
    }
    // The id must be known before the next message is looked at: events may follow in the same batch.
    ask(std::move(m), arguments(), [this, h, done = std::move(done)](outcome<reply> r) {
        if (r) {
            auto& sharers = by_subscription_[r->id2];
            if (auto const at = subscriptions_.find(h); at != subscriptions_.end()) {
                at->second.id = r->id2;
                sharers.push_back(h);
            } else if (sharers.empty()) {  // undone meanwhile
                by_subscription_.erase(r->id2);
                wamp::message undo_it;
                undo_it.type = message_type::unsubscribe;
                undo_it.id2 = r->id2;
                ask(std::move(undo_it), arguments(), [](outcome<reply> const&) {});
            }
        }
        done(std::move(r));
    });
}

void session_impl::send_register(handle h, answer done)
{
    auto& s = registrations_.at(h);
    s.asked_in = connection_;
    wamp::message m;
    m.type = message_type::register_;
    m.uri = s.procedure;
    if (s.how.match != wamp::match_policy::exact) {
        m.details.set("match", value(wamp::name(s.how.match)));
    }
    if (!s.how.invoke.empty()) {
        m.details.set("invoke", value(s.how.invoke));
    }
    if (s.how.force_reregister) {
        m.details.set("force_reregister", value(true));
    }
    ask(std::move(m), arguments(), [this, h, done = std::move(done)](outcome<reply> r) {
        if (r) {
            if (auto const at = registrations_.find(h); at != registrations_.end()) {
                at->second.id = r->id2;
                by_registration_[r->id2] = h;
            } else {  // undone meanwhile
                wamp::message undo_it;
                undo_it.type = message_type::unregister;
                undo_it.id2 = r->id2;
                ask(std::move(undo_it), arguments(), [](outcome<reply> const&) {});
            }
        }
        done(std::move(r));
    });
}

/// After a join: everything that is remembered.
void session_impl::restore()
{
    auto const watch = [this](std::string const& uri) {
        return [this, uri](outcome<reply> const& r) {
            if (!r && r.error().uri != wamp::uri::transport_lost) {
                restore_failed(uri, r.error());
            }
        };
    };
    for (auto const& [h, r] : registrations_) {
        if (r.asked_in != connection_) {  // else an on_join handler made it just now
            send_register(h, watch(r.procedure));
        }
    }
    for (auto const& [h, s] : subscriptions_) {
        if (s.asked_in != connection_) {
            send_subscribe(h, watch(s.topic));
        }
    }
}

void session_impl::restore_failed(std::string const& uri, error const& e)
{
    log::warn(
        "client", "restore_failed", {{"uri", uri}, {"error", e.what()}, {"url", options_.connection.url}});
    for (auto const& f : on_restore_error_) {
        f(uri, e);
    }
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
        subscriptions_.erase(s);
        if (auto const at = by_subscription_.find(m.id2); at != by_subscription_.end()) {
            std::erase(at->second, h);
            if (!at->second.empty()) {
                co_return outcome<void>();  // another handler has the same subscription
            }
            by_subscription_.erase(at);
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
