#include <cerro/router/meta.hpp>
#include <cerro/router/realm.hpp>
#include <cerro/router/session.hpp>

#include <algorithm>
#include <functional>
#include <optional>

namespace cerro::router {

namespace {

/// What the killed sessions are told.
struct farewell {
    std::string reason{wamp::uri::killed};
    std::string message = "session was killed through the session meta API";
};

/// Nothing: the call has been refused.
std::optional<farewell> read_farewell(realm& r, meta_call const& c, std::size_t first)
{
    farewell out;
    auto const* reason = c.arg(first, "reason");
    auto const* message = c.arg(first + 1, "message");
    bool const texts = (reason == nullptr || reason->is_text()) && (message == nullptr || message->is_text());
    if (!texts) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 std::string(c.procedure) + ": reason and message must be texts");
        return std::nullopt;
    }
    if (reason != nullptr) {
        out.reason = *reason->as_text();
    }
    if (message != nullptr) {
        out.message = *message->as_text();
    }
    if (out.reason.size() > r.env().limits.max_uri || !wamp::valid_uri(out.reason, r.options().uri_check)) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_uri,
                 std::string(c.procedure) + ": reason is not a valid URI");
        return std::nullopt;
    }
    return out;
}

void kill_one(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0, "session");
    auto const wanted = first != nullptr ? first->as_uint() : std::nullopt;
    if (!wanted) {
        r.refuse(c.caller, c.request, wamp::uri::invalid_argument, "wamp.session.kill takes one session id");
        return;
    }
    auto const words = read_farewell(r, c, 1);
    if (!words) {
        return;
    }
    auto* const m = r.find_session(*wanted);
    if (m == nullptr || m->owner == nullptr || m == &c.who) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::no_such_session,
                 "no session with ID " + std::to_string(*wanted) + " exists on this router");
        return;
    }
    m->owner->say_goodbye(ending::killed, words->reason, words->message);
    r.answer(c.caller, c.request, {nullptr});
}

/// Kills all sessions but the caller for which `concerned` holds.
list kill_where(realm& r,
                meta_call const& c,
                farewell const& words,
                std::function<bool(member const&)> const& concerned)
{
    list killed;
    for (auto const& [id, m] : r.members()) {
        if (m != &c.who && m->owner != nullptr && concerned(*m)) {
            killed.emplace_back(id);
        }
    }
    for (auto const& id : killed) {
        // The end of one session never ends another, but nothing here relies on it.
        if (auto* const m = r.find_session(*id.as_uint())) {
            m->owner->say_goodbye(ending::killed, words.reason, words.message);
        }
    }
    return killed;
}

void kill_by(realm& r, meta_call const& c, std::string identity::*attribute, bool counted)
{
    auto const* first = c.arg(0);
    auto const* wanted = first != nullptr ? first->as_text() : nullptr;
    if (wanted == nullptr) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 std::string(c.procedure) + " takes one text, whose sessions are to end");
        return;
    }
    auto const words = read_farewell(r, c, 1);
    if (!words) {
        return;
    }
    auto killed = kill_where(r, c, *words, [&](member const& m) { return m.who.*attribute == *wanted; });
    r.answer(c.caller, c.request, {counted ? value(killed.size()) : value(std::move(killed))});
}

}  // namespace

void add_session_kill(realm& r)
{
    bool const counts = r.options().dialect == meta_dialect::specification;
    r.meta().add("wamp.session.kill", [&r](meta_call const& c) { kill_one(r, c); });
    r.meta().add("wamp.session.kill_by_authid",
                 [&r](meta_call const& c) { kill_by(r, c, &identity::authid, false); });
    r.meta().add("wamp.session.kill_by_authrole",
                 [&r, counts](meta_call const& c) { kill_by(r, c, &identity::authrole, counts); });
    r.meta().add("wamp.session.kill_all", [&r](meta_call const& c) {
        if (auto const words = read_farewell(r, c, 0)) {
            auto const killed = kill_where(r, c, *words, [](member const&) { return true; });
            r.answer(c.caller, c.request, {killed.size()});
        }
    });
}

}  // namespace cerro::router
