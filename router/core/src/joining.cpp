// A session from HELLO to WELCOME or ABORT: what authentication decides is sent here.

#include <cerro/router/session.hpp>
#include <cerro/wamp/fast.hpp>

#include <utility>

namespace cerro::router {

namespace {

using wamp::message_type;

constexpr std::string_view close_logout = "wamp.close.logout";

}  // namespace

void session::on_hello(wamp::message const& m)
{
    auto& env = core_.env();
    env.deadlines.cancel(std::exchange(timer_, 0));
    if (auto const* roles = m.details.find("roles"); roles != nullptr && roles->is_dict()) {
        read_features(*roles->as_dict());
    }
    member_.who.session = core_.new_session_id();
    asked_at_ = env.now();
    state_ = state::joining;
    login_events& events = *this;
    login_ = std::make_shared<authentication>(core_, access_, member_.link, member_.who.session, events);
    auto const login = login_;  // it may be over within
    login->hello(m);
}

void session::on_authenticate(wamp::message const& m)
{
    auto& env = core_.env();
    env.deadlines.cancel(std::exchange(timer_, 0));
    asked_at_ = env.now();
    state_ = state::joining;
    auto const login = login_;
    login->authenticate(m);
}

void session::on_question(std::string_view method, dict extra)
{
    wamp::message m;
    m.type = message_type::challenge;
    m.text = method;
    m.details = std::move(extra);
    member_.send(wamp::frame(member_.link.serializer, m));
    state_ = state::challenging;
    arm(core_.env().limits.auth_timeout, ending::auth_timeout, "no AUTHENTICATE");
}

void session::on_admitted(admission a)
{
    login_.reset();
    member_.who = std::move(a.who);
    member_.allowed = std::move(a.as);
    realm_ = a.into;
    state_ = state::established;
    bind_cookie();
    welcome(a.proof);
}

void session::on_refused(refusal r)
{
    auto& env = core_.env();
    login_.reset();
    if (r.guess) {
        env.stats.auth_failures.add();
        env.brake.failed(member_.link.address, env.now(), env.limits.auth_failures);
    }
    if (!r.slow) {
        refuse(r);
        return;
    }
    state_ = state::refused;
    auto const step = env.limits.auth_answer_time;
    auto when = asked_at_ + step;
    while (when < env.now()) {
        when += step;
    }
    timer_ = env.deadlines.add(when, [this, r = std::move(r)] {
        timer_ = 0;
        refuse(r);
    });
}

void session::stop_login()
{
    if (auto const login = std::exchange(login_, nullptr)) {
        login->stop();
    }
}

void session::refuse(refusal const& r)
{
    abort(r.why, r.reason, r.text);
}

bool session::held(wamp::message const& m, byte_view bytes)
{
    if (!authorization_) {
        authorization_ = std::make_unique<authorization>(core_, *realm_, member_, [this](byte_view later) {
            auto& again = core_.scratch();
            if (wamp::scan_into(member_.link.serializer, later, again, core_.env().limits.message)) {
                on_established(again);
            }
        });
    }
    return authorization_->holds(m, bytes);
}

// --- cookies
// --------------------------------------------------------------------------------------------------------

std::string const* session::cookie() const
{
    auto const& d = member_.link.details;
    return access_->cookies && d && !d->cookie.empty() ? &d->cookie : nullptr;
}

void session::bind_cookie()
{
    auto const* const id = cookie();
    if (id == nullptr) {
        return;
    }
    auto const& who = member_.who;
    access_->cookies->attach(*id, *this);
    // An anonymous session proves nothing that would be worth to be remembered.
    if (access_->cookie && who.authmethod != "cookie" && who.authmethod != "anonymous") {
        access_->cookies->bind(*id,
                               {who.authid, who.authrole, who.authmethod, realm_->name(), who.authextra},
                               core_.env().wall());
    }
}

void session::unbind_cookie()
{
    if (auto const* const id = cookie()) {
        access_->cookies->detach(*id, *this);
    }
}

void session::log_out(std::string_view reason)
{
    auto const* const id = cookie();
    if (id == nullptr || reason != close_logout) {
        return;
    }
    access_->cookies->forget(*id);
    for (auto* const other : access_->cookies->sessions(*id)) {
        if (other != this) {
            other->say_goodbye(ending::closed_by_us, reason, "logged out by another session of this browser");
        }
    }
}

}  // namespace cerro::router
