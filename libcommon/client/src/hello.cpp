// Who we are: HELLO, and the answer to a CHALLENGE.

#include "session_impl.hpp"
#include <cerro/auth/wampcra.hpp>

namespace cerro::client {

namespace {

value features(std::initializer_list<char const*> names)
{
    dict f;
    for (auto const* n : names) {
        f.append(n, value(true));
    }
    dict role;
    role.append("features", value(std::move(f)));
    return value(std::move(role));
}

}  // namespace

wamp::message make_hello(options const& o)
{
    wamp::message m;
    m.type = wamp::message_type::hello;
    m.uri = o.realm;
    dict roles;
    roles.append("caller", features({"caller_identification", "call_timeout", "call_canceling"}));
    roles.append("callee",
                 features({"caller_identification",
                           "pattern_based_registration",
                           "shared_registration",
                           "registration_revocation"}));
    roles.append(
        "publisher",
        features({"publisher_identification", "publisher_exclusion", "subscriber_blackwhite_listing"}));
    roles.append(
        "subscriber",
        features({"publisher_identification", "pattern_based_subscription", "subscription_revocation"}));
    m.details.append("roles", value(std::move(roles)));
    m.details.append("agent", value(o.agent.empty() ? std::string("Cerro/" CERRO_VERSION) : o.agent));
    auto const offer = [&m](char const* method, std::string const& authid) {
        list methods;
        methods.emplace_back(method);
        m.details.append("authmethods", value(std::move(methods)));
        m.details.append("authid", value(authid));
    };
    if (auto const* ticket = std::get_if<ticket_auth>(&o.credentials)) {
        offer("ticket", ticket->authid);
    } else if (auto const* cra = std::get_if<wampcra_auth>(&o.credentials)) {
        offer("wampcra", cra->authid);
    }
    return m;
}

outcome<wamp::message> answer_challenge(auth const& credentials, wamp::message const& challenge)
{
    wamp::message m;
    m.type = wamp::message_type::authenticate;
    if (auto const* ticket = std::get_if<ticket_auth>(&credentials); ticket && challenge.text == "ticket") {
        m.text = ticket->ticket;
        return m;
    }
    if (auto const* cra = std::get_if<wampcra_auth>(&credentials); cra && challenge.text == "wampcra") {
        auto const signature = cerro::auth::wampcra_answer(cra->secret, challenge.details);
        if (!signature) {
            return error(wamp::uri::authentication_failed, signature.error().what);
        }
        m.text = *signature;
        return m;
    }
    return error(
        wamp::uri::no_auth_method,
        "the router asks for the authentication method \"" + challenge.text + "\", which was not offered");
}

}  // namespace cerro::client
