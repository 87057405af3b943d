#include "replies.hpp"
#include <cerro/router/realm.hpp>
#include <cerro/wamp/fast.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

realm::realm(environment& env,
             std::string name,
             std::vector<std::shared_ptr<role>> roles,
             realm_options options)
    : env_(env),
      name_(std::move(name)),
      options_(std::move(options)),
      roles_(std::move(roles)),
      meta_(env),
      broker_(env, options_),
      dealer_(env, name_, meta_, {options_.uri_check, options_.allow_disclose_me, options_.call_queues})
{
    add_trusted();
    if (options_.meta_api) {
        add_session_meta(*this);
        add_registration_meta(*this);
        add_session_kill(*this);
        add_testament_meta(*this);
        add_subscription_meta(*this);
    }
}

void realm::add_trusted()
{
    if (!find_role("trusted")) {
        roles_.push_back(std::make_shared<role>("trusted", std::vector<permission>{}));
    }
}

void realm::set_roles(std::vector<std::shared_ptr<role>> roles)
{
    roles_ = std::move(roles);
    add_trusted();
    for (auto const& [id, who] : members_) {
        auto now = find_role(who->who.authrole);
        who->allowed =
            now ? std::move(now) : std::make_shared<role>(who->who.authrole, std::vector<permission>{});
        who->set_drop_oldest(who->allowed->drop_oldest());
    }
}

std::shared_ptr<role> realm::find_role(std::string_view name) const
{
    auto const at =
        std::find_if(roles_.begin(), roles_.end(), [&](auto const& r) { return r->name() == name; });
    return at == roles_.end() ? nullptr : *at;
}

void realm::keep_history(std::vector<history_entry> entries, std::unique_ptr<history_store> store)
{
    history_ = std::make_unique<class history>(
        env_, name_, std::move(entries), std::move(store), [this](wamp::id session) {
            return find_session(session);
        });
    broker_.keep_history(*history_);
    if (options_.meta_api) {
        add_history_meta(*this);
    }
}

void realm::join(member& who)
{
    members_.emplace(who.who.session, &who);
    internal_ += who.internal ? 1 : 0;
    who.set_drop_oldest(who.allowed && who.allowed->drop_oldest());
    who.joined();
    publish_join(*this, who);
}

void realm::leave(member& who)
{
    members_.erase(who.who.session);
    internal_ -= who.internal ? 1 : 0;
    broker_.leave(who);
    dealer_.leave(who);
    publish_testaments(who);
    publish_leave(*this, who);
}

void realm::publish_testaments(member& who)
{
    auto const will = std::move(who.last_will);
    if (!will) {
        return;
    }
    wamp::message m;
    m.type = wamp::message_type::publish;
    for (auto const& scope : will->all()) {
        for (auto const& t : scope) {
            m.uri = t.topic;
            m.details = t.options;
            m.payload = t.payload.view();
            [[maybe_unused]] auto const wrong = broker_.publish(who, m, t.publication);
        }
    }
}

member* realm::find_session(wamp::id session) const
{
    auto const at = members_.find(session);
    return at == members_.end() ? nullptr : at->second;
}

void realm::answer(wamp::id caller, wamp::id request, list args, dict kwargs)
{
    if (auto const* to = find_session(caller)) {
        wamp::payload const payload(to->link.serializer, args, kwargs);
        answer_encoded(caller, request, payload.view());
    }
}

void realm::answer_encoded(wamp::id caller, wamp::id request, wamp::payload_view payload)
{
    auto* const to = find_session(caller);
    if (to == nullptr) {
        return;
    }
    auto frame = wamp::frame_result(to->link.serializer, request, {}, payload);
    if (!to->takes(frame)) {
        send_error(*to,
                   wamp::message_type::call,
                   request,
                   wamp::uri::payload_size_exceeded,
                   "the result is larger than the caller takes (" + std::to_string(to->link.max_outgoing) +
                       " bytes)");
        return;
    }
    to->send(std::move(frame));
}

void realm::refuse(wamp::id caller, wamp::id request, std::string_view error, std::string_view text)
{
    if (auto* const to = find_session(caller)) {
        send_error(*to, wamp::message_type::call, request, error, text);
    }
}

}  // namespace cerro::router
