// Methods that ask the client for something: ticket, wampcra, scram, cryptosign.

#include <cerro/auth/compare.hpp>
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/codec/base64.hpp>
#include <cerro/router/authentication.hpp>
#include <cerro/router/log_text.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

/// 32 octets that depend on `text` and cannot be foretold without the process's secret.
bytes derived(std::string const& secret, std::string_view text)
{
    return *codec::base64_decode(auth::wampcra_signature(secret, text));
}

/// Somebody who does not exist, asked as `like` would be, always with the same salt: nobody learns who
/// exists.
std::shared_ptr<principal const> stranger(std::shared_ptr<principal const> const& like,
                                          std::string const& secret,
                                          std::string const& authid)
{
    auto out = like ? *like : principal();
    out.ticket = secret;
    out.wampcra.secret = secret;
    if (!out.wampcra.salt.empty()) {
        out.wampcra.salt =
            auth::hex_encode(derived(secret, "wampcra " + authid)).substr(0, out.wampcra.salt.size());
    }
    auto salt = derived(secret, "scram " + authid);
    salt.resize(out.scram.salt.empty() ? 16 : std::min(out.scram.salt.size(), salt.size()));
    out.scram.salt = std::move(salt);
    out.scram.iterations = std::max(out.scram.iterations, 1U);
    for (auto& k : out.scram.keys) {
        k = {derived(secret, "stored"), derived(secret, "server")};
    }
    out.keys = {derived(secret, "key")};
    return std::make_shared<principal const>(std::move(out));
}

/// Can `p` log in by this method at all?
bool has_credentials(principal const& p, std::string_view method)
{
    return method == "ticket"    ? !p.ticket.empty() || !p.scram.keys.empty()
           : method == "wampcra" ? !p.wampcra.secret.empty()
           : method == "scram"   ? !p.scram.keys.empty()
                                 : !p.keys.empty();
}

/// Somebody whose shape a stranger takes: of those who can log in so, chosen by `number`.
std::shared_ptr<principal const> somebody(principals const& all, std::size_t number, std::string_view method)
{
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (auto p = all.some(number % all.size() + i); has_credentials(*p, method)) {
            return p;
        }
    }
    return nullptr;
}

std::size_t number_from(byte_view octets)
{
    std::size_t n = 0;
    for (char const c : octets.substr(0, 4)) {
        n = n << 8U | static_cast<unsigned char>(c);
    }
    return n;
}

}  // namespace

void authentication::credentials(std::string_view method, method_rules const& rules)
{
    method_ = method == "wamp-scram" ? "scram" : method;
    rules_ = &rules;
    provider_ = rules.authenticator ? "dynamic" : "static";
    if (braked()) {
        refuse_braked();
    } else if (!rules.authenticator) {
        look_up(rules);
    } else if (method_ == "ticket") {
        // The authenticator judges the ticket itself.
        events_->on_question(method_, {});
    } else {
        call_authenticator(*rules.authenticator, {}, &authentication::question_from_answer);
    }
}

void authentication::look_up(method_rules const& rules)
{
    auto const& secret = core_.env().secret;
    if (authid_.empty() && method_ == "cryptosign") {
        auto const* key = extra_text("pubkey");
        auto const octets = key != nullptr ? auth::parse_ed25519_key(*key) : fail(errc::malformed, "");
        if (!octets) {
            refuse(ending::auth_failed,
                   wamp::uri::not_authorized,
                   "cannot identify client: no authid requested and no extra.pubkey provided");
            return;
        }
        auto found = rules.known->with_key(*octets);
        authid_ = found.authid;
        auto const like = somebody(*rules.known, number_from(*octets), method_);
        auto const nobody = stranger(like, secret, *key);
        bool const known = found.who != nullptr;
        question(known ? std::move(found.who) : nobody, known);
        return;
    }
    if (authid_.empty() && method_ == "scram") {
        refuse(ending::auth_failed, wamp::uri::not_authorized, "cannot identify client: no authid requested");
        return;
    }
    // Both are made in any case: the time tells nothing.
    auto const like = somebody(*rules.known, number_from(derived(secret, authid_)), method_);
    auto const nobody = stranger(like, secret, authid_);
    auto found = rules.known->find(authid_);
    bool const known = found != nullptr && has_credentials(*found, method_);
    question(known ? std::move(found) : nobody, known);
}

void authentication::question(std::shared_ptr<principal const> p, bool known)
{
    if (!place(*p)) {
        return;
    }
    principal_ = std::move(p);
    known_ = known;
    if (method_ == "ticket") {
        ask_ticket(principal_);
    } else if (method_ == "wampcra") {
        ask_wampcra(*principal_);
    } else if (method_ == "scram") {
        ask_scram(*principal_);
    } else {
        ask_cryptosign(*principal_);
    }
}

void authentication::ask_ticket(std::shared_ptr<principal const> const& p)
{
    check_ = [this, p, table = rules_->known](std::string const& signature, dict const&) {
        return verdict{table->accepts_ticket(authid_, *p, signature, core_.env().secret)};
    };
    events_->on_question(method_, {});
}

void authentication::ask_wampcra(principal const& p)
{
    auth::wampcra_subject subject;
    subject.authid = authid_;
    subject.authrole = role_->name();
    subject.authprovider = provider_;
    subject.session = session_;
    auth::wampcra_server server(p.wampcra, subject, core_.env().wall());
    auto extra = server.extra();
    check_ = [server = std::move(server)](std::string const& signature, dict const&) {
        return verdict{server.accepts(signature)};
    };
    events_->on_question(method_, std::move(extra));
}

void authentication::ask_scram(principal const& p)
{
    auto const* nonce = extra_text("nonce");
    if (nonce == nullptr) {
        refuse(ending::auth_failed, wamp::uri::not_authorized, "client must send a nonce");
        return;
    }
    auth::channel_binding binding;
    if (!bind_channel(binding.type, binding.data)) {
        return;
    }
    auto server = auth::scram_server::create(p.scram, authid_, *nonce, std::move(binding));
    if (!server) {
        refuse(ending::auth_failed, wamp::uri::not_authorized, server.error().what);
        return;
    }
    auto extra = server->extra();
    check_ = [server = std::move(*server)](std::string const& signature, dict const& answer) {
        verdict out;
        if (auto proof = server.verify(signature, answer)) {
            out.right = true;
            out.proof = dict{{"scram_server_signature", *proof}, {"verifier", *proof}};
        }
        return out;
    };
    events_->on_question(method_, std::move(extra));
}

void authentication::ask_cryptosign(principal const& p)
{
    std::string type;
    bytes channel;
    if (!bind_channel(type, channel)) {
        return;
    }
    auto keys = p.keys;
    if (auto const* named = extra_text("pubkey")) {
        // Only the key that the client names; one that is not the principal's never fits.
        auto const key = auth::parse_ed25519_key(*named);
        std::erase_if(keys, [&](bytes const& k) { return !key || k != *key; });
    }
    auth::cryptosign_server server(std::move(keys), channel);
    auto extra = server.extra();
    check_ = [server = std::move(server)](std::string const& signature, dict const&) {
        return verdict{server.accepts(signature)};
    };
    events_->on_question(method_, std::move(extra));
}

bool authentication::bind_channel(std::string& type, bytes& data)
{
    auto const* wanted = extra_.find("channel_binding");
    if (wanted == nullptr || wanted->is_null()) {
        return true;
    }
    auto const* name = wanted->as_text();
    if (name == nullptr || (*name != "tls-unique" && *name != "tls-exporter")) {
        refuse(ending::auth_failed,
               wamp::uri::not_authorized,
               "invalid channel binding type \"" +
                   (name != nullptr ? log_text(*name) : log_text(codec::to_json(*wanted))) + "\" requested");
        return false;
    }
    if (link_.details) {
        data = *name == "tls-unique" ? link_.details->tls_unique : link_.details->tls_exporter;
    }
    if (data.empty()) {
        refuse(ending::auth_failed,
               wamp::uri::not_authorized,
               "channel binding \"" + *name + "\" is not available on this connection");
        return false;
    }
    type = *name;
    return true;
}

void authentication::authenticate(wamp::message const& m)
{
    // Asked before the brake came on: the answer is not even looked at, or many open challenges would go
    // round it.
    if (braked()) {
        refuse_braked();
        return;
    }
    if (rules_->authenticator && method_ == "ticket") {
        call_authenticator(*rules_->authenticator, {{"ticket", m.text}}, &authentication::admit_answer);
        return;
    }
    auto found = check_(m.text, m.details);
    if (!found.right || !known_) {
        refuse_guess();
        return;
    }
    admit(*principal_, std::move(found.proof));
}

}  // namespace cerro::router
