#include <cerro/router/link_text.hpp>
#include <cerro/router/meta.hpp>
#include <cerro/router/realm.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

void get(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    auto const wanted = first != nullptr ? first->as_uint() : std::nullopt;
    if (!wanted) {
        r.refuse(c.caller, c.request, wamp::uri::invalid_argument, "wamp.session.get takes one session id");
        return;
    }
    auto const* m = r.find_session(*wanted);
    if (m == nullptr || m->internal) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::no_such_session,
                 "no session with ID " + std::to_string(*wanted) + " exists on this router");
        return;
    }
    r.answer(c.caller, c.request, {describe_session(*m, r.name())});
}

/// The sessions with one of the authroles that the call names, or all; nothing when it has been refused.
std::optional<list> chosen(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    list const* const authroles = first != nullptr ? first->as_list() : nullptr;
    if (first != nullptr && authroles == nullptr) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 std::string(c.procedure) + " takes a list of authroles, or nothing");
        return std::nullopt;
    }
    list out;
    for (auto const& [session, who] : r.members()) {
        bool const wanted =
            authroles == nullptr ||
            std::any_of(authroles->begin(), authroles->end(), [role = &who->who.authrole](value const& v) {
                return v.as_text() != nullptr && *v.as_text() == *role;
            });
        if (wanted && !who->internal) {
            out.emplace_back(session);
        }
    }
    return out;
}

}  // namespace

void add_session_meta(realm& r)
{
    r.meta().add("wamp.session.get", [&r](meta_call const& c) { get(r, c); });
    r.meta().add("wamp.session.list", [&r](meta_call const& c) {
        if (auto found = chosen(r, c)) {
            r.answer(c.caller, c.request, {std::move(*found)});
        }
    });
    r.meta().add("wamp.session.count", [&r](meta_call const& c) {
        if (auto const found = chosen(r, c)) {
            r.answer(c.caller, c.request, {found->size()});
        }
    });
}

void publish_join(realm& r, member const& who)
{
    constexpr std::string_view topic = "wamp.session.on_join";
    if (!who.internal && r.options().meta_api && r.broker().has_subscribers(topic)) {
        r.broker().publish_own(topic, {describe_session(who, r.name())});
    }
}

void publish_leave(realm& r, member const& who)
{
    if (who.internal || !r.options().meta_api) {
        return;
    }
    list args{who.who.session};
    if (r.options().dialect == meta_dialect::specification) {
        args.emplace_back(who.who.authid);
        args.emplace_back(who.who.authrole);
    }
    r.broker().publish_own("wamp.session.on_leave", args);
}

}  // namespace cerro::router
