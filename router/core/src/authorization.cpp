#include "replies.hpp"
#include <cerro/router/authorization.hpp>
#include <cerro/router/link_text.hpp>
#include <cerro/router/log_text.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr std::size_t max_cached = 10'000;  // answers kept for one session

}  // namespace

authorization::authorization(core& c, realm& home, member& who, std::function<void(byte_view)> dispatch)
    : core_(c),
      realm_(home),
      who_(who),
      dispatch_(std::move(dispatch)),
      caller_(c.caller(home, home.find_role("trusted")))
{}

authorization::~authorization()
{
    for (auto const& r : queue_) {
        caller_->cancel(r.call);
    }
}

authorization::action authorization::action_of(message_type t)
{
    switch (t) {
        case message_type::call: return action::call;
        case message_type::publish: return action::publish;
        case message_type::register_: return action::register_;
        case message_type::subscribe: return action::subscribe;
        default: return action::none;
    }
}

/// The realm's role may have been replaced since the last message: what was cached counts no more.
void authorization::follow(std::shared_ptr<role> now)
{
    cached_.clear();
    rule_ = now->authorizer();
    own_ = rule_ ? now->for_session() : std::move(now);
    who_.allowed = own_;
}

bool authorization::holds(wamp::message const& m, byte_view octets)
{
    switch (m.type) {
        case message_type::yield:
        case message_type::error:
        case message_type::event_received:
        case message_type::goodbye:
        case message_type::abort: return false;
        default: break;
    }
    if (who_.allowed != own_) {
        follow(who_.allowed);
    }
    auto& limits = core_.env().limits;
    auto const what = rule_ && m.uri.size() <= limits.max_uri ? action_of(m.type) : action::none;
    auto key = what == action::none ? std::string() : std::to_string(static_cast<int>(what)) + m.uri;
    auto const known = what == action::none ? cached_.end() : cached_.find(key);
    if (queue_.empty() && (what == action::none || known != cached_.end())) {
        if (known != cached_.end()) {
            own_->decide(m.uri, known->second.granted);
        }
        return false;
    }
    if (queue_.size() >= limits.max_held || held_bytes_ + octets.size() > limits.held_bytes) {
        core_.env().stats.held_refused.add();
        refuse(m,
               limit_exceeded,
               "too much of this session waits for the authorizer; the limits are max_held and held_bytes");
        return true;
    }
    request r;
    r.serial = ++last_;
    r.message = bytes(octets);
    r.what = what;
    r.key = std::move(key);
    held_bytes_ += octets.size();
    // Where answers are cached, one question for all that is alike is enough.
    bool const alike =
        rule_ && rule_->cache && std::any_of(queue_.begin(), queue_.end(), [&](request const& q) {
            return q.call != 0 && q.key == r.key;
        });
    auto& kept = queue_.emplace_back(std::move(r));
    if (what != action::none && known == cached_.end() && !alike) {
        ask(kept, m);
    }
    return true;
}

void authorization::ask(request& r, wamp::message const& m)
{
    constexpr std::string_view names[] = {"", "call", "publish", "register", "subscribe"};
    r.call = caller_->call(
        rule_->procedure,
        {describe_session(who_, realm_.name()), m.uri, names[static_cast<std::size_t>(r.what)], m.details},
        {},
        core_.env().limits.authorizer_timeout,
        [this, serial = r.serial, alive = std::weak_ptr<int>(alive_)](own_outcome const& o) {
            if (!alive.expired()) {
                answered(serial, o);
            }
        });
}

authorization::decision authorization::read(own_outcome const& o, action what, authorizer_rule const& rule)
{
    decision out;
    auto const* answer = o.args.empty() ? nullptr : &o.args.front();
    bool disclose = rule.disclose;
    bool allow = false;
    if (!o.error.empty()) {
        auto const* text = answer != nullptr ? answer->as_text() : nullptr;
        out.failed = true;
        out.text =
            "the dynamic authorizer failed: " + o.error + (text != nullptr ? ": " + log_text(*text) : "");
        return out;
    }
    auto const* as_dict = answer != nullptr ? answer->as_dict() : nullptr;
    if (as_dict != nullptr && as_dict->contains("allow")) {
        allow = flag(*as_dict, "allow");
        disclose = flag(*as_dict, "disclose", rule.disclose);
        out.cache = flag(*as_dict, "cache", rule.cache);
    } else if (answer != nullptr && answer->is_bool()) {
        allow = *answer->as_bool();
        out.cache = rule.cache;
    } else {
        out.failed = true;
        out.text = "the dynamic authorizer failed: its answer is neither true, false nor {\"allow\": ..}";
        return out;
    }
    switch (what) {
        case action::call:
            out.granted.call = allow;
            out.granted.disclose_caller = disclose;
            break;
        case action::publish:
            out.granted.publish = allow;
            out.granted.disclose_publisher = disclose;
            break;
        case action::register_: out.granted.register_ = allow; break;
        case action::subscribe: out.granted.subscribe = allow; break;
        case action::none: break;
    }
    return out;
}

void authorization::answered(std::uint64_t serial, own_outcome const& o)
{
    auto const at =
        std::find_if(queue_.begin(), queue_.end(), [&](request const& r) { return r.serial == serial; });
    if (at == queue_.end()) {
        return;
    }
    at->call = 0;
    at->answer = read(o, at->what, rule_.value_or(authorizer_rule()));
    if (at->answer->failed) {
        core_.env().stats.authorizer_failures.add();
    } else if (at->answer->cache && rule_) {
        if (cached_.size() >= max_cached) {
            cached_.clear();
        }
        cached_.insert_or_assign(at->key, *at->answer);
    }
    pump();
}

bool authorization::ready(request& front)
{
    if (front.what == action::none || front.answer || !rule_) {
        return true;
    }
    if (auto const known = cached_.find(front.key); known != cached_.end()) {
        front.answer = known->second;
        return true;
    }
    if (front.call == 0) {  // the question that it relied on was not answered for both
        if (auto const m = wamp::scan(who_.link.serializer, front.message, core_.env().limits.message)) {
            ask(front, *m);
        }
    }
    return false;
}

void authorization::pump()
{
    std::weak_ptr<int> const alive = alive_;
    while (!alive.expired() && !queue_.empty()) {
        if (!ready(queue_.front())) {
            return;
        }
        auto r = std::move(queue_.front());
        queue_.pop_front();
        held_bytes_ -= r.message.size();
        handle(std::move(r));
    }
}

void authorization::handle(request r)
{
    auto const dispatch = dispatch_;  // what is handled may end the session, and with it this object
    if (!r.answer) {
        dispatch(r.message);
        return;
    }
    auto const m = wamp::scan(who_.link.serializer, r.message, core_.env().limits.message);
    if (!m) {
        return;  // it was well-formed when it came
    }
    if (r.answer->failed) {
        refuse(*m, wamp::uri::authorization_failed, r.answer->text);
        return;
    }
    auto const own = own_;
    own->decide(m->uri, r.answer->granted);
    dispatch(r.message);
    own->decide(m->uri, {});  // the next request is asked for again, or found in the cache
}

void authorization::refuse(wamp::message const& m, std::string_view error, std::string_view text)
{
    if (m.type == message_type::publish && !flag(m.details, "acknowledge")) {
        core_.env().stats.dropped(drop_reason::event_not_authorized);
        return;
    }
    if (m.type != message_type::cancel) {
        send_error(who_, m.type, m.request, error, text);
    }
}

}  // namespace cerro::router
