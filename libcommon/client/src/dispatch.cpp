// What the router says.

#include "session_impl.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>

namespace cerro::client {

using wamp::message_type;

namespace {

constexpr std::string_view invalid_payload = "wamp.error.invalid_payload";

outcome<arguments> decoded(wamp::payload_view const& p)
{
    auto args = wamp::decode_args(p);
    if (!args) {
        return error(invalid_payload, args.error().what);
    }
    auto kwargs = wamp::decode_kwargs(p);
    if (!kwargs) {
        return error(invalid_payload, kwargs.error().what);
    }
    return arguments(std::move(*args), std::move(*kwargs));
}

/// For calls and their results: what is not right is refused, not guessed at.
outcome<arguments> payload_of(wamp::message const& m)
{
    return decoded(m.payload);
}

/// For events and errors, whose sender cannot be told: text that is not UTF-8 is read with U+FFFD in it.
outcome<arguments> repaired_payload_of(wamp::message const& m)
{
    auto whole = payload_of(m);
    if (whole) {
        return whole;
    }
    using codec::serializer;
    auto const from = m.payload.serializer;
    auto const to = from == serializer::cbor ? serializer::msgpack : serializer::cbor;
    bytes args;  // transcoding repairs text
    bytes kwargs;
    if ((!m.payload.args.empty() && !codec::transcode(from, m.payload.args, to, args)) ||
        (!m.payload.kwargs.empty() && !codec::transcode(from, m.payload.kwargs, to, kwargs))) {
        return whole;
    }
    return decoded({to, args, kwargs});
}

bool flag(dict const& d, std::string_view key)
{
    auto const* v = d.find(key);
    return v != nullptr && v->as_bool().value_or(false);
}

std::string text_or(dict const& d, std::string_view key, std::string const& otherwise)
{
    auto const* v = d.find(key);
    auto const* text = v != nullptr ? v->as_text() : nullptr;
    return text != nullptr ? *text : otherwise;
}

/// Other routers may drop a RawSocket client that pings.
bool is_cerro(dict const& welcome)
{
    value const* agent = welcome.find("agent");
    return agent != nullptr && agent->is_text() && agent->as_text()->starts_with("Cerro");
}

bool dealer_cancels(dict const& welcome)
{
    value const* at = welcome.find("roles");
    for (auto const* key : {"dealer", "features", "call_canceling"}) {
        at = at != nullptr ? at->find(key) : nullptr;
    }
    return at != nullptr && at->as_bool().value_or(false);
}

}  // namespace

error error_of(wamp::message const& m)
{
    error e(m.uri);
    auto payload = repaired_payload_of(m);
    if (payload) {
        e.args = std::move(payload->args);
        e.kwargs = std::move(payload->kwargs);
    } else {
        e.args.emplace_back("its arguments cannot be read: " + payload.error().what());
    }
    if (e.args.empty()) {
        auto const text = text_or(m.details, "message", "");
        if (!text.empty()) {
            e.args.emplace_back(text);
        }
    }
    return e;
}

void session_impl::on_message(wamp::message const& m)
{
    switch (m.type) {
        case message_type::welcome: on_welcome(m); break;
        case message_type::challenge: on_challenge(m); break;
        case message_type::abort:
            report(error_of(m));
            channel_->close(transport::close_reason::closed_by_us);
            break;
        case message_type::goodbye:
            if (state_ != state::leaving) {
                log::info(
                    "client", "goodbye_received", {{"url", options_.connection.url}, {"reason", m.uri}});
                say_goodbye(wamp::uri::goodbye_and_out);
                state_ = state::leaving;
            }
            channel_->close(transport::close_reason::closed_by_us, m.uri);
            break;
        case message_type::error: on_answer(m.request, error_of(m)); break;
        case message_type::event: on_event(m); break;
        case message_type::invocation: on_invocation(m); break;
        case message_type::result:
            if (!flag(m.details, "progress")) {
                auto payload = payload_of(m);
                if (payload) {
                    on_answer(m.request, reply{0, std::move(*payload)});
                } else {
                    on_answer(m.request, payload.error());
                }
            }
            break;
        case message_type::unsubscribed:
        case message_type::unregistered:
            if (m.request == 0) {
                revoked(m);
                break;
            }
            [[fallthrough]];
        case message_type::subscribed:
        case message_type::registered:
        case message_type::published: on_answer(m.request, reply{m.id2, {}}); break;
        case message_type::interrupt: break;  // we did not announce that our handlers can be interrupted
        default: violation(std::string("a router does not send ") + std::string(wamp::name(m.type))); break;
    }
}

void session_impl::on_welcome(wamp::message const& m)
{
    if (state_ != state::joining) {
        violation("WELCOME within a session");
        return;
    }
    state_ = state::joined;
    id_ = m.id2;
    welcome_ = m.details;
    can_cancel_ = dealer_cancels(welcome_);
    backoff_ = options_.backoff_first;
    reported_.clear();
    if (is_cerro(welcome_)) {
        channel_->ping_peer();
    }
    log::info("client",
              "session_joined",
              {{"url", options_.connection.url},
               {"realm", options_.realm},
               {"session", id_},
               {"transport", channel_->info().kind},
               {"serializer", codec::name(channel_->info().serializer)}});
    for (auto const& f : on_join_) {
        f();
    }
    if (is_joined()) {
        restore();
    }
    changed_.changed();
}

void session_impl::on_challenge(wamp::message const& m)
{
    auto const signature = answer_challenge(options_.credentials, m);
    if (signature) {
        send(*signature);
        return;
    }
    report(signature.error());
    wamp::message abort;
    abort.type = message_type::abort;
    abort.uri = signature.error().uri;
    send(abort);
    channel_->close(transport::close_reason::closed_by_us);
}

void session_impl::on_answer(wamp::id request, outcome<reply> r)
{
    auto found = pending_.extract(request);
    if (!found.empty()) {  // else: timed out, or revoked; nobody waits
        found.mapped()(std::move(r));
    }
}

void session_impl::on_event(wamp::message const& m)
{
    auto const found = by_subscription_.find(m.request);
    if (found == by_subscription_.end()) {
        return;  // unsubscribed while this was under way
    }
    auto payload = repaired_payload_of(m);
    if (!payload) {
        auto const of =
            found->second.empty() ? subscriptions_.end() : subscriptions_.find(found->second.front());
        event_dropped(text_or(m.details, "topic", of == subscriptions_.end() ? "" : of->second.uri),
                      payload.error());
        return;
    }
    event e;
    e.publication = m.id2;
    e.details = m.details;
    e.payload = std::move(*payload);
    auto const handles = found->second;  // handlers may undo
    for (auto const h : handles) {
        auto const at = subscriptions_.find(h);
        if (at == subscriptions_.end()) {
            continue;
        }
        e.topic = text_or(e.details, "topic", at->second.uri);
        auto const handler = at->second.handler;
        try {
            (*handler)(e);
        } catch (std::exception const& x) {
            log::error("client", "event_handler_failed", {{"topic", e.topic}, {"error", x.what()}});
        }
    }
}

/// A publisher's fault, for which neither the other publishers nor the router shall pay.
void session_impl::event_dropped(std::string const& topic, error const& e)
{
    ++events_dropped_;
    std::uint64_t suppressed = 0;
    if (drop_limit_.allow(suppressed)) {
        log::warn("client",
                  "event_dropped",
                  {{"topic", topic},
                   {"error", e.what()},
                   {"dropped", events_dropped_},
                   {"suppressed", suppressed}});
    }
}

void session_impl::on_invocation(wamp::message const& m)
{
    auto const found = by_registration_.find(m.id2);
    if (found == by_registration_.end()) {
        refuse_invocation(m.request, error(wamp::uri::no_such_registration, "not registered here any more"));
        return;
    }
    auto payload = payload_of(m);
    if (!payload) {
        refuse_invocation(m.request, payload.error());
        return;
    }
    auto const& registered = registrations_.at(found->second);
    invocation inv;
    inv.procedure = text_or(m.details, "procedure", registered.uri);
    inv.details = m.details;
    inv.payload = std::move(*payload);
    asio::co_spawn(ex_,
                   serve(self(), connection_, m.request, registered.handler, std::move(inv)),
                   [](std::exception_ptr e) {
                       if (e) {
                           try {
                               std::rethrow_exception(e);
                           } catch (std::exception const& x) {
                               log::error("client", "invocation_failed", {{"error", x.what()}});
                           }
                       }
                   });
}

asio::awaitable<void> session_impl::serve(std::shared_ptr<session_impl> self,
                                          std::uint64_t connection,
                                          wamp::id request,
                                          std::shared_ptr<procedure_handler> handler,
                                          invocation inv)
{
    outcome<arguments> result = error(wamp::uri::runtime_error);
    auto const procedure = inv.procedure;
    try {
        result = co_await (*handler)(std::move(inv));
    } catch (std::exception const& x) {
        log::warn("client", "procedure_failed", {{"procedure", procedure}, {"error", x.what()}});
        result = error(wamp::uri::runtime_error, x.what());
    }
    if (self->connection_ == connection &&
        self->is_joined()) {  // an answer belongs to the session that was asked
        self->respond(request, result);
    }
}

void session_impl::respond(wamp::id request, outcome<arguments> const& result)
{
    if (!result) {
        refuse_invocation(request, result.error());
        return;
    }
    wamp::message m;
    m.type = message_type::yield;
    m.request = request;
    if (send_with(std::move(m), *result) == sent::too_big) {
        refuse_invocation(
            request, error(wamp::uri::payload_size_exceeded, "the result is larger than the router takes"));
    }
}

void session_impl::refuse_invocation(wamp::id request, error const& e)
{
    wamp::message m;
    m.type = message_type::error;
    m.request = request;
    m.id2 = static_cast<wamp::id>(message_type::invocation);
    m.uri = e.uri;
    send_with(std::move(m), arguments(e.args, e.kwargs));
}

void session_impl::revoked(wamp::message const& m)
{
    bool const subscribed = m.type == message_type::unsubscribed;
    auto const* v = m.details.find(subscribed ? "subscription" : "registration");
    auto const revoked = v != nullptr ? v->as_uint().value_or(0) : 0;
    auto const reason = text_or(m.details, "reason", "no reason given");
    std::string uri;
    if (subscribed) {
        drop_subscription_id(revoked);
    } else if (auto const at = by_registration_.find(revoked); at != by_registration_.end()) {
        auto& r = registrations_.at(at->second);
        uri = r.uri;
        r.id = 0;
        r.ours = false;
        by_registration_.erase(at);
    }
    log::warn("client",
              subscribed ? "subscription_revoked" : "registration_revoked",
              {{"id", revoked}, {"uri", uri}, {"reason", reason}, {"url", options_.connection.url}});
    if (!uri.empty()) {
        for (auto const& f : on_revoked_) {
            f(uri);
        }
    }
}

}  // namespace cerro::client
