// Who we are: HELLO, and the answer to a CHALLENGE.

#include "session_impl.hpp"
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>
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

wamp::message make_hello(options const& o, login& l)
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
        if (!authid.empty()) {
            m.details.append("authid", value(authid));
        }
    };
    l = {};
    if (auto const* ticket = std::get_if<ticket_auth>(&o.credentials)) {
        offer("ticket", ticket->authid);
    } else if (auto const* cra = std::get_if<wampcra_auth>(&o.credentials)) {
        offer("wampcra", cra->authid);
    } else if (auto const* scram = std::get_if<scram_auth>(&o.credentials)) {
        offer("scram", scram->authid);
        l.scram.emplace(scram->authid, scram->password);
        m.details.append("authextra", value(l.scram->hello_extra()));
    } else if (auto const* key = std::get_if<cryptosign_auth>(&o.credentials)) {
        offer("cryptosign", key->authid);
        if (auto const seed = cerro::auth::parse_ed25519_key(key->private_key)) {
            auto const known = cerro::auth::hex_encode(cerro::auth::ed25519_public_key(*seed));
            m.details.append("authextra", value(dict{{"pubkey", known}}));
        }
    }
    return m;
}

outcome<wamp::message> answer_challenge(auth const& credentials, login& l, wamp::message const& challenge)
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
    auto const failed = [](problem const& p) { return error(wamp::uri::authentication_failed, p.what); };
    if (l.scram && challenge.text == "scram") {
        auto answer = l.scram->respond(challenge.details);
        if (!answer) {
            return failed(answer.error());
        }
        m.text = std::move(answer->signature);
        m.details = std::move(answer->extra);
        return m;
    }
    if (auto const* key = std::get_if<cryptosign_auth>(&credentials); key && challenge.text == "cryptosign") {
        auto const seed = cerro::auth::parse_ed25519_key(key->private_key);
        if (!seed) {
            return failed({seed.error().code, "the private key of cryptosign: " + seed.error().what});
        }
        auto const signature = cerro::auth::cryptosign_answer(*seed, challenge.details);
        if (!signature) {
            return failed(signature.error());
        }
        m.text = *signature;
        return m;
    }
    return error(
        wamp::uri::no_auth_method,
        "the router asks for the authentication method \"" + challenge.text + "\", which was not offered");
}

bool proven(login const& l, dict const& welcome)
{
    if (!l.scram) {
        return true;
    }
    auto const* extra = welcome.find("authextra");
    return extra != nullptr && extra->is_dict() && l.scram->proves(*extra->as_dict());
}

}  // namespace cerro::client
