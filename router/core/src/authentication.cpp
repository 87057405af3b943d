#include "replies.hpp"
#include <cerro/router/authentication.hpp>
#include <cerro/router/log_text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace cerro::router {

namespace {

// Names of methods that crossbar knows; anything else in HELLO ends the attempt.
constexpr std::array<std::string_view, 10> known_methods{"anonymous",
                                                         "ticket",
                                                         "wampcra",
                                                         "scram",
                                                         "wamp-scram",
                                                         "cryptosign",
                                                         "tls",
                                                         "cookie",
                                                         "anonymous-proxy",
                                                         "cryptosign-proxy"};
constexpr std::size_t max_extra = 4096;  // [bytes] of authextra that are kept with a session

/// "SJFW-4463-3HVM-H7WW-5A4R-E9MQ": the authid of an anonymous session
std::string serial_number(environment& env)
{
    constexpr std::string_view characters = "ACEFGHJKLMNPQRSTUVWXY345679";
    std::string out;
    for (int group = 0; group < 6; ++group) {
        out += group == 0 ? "" : "-";
        auto bits = env.random_id();
        for (int i = 0; i < 4; ++i, bits /= characters.size()) {
            out += characters[bits % characters.size()];
        }
    }
    return out;
}

bool offers(list const& methods, std::string_view method)
{
    return std::any_of(methods.begin(), methods.end(), [&](value const& v) {
        return v.as_text() != nullptr && *v.as_text() == method;
    });
}

}  // namespace

authentication::authentication(core& c,
                               std::shared_ptr<access_rules const> access,
                               link_info const& link,
                               wamp::id session,
                               login_events& events)
    : core_(c), access_(std::move(access)), link_(link), session_(session), events_(&events)
{}

void authentication::stop()
{
    events_ = nullptr;
    if (auto const asked = std::exchange(asked_, nullptr)) {
        asked->cancel(call_);
    }
}

void authentication::hello(wamp::message const& m)
{
    realm_name_ = m.uri.substr(0, core_.env().limits.max_uri);
    if (auto const* authid = m.details.find("authid"); authid != nullptr && authid->is_text()) {
        authid_ = *authid->as_text();
    }
    if (auto const* extra = m.details.find("authextra"); extra != nullptr && extra->is_dict()) {
        extra_ = *extra->as_dict();
    }
    auto const* offered = m.details.find("authmethods");
    list const* methods = offered != nullptr ? offered->as_list() : nullptr;
    if (methods == nullptr || methods->empty()) {
        choose({"anonymous"});
    } else {
        choose(*methods);
    }
}

// As crossbar: the client's order counts; what is not configured is passed over; what nobody knows ends it.
void authentication::choose(list const& methods)
{
    if (from_cookie(methods)) {
        return;
    }
    for (auto const& method : methods) {
        auto const* name = method.as_text();
        bool const known = name != nullptr && std::find(known_methods.begin(), known_methods.end(), *name) !=
                                                  known_methods.end();
        if (!known && access_->configured) {
            refuse(ending::no_auth_method,
                   wamp::uri::not_authorized,
                   "invalid authmethod \"" +
                       (name != nullptr ? log_text(*name) : log_text(codec::to_json(method))) + "\"");
            return;
        }
        if (known && start(*name)) {
            return;
        }
    }
    refuse(ending::no_auth_method,
           wamp::uri::no_auth_method,
           "cannot authenticate using any of the offered authmethods " +
               log_text(codec::to_json(value(methods))));
}

bool authentication::start(std::string_view method)
{
    if (method == "anonymous") {
        if (!access_->anonymous_role && !access_->anonymous_authenticator) {
            return false;
        }
        anonymous();
        return true;
    }
    auto const take = [&](std::string_view name, std::optional<method_rules> const& rules) {
        if (rules) {
            credentials(name, *rules);
        }
        return rules.has_value();
    };
    if (method == "ticket") {
        return take(method, access_->ticket);
    }
    if (method == "wampcra") {
        return take(method, access_->wampcra);
    }
    if (method == "scram" || method == "wamp-scram") {
        return take(method, access_->scram);
    }
    if (method == "cryptosign") {
        return take(method, access_->cryptosign);
    }
    if (method == "tls" && access_->tls) {
        certificate(*access_->tls);
        return true;
    }
    return false;
}

// --- methods without a challenge
// --------------------------------------------------------------------------------------------

bool authentication::from_cookie(list const& methods)
{
    auto const& cookies = access_->cookies;
    if (!access_->cookie || !cookies || !link_.details || link_.details->cookie.empty()) {
        return false;
    }
    auto const& id = link_.details->cookie;
    auto const* login = cookies->find(id, core_.env().wall());
    if (login == nullptr) {
        return false;
    }
    if (!offers(methods, "cookie")) {
        cookies->forget(id);  // as crossbar: who logs in by other means gives the old log-in up
        return false;
    }
    method_ = "cookie";
    provider_ = "cookie";
    authid_ = login->authid;
    principal p;
    p.role = login->authrole;
    p.realm = login->realm;
    p.extra = login->extra;
    if (place(p)) {
        admit(p);
    }
    return true;
}

void authentication::anonymous()
{
    method_ = "anonymous";
    provider_ = "static";
    if (access_->anonymous_authenticator) {
        provider_ = "dynamic";
        call_authenticator(*access_->anonymous_authenticator, {}, &authentication::admit_answer);
        return;
    }
    bool const tracked = access_->cookies && link_.details && !link_.details->cookie.empty();
    // The name may be told to others, the cookie may not: it is its digest that names the browser.
    authid_ = tracked ? access_->cookies->public_name(link_.details->cookie) : serial_number(core_.env());
    principal p;
    p.role = *access_->anonymous_role;
    if (place(p)) {
        admit(p);
    }
}

void authentication::certificate(method_rules const& rules)
{
    method_ = "tls";
    rules_ = &rules;
    auto const* c = link_.details && link_.details->certificate ? &*link_.details->certificate : nullptr;
    if (rules.authenticator) {
        provider_ = "dynamic";
        call_authenticator(*rules.authenticator, {}, &authentication::admit_answer);
        return;
    }
    provider_ = "static";
    if (c == nullptr) {
        refuse(
            ending::auth_failed, wamp::uri::not_authorized, "client did not send a TLS client certificate");
        return;
    }
    auto found = rules.known->with_certificate(*c);
    if (!found.who && !rules.default_role.empty() && !c->common_name.empty()) {
        principal p;
        p.role = rules.default_role;
        found = {c->common_name, std::make_shared<principal const>(std::move(p))};
    }
    if (!found.who) {
        refuse(ending::auth_failed,
               wamp::uri::not_authorized,
               "no principal with authid \"" + c->sha1 + "\" exists");
        return;
    }
    authid_ = found.authid;
    if (place(*found.who)) {
        admit(*found.who);
    }
}

// --- ends
// --------------------------------------------------------------------------------------------------------------------

bool authentication::place(principal const& p)
{
    auto const& name = p.realm.empty() ? realm_name_ : p.realm;
    if (name.empty()) {
        refuse(ending::no_such_realm, wamp::uri::no_such_realm, "no realm assigned");
        return false;
    }
    into_ = core_.find_realm(name);
    if (into_ == nullptr) {
        refuse(ending::no_such_realm,
               wamp::uri::no_such_realm,
               "no realm \"" + name + "\" exists on this router");
        return false;
    }
    auto const& wanted = p.role.empty() && rules_ != nullptr ? rules_->default_role : p.role;
    role_ = into_->find_role(wanted);
    if (!role_) {
        refuse(ending::no_such_role,
               wamp::uri::no_such_role,
               wanted.empty() ? "no authrole assigned"
                              : "realm \"" + into_->name() + "\" has no role \"" + wanted + "\"");
        return false;
    }
    return true;
}

void authentication::admit(principal const& p, dict proof)
{
    auto const& authid = p.authid.empty() ? authid_ : p.authid;
    if (authid.empty()) {
        refuse(ending::join_denied, "wamp.error.no_such_principal", "no authid assigned");
        return;
    }
    if (events_ == nullptr) {
        return;
    }
    admission a;
    a.into = into_;
    a.as = role_;
    a.who.session = session_;
    a.who.authid = authid;
    a.who.authrole = role_->name();
    a.who.authmethod = method_;
    a.who.authprovider = provider_;
    a.proof = std::move(proof);
    bool const own_extra = method_ == "anonymous" || method_ == "ticket" || method_ == "wampcra";
    if (p.extra) {
        a.who.authextra = *p.extra;
    } else if (own_extra && codec::to_json(value(extra_)).size() <= max_extra) {
        a.who.authextra = std::move(extra_);
    }
    std::exchange(events_, nullptr)->on_admitted(std::move(a));
}

void authentication::refuse(ending why, std::string_view reason, std::string text)
{
    if (events_ != nullptr) {
        std::exchange(events_, nullptr)
            ->on_refused({why, std::string(reason), std::move(text), false, false});
    }
}

void authentication::refuse_braked()
{
    if (events_ != nullptr) {
        std::exchange(events_, nullptr)
            ->on_refused({ending::auth_refused,
                          std::string(wamp::uri::not_authorized),
                          "too many failed log-ins from this address; try again later",
                          false,
                          true});
    }
}

void authentication::refuse_guess()
{
    auto const text = method_ == "ticket"
                          ? "ticket in " + provider_ + " WAMP-Ticket authentication is invalid"
                      : method_ == "wampcra" ? std::string("WAMP-CRA client signature is invalid")
                      : method_ == "scram"   ? std::string("SCRAM authentication failed")
                                             : std::string("signed message has invalid signature");
    if (events_ != nullptr) {
        std::exchange(events_, nullptr)
            ->on_refused({ending::auth_failed, std::string(wamp::uri::not_authorized), text, true, true});
    }
}

bool authentication::braked() const
{
    return core_.env().brake.refuses(link_.address, core_.env().now());
}

std::string const* authentication::extra_text(std::string_view key) const
{
    auto const* v = extra_.find(key);
    return v != nullptr ? v->as_text() : nullptr;
}

}  // namespace cerro::router
