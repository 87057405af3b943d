// Dynamic authenticators: a procedure says who may join.

#include "replies.hpp"
#include <cerro/router/authentication.hpp>
#include <cerro/router/link_text.hpp>

#include <utility>

namespace cerro::router {

namespace {

/// Errors that the router made itself: nobody has judged the client.
bool nobody_judged(std::string_view error)
{
    return error == wamp::uri::no_such_procedure || error == wamp::uri::timeout ||
           error == wamp::uri::canceled;
}

std::string text_of(own_outcome const& o)
{
    return !o.args.empty() && o.args.front().is_text() ? *o.args.front().as_text() : o.error;
}

}  // namespace

void authentication::call_authenticator(dynamic_authenticator const& a,
                                        dict more,
                                        void (authentication::*then)(principal))
{
    auto const& where = a.realm.empty() ? realm_name_ : a.realm;
    auto* const home = core_.find_realm(where);
    if (home == nullptr) {
        refuse(ending::no_such_realm,
               wamp::uri::no_such_realm,
               where.empty()
                   ? "client did not specify a realm to join (and no explicit realm was configured for "
                     "dynamic authenticator)"
                   : "no realm \"" + where + "\" exists on this router");
        return;
    }
    auto allowed = home->find_role(a.role);
    if (!allowed) {
        refuse(ending::no_such_role,
               wamp::uri::no_such_role,
               "realm \"" + where + "\" has no role \"" + a.role + "\"");
        return;
    }
    dict details{{"session", session_},
                 {"authmethod", method_},
                 {"authid", authid_.empty() ? value() : value(authid_)},
                 {"authextra", extra_},
                 {"transport", describe_transport(link_)}};
    for (auto& [key, v] : more.entries()) {
        details.set(key, std::move(v));
    }
    asked_ = core_.caller(*home, std::move(allowed));
    call_ = asked_->call(a.procedure,
                         {realm_name_.empty() ? value() : value(realm_name_),
                          authid_.empty() ? value() : value(authid_),
                          std::move(details)},
                         {},
                         core_.env().limits.auth_timeout,
                         [self = weak_from_this(), then](own_outcome o) {
                             if (auto const alive = self.lock()) {
                                 alive->on_authenticator(std::move(o), then);
                             }
                         });
}

void authentication::on_authenticator(own_outcome outcome, void (authentication::*then)(principal))
{
    asked_ = nullptr;
    if (events_ == nullptr) {
        return;
    }
    if (!outcome.error.empty()) {
        bool const judged = !nobody_judged(outcome.error);
        refusal r{ending::auth_failed,
                  judged ? outcome.error : std::string(wamp::uri::authentication_failed),
                  judged ? text_of(outcome) : "dynamic authenticator failed: " + text_of(outcome),
                  judged,
                  true};
        std::exchange(events_, nullptr)->on_refused(std::move(r));
        return;
    }
    auto const* answer = outcome.args.empty() ? nullptr : &outcome.args.front();
    // crossbar's older form is the role alone
    auto const as_dict = answer != nullptr && answer->is_text() ? value(dict{{"role", *answer}})
                         : answer != nullptr                    ? *answer
                                                                : value();
    if (!as_dict.is_dict()) {
        refuse(ending::auth_failed,
               wamp::uri::authentication_failed,
               "got an answer from the dynamic authenticator that is neither a role nor an object");
        return;
    }
    auto p = read_principal(*as_dict.as_dict());
    if (!p) {
        refuse(ending::auth_failed,
               wamp::uri::authentication_failed,
               "dynamic authenticator failed: " + p.error().what);
        return;
    }
    (this->*then)(std::move(*p));
}

void authentication::question_from_answer(principal p)
{
    auto who = std::make_shared<principal const>(std::move(p));
    if (!who->authid.empty()) {
        authid_ = who->authid;
    }
    bool const can_show = method_ == "wampcra" ? !who->wampcra.secret.empty()
                          : method_ == "scram" ? !who->scram.keys.empty()
                                               : !who->keys.empty();
    if (!can_show) {
        refuse(ending::auth_failed,
               wamp::uri::authentication_failed,
               "dynamic authenticator failed: its answer has no credentials for " + method_);
        return;
    }
    question(std::move(who), true);
}

void authentication::admit_answer(principal p)
{
    if (place(p)) {
        if (method_ == "anonymous" && authid_.empty() && p.authid.empty()) {
            p.authid = std::to_string(session_);
        }
        if (method_ == "tls" && authid_.empty() && p.authid.empty() && link_.details &&
            link_.details->certificate) {
            p.authid = link_.details->certificate->common_name;
        }
        admit(p);
    }
}

}  // namespace cerro::router
