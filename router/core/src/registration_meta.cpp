#include <cerro/base/iso8601.hpp>
#include <cerro/router/meta.hpp>
#include <cerro/router/realm.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

/// The registration that the call names; null pointer when the call has been refused.
registration* wanted(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    auto const id = first != nullptr ? first->as_uint() : std::nullopt;
    if (!id) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 std::string(c.procedure) + " takes a registration id");
        return nullptr;
    }
    auto* const found = r.dealer().find(*id);
    if (found == nullptr) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::no_such_registration,
                 "no registration with ID " + std::to_string(*id) + " exists on this dealer");
        return nullptr;
    }
    if (!may_see(c.who, found->uri)) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::not_authorized,
                 "session is not authorized to retrieve the registration of a protected URI");
        return nullptr;
    }
    return found;
}

/// The URI that the call names; null pointer when the call has been refused.
std::string const* wanted_uri(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0);
    auto const* uri = first != nullptr ? first->as_text() : nullptr;
    if (uri == nullptr) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 std::string(c.procedure) + " takes a procedure URI");
    }
    return uri;
}

value id_or_null(registration const* found)
{
    return found == nullptr ? value() : value(found->id);
}

void list_all(realm& r, meta_call const& c)
{
    auto const* first = c.arg(0, "session_id");
    auto const session = first != nullptr ? first->as_uint() : std::nullopt;
    if (first != nullptr && !session) {
        r.refuse(c.caller,
                 c.request,
                 wamp::uri::invalid_argument,
                 "wamp.registration.list takes a session id, or nothing");
        return;
    }
    std::vector<registration const*> sorted;
    for (auto const& [id, found] : r.dealer().registrations()) {
        bool const has_it =
            !session || std::any_of(found->callees.begin(), found->callees.end(), [&](auto const& e) {
                return e.who->who.session == *session;
            });
        if (has_it) {
            sorted.push_back(found);
        }
    }
    std::sort(sorted.begin(), sorted.end(), [](auto const* a, auto const* b) { return a->id < b->id; });
    dict out{{"exact", list{}}, {"prefix", list{}}, {"wildcard", list{}}};
    for (auto const* found : sorted) {
        out.find(wamp::name(found->match))->as_list()->emplace_back(found->id);
    }
    r.answer(c.caller, c.request, {std::move(out)});
}

void look_up(realm& r, meta_call const& c)
{
    auto const* uri = wanted_uri(r, c);
    if (uri == nullptr) {
        return;
    }
    auto match = wamp::match_policy::exact;
    auto const* options = c.arg(1, "options");
    if (auto const* option = options != nullptr ? options->find("match") : nullptr) {
        auto const* text = option->as_text();
        auto const parsed = text != nullptr ? wamp::parse_match_policy(*text) : std::nullopt;
        if (!parsed) {
            r.refuse(c.caller,
                     c.request,
                     wamp::uri::invalid_argument,
                     "wamp.registration.lookup: option 'match' must be exact, prefix or wildcard");
            return;
        }
        match = *parsed;
    }
    r.answer(c.caller, c.request, {id_or_null(r.dealer().find(*uri, match))});
}

list session_ids(registration const& found)
{
    list out;
    for (auto const& entry : found.callees) {
        out.emplace_back(entry.who->who.session);
    }
    return out;
}

void remove_callee(realm& r, meta_call const& c)
{
    auto* const found = wanted(r, c);
    if (found == nullptr) {
        return;
    }
    auto const* second = c.arg(1);
    auto const session = second != nullptr ? second->as_uint() : std::nullopt;
    auto const at = std::find_if(found->callees.begin(), found->callees.end(), [&](auto const& e) {
        return session && e.who->who.session == *session;
    });
    if (at == found->callees.end()) {
        r.refuse(
            c.caller,
            c.request,
            session ? wamp::uri::no_such_session : wamp::uri::invalid_argument,
            "wamp.registration.remove_callee takes a registration id and the session id of a callee of it");
        return;
    }
    auto const* reason = c.arg(2, "reason");
    auto const* text = reason != nullptr ? reason->as_text() : nullptr;
    r.dealer().revoke(*found, *at->who, text != nullptr ? *text : "wamp.error.unregistered", c.caller);
    r.answer(c.caller, c.request, {value()});
}

}  // namespace

dict registration_details(registration const& r)
{
    return {{"id", r.id},
            {"created", iso8601(r.created)},
            {"uri", r.uri},
            {"match", wamp::name(r.match)},
            {"invoke", name(r.policy)}};
}

void add_registration_meta(realm& r)
{
    r.dealer().on_change(
        [&r](std::string_view topic, list const& args) { r.broker().publish_own(topic, args); });
    r.meta().add("wamp.registration.list", [&r](meta_call const& c) { list_all(r, c); });
    r.meta().add("wamp.registration.lookup", [&r](meta_call const& c) { look_up(r, c); });
    r.meta().add("wamp.registration.match", [&r](meta_call const& c) {
        if (auto const* uri = wanted_uri(r, c)) {
            r.answer(c.caller, c.request, {id_or_null(r.dealer().match(*uri))});
        }
    });
    r.meta().add("wamp.registration.get", [&r](meta_call const& c) {
        if (auto const* found = wanted(r, c)) {
            r.answer(c.caller, c.request, {registration_details(*found)});
        }
    });
    r.meta().add("wamp.registration.list_callees", [&r](meta_call const& c) {
        if (auto const* found = wanted(r, c)) {
            r.answer(c.caller, c.request, {session_ids(*found)});
        }
    });
    r.meta().add("wamp.registration.count_callees", [&r](meta_call const& c) {
        if (auto const* found = wanted(r, c)) {
            r.answer(c.caller, c.request, {found->callees.size()});
        }
    });
    r.meta().add("wamp.registration.remove_callee", [&r](meta_call const& c) { remove_callee(r, c); });
}

}  // namespace cerro::router
