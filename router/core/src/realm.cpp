#include "replies.hpp"
#include <cerro/router/realm.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace cerro::router {

namespace {

namespace meta {
constexpr std::string_view on_join = "wamp.session.on_join";
constexpr std::string_view on_leave = "wamp.session.on_leave";
constexpr std::string_view count = "wamp.session.count";
constexpr std::string_view list_ = "wamp.session.list";
constexpr std::string_view get = "wamp.session.get";
}  // namespace meta

dict session_details(member const& m, std::string const& realm)
{
    return {{"session", m.who.session},
            {"authid", m.who.authid},
            {"authrole", m.who.authrole},
            {"authmethod", m.who.authmethod},
            {"authprovider", m.who.authprovider},
            {"realm", realm},
            {"transport",
             dict{{"peer", m.link.address},
                  {"channel_type", m.link.transport},
                  {"channel_serializer", codec::name(m.link.serializer)}}}};
}

void send_result(member& to, wamp::id request, value v)
{
    auto const s = to.link.serializer;
    wamp::payload const payload(s, list{std::move(v)}, {});
    to.send(wamp::frame_result(s, request, {}, payload.view()));
}

}  // namespace

realm::realm(environment& env,
             std::string name,
             std::vector<std::shared_ptr<role>> roles,
             realm_options options)
    : env_(env),
      name_(std::move(name)),
      options_(options),
      roles_(std::move(roles)),
      broker_(env, options.uri_check),
      dealer_(env, name_, *this, options.uri_check)
{
    if (!find_role("trusted")) {
        roles_.push_back(std::make_shared<role>("trusted", std::vector<permission>{}));
    }
}

std::shared_ptr<role> realm::find_role(std::string_view name) const
{
    auto const at =
        std::find_if(roles_.begin(), roles_.end(), [&](auto const& r) { return r->name() == name; });
    return at == roles_.end() ? nullptr : *at;
}

void realm::join(member& who)
{
    members_.emplace(who.who.session, &who);
    if (!who.internal && options_.meta_api) {
        broker_.publish_own(meta::on_join, {session_details(who, name_)});
    }
}

void realm::leave(member& who)
{
    members_.erase(who.who.session);
    broker_.leave(who);
    dealer_.leave(who);
    if (!who.internal && options_.meta_api) {
        broker_.publish_own(meta::on_leave, {who.who.session, who.who.authid, who.who.authrole});
    }
}

bool realm::call(member& caller, wamp::message const& m)
{
    if (!options_.meta_api || (m.uri != meta::count && m.uri != meta::list_ && m.uri != meta::get)) {
        return false;
    }
    auto const refuse = [&](std::string_view error, std::string_view text) {
        send_error(caller, m.type, m.request, error, text);
        return true;
    };
    auto const args = wamp::decode_args(m.payload, env_.limits.message);
    if (!args) {
        return refuse(wamp::uri::invalid_argument, args.error().what);
    }
    value const* const first = args->empty() || args->front().is_null() ? nullptr : &args->front();
    if (m.uri == meta::get) {
        auto const wanted = first != nullptr ? first->as_uint() : std::nullopt;
        if (!wanted) {
            return refuse(wamp::uri::invalid_argument, "wamp.session.get takes one session id");
        }
        auto const at = members_.find(*wanted);
        if (at == members_.end() || at->second->internal) {
            return refuse(wamp::uri::no_such_session,
                          "no session with ID " + std::to_string(*wanted) + " exists on this router");
        }
        send_result(caller, m.request, session_details(*at->second, name_));
        return true;
    }
    list const* const authroles = first != nullptr ? first->as_list() : nullptr;
    if (first != nullptr && authroles == nullptr) {
        return refuse(wamp::uri::invalid_argument, m.uri + " takes a list of authroles, or nothing");
    }
    list sessions;
    for (auto const& [session, who] : members_) {
        bool const wanted =
            authroles == nullptr ||
            std::any_of(authroles->begin(), authroles->end(), [role = &who->who.authrole](value const& v) {
                return v.as_text() != nullptr && *v.as_text() == *role;
            });
        if (wanted && !who->internal) {
            sessions.emplace_back(session);
        }
    }
    if (m.uri == meta::count) {
        send_result(caller, m.request, sessions.size());
    } else {
        send_result(caller, m.request, std::move(sessions));
    }
    return true;
}

}  // namespace cerro::router
