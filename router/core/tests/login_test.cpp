// SCRAM, cryptosign, certificates, cookies: log-ins beyond tickets and WAMP-CRA.

#include "world.hpp"
#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/auth/password.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

bytes const seed(32, 's');

struct setting {
    world w;
    access_rules rules;
    std::shared_ptr<link_details> details = std::make_shared<link_details>();

    setting()
    {
        principal joe;
        joe.role = "reader";
        joe.scram = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 64, 0}, "0123456789abcdef");
        joe.keys = {auth::ed25519_public_key(seed)};
        joe.certificate_sha1 = "AB:CD";
        joe.certificate_cn = "joe.example";
        auto const known = method_rules::of({{"joe", joe}});
        rules.scram = rules.cryptosign = rules.tls = rules.ticket = known;
    }
    client connect()
    {
        return client(w, codec::serializer::json, std::make_shared<access_rules const>(rules), details);
    }
    void wait() { w.pass(w.logic.env().limits.auth_answer_time); }

    /// CHALLENGE, or ABORT's reason and message
    value ask(client& c, std::string const& method, std::string const& authid, dict extra)
    {
        dict details_{{"roles", dict{{"caller", dict()}}},
                      {"authmethods", list{method}},
                      {"authextra", std::move(extra)}};
        if (!authid.empty()) {
            details_.set("authid", authid);
        }
        c.say_bytes(codec::to_json(list{1, "realm1", std::move(details_)}));
        return c.next();
    }
    value answer(client& c, std::string const& signature, dict extra = {})
    {
        c.say_bytes(codec::to_json(list{5, signature, std::move(extra)}));
        wait();
        return c.next();
    }
    value scram(client& c, std::string const& authid, std::string const& password)
    {
        auth::scram_client login(authid, password);
        auto const challenge = ask(c, "scram", authid, login.hello_extra());
        REQUIRE(challenge.at(0)->as_int() == 4);
        auto const a = login.respond(*challenge.at(2)->as_dict());
        REQUIRE(a.has_value());
        auto const m = answer(c, a->signature, a->extra);
        if (m.at(0)->as_int() == 2) {
            CHECK(login.proves(*m.at(2)->find("authextra")->as_dict()));
        }
        return m;
    }
};

}  // namespace

TEST_CASE_METHOD(setting, "SCRAM: the right password joins, and the router proves that it knows the user")
{
    auto c = connect();
    auto const m = scram(c, "joe", "pencil");
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(*m.at(2)->find("authrole") == value("reader"));
    CHECK(*m.at(2)->find("authmethod") == value("scram"));
    CHECK_FALSE(c.state().who().authextra.contains("verifier"));
}

TEST_CASE_METHOD(setting,
                 "SCRAM: wrong passwords and strangers get the same words, and strangers the same salt again")
{
    auto c = connect();
    CHECK(scram(c, "joe", "crayon") ==
          value(list{3, dict{{"message", "SCRAM authentication failed"}}, "wamp.error.not_authorized"}));
    auto d = connect();
    CHECK(scram(d, "nobody", "pencil") ==
          value(list{3, dict{{"message", "SCRAM authentication failed"}}, "wamp.error.not_authorized"}));
    CHECK(w.counter("cerro_router_auth_failures_total") == 2);
    value salts[3];
    for (auto i : {0, 1, 2}) {
        auto e = connect();
        auto const m = ask(e, "scram", i == 2 ? "joe" : "nobody", {{"nonce", "YWJj"}});
        salts[i] = *m.at(2)->find("salt");
        CHECK(*m.at(2)->find("iterations") == value(64));
        CHECK(m.at(2)->find("salt")->as_text()->size() == 24);
    }
    CHECK(salts[0] == salts[1]);
    CHECK_FALSE(salts[0] == salts[2]);
}

TEST_CASE_METHOD(setting, "SCRAM: a client without a nonce or a name is refused at once")
{
    for (auto const& extra : {dict{}, dict{{"nonce", 17}}, dict{{"nonce", "!"}}}) {
        auto c = connect();
        CHECK(*ask(c, "scram", "joe", extra).at(2) == value("wamp.error.not_authorized"));
        CHECK(c.closed);
    }
    auto c = connect();
    CHECK(ask(c, "scram", "", {{"nonce", "YWJj"}}).at(0)->as_int() == 3);
}

TEST_CASE_METHOD(setting,
                 "a principals file's password hash checks tickets too, and a right one is computed once")
{
    for (auto const* const password : {"pencil", "pencil", "crayon"}) {
        auto c = connect();
        ask(c, "ticket", "joe", {});
        CHECK(answer(c, password).at(0)->as_int() == (std::string_view(password) == "pencil" ? 2 : 3));
    }
    auto const joe = rules.ticket->known->find("joe");
    CHECK(rules.ticket->known->accepts_ticket("joe", *joe, "pencil", w.logic.env().secret));
    CHECK_FALSE(rules.ticket->known->accepts_ticket("joe", *joe, "", w.logic.env().secret));
}

TEST_CASE_METHOD(setting, "cryptosign: by name, or by the public key alone")
{
    auto const key = auth::hex_encode(auth::ed25519_public_key(seed));
    for (std::string const authid : {"joe", ""}) {
        auto c = connect();
        auto const challenge = ask(c, "cryptosign", authid, {{"pubkey", key}, {"trustroot", "0xab"}});
        REQUIRE(challenge.at(0)->as_int() == 4);
        auto const m = answer(c, *auth::cryptosign_answer(seed, *challenge.at(2)->as_dict()));
        REQUIRE(m.at(0)->as_int() == 2);
        CHECK(*m.at(2)->find("authid") == value("joe"));
    }
}

TEST_CASE_METHOD(setting, "cryptosign: another's key is asked alike and refused at the end")
{
    bytes const other(32, 'o');
    auto const key = auth::hex_encode(auth::ed25519_public_key(other));
    for (std::string const authid : {"joe", "nobody", ""}) {
        auto c = connect();
        auto const challenge = ask(c, "cryptosign", authid, {{"pubkey", key}});
        REQUIRE(challenge.at(0)->as_int() == 4);
        CHECK(challenge.at(2)->as_dict()->size() == 1);
        auto const m = answer(c, *auth::cryptosign_answer(other, *challenge.at(2)->as_dict()));
        CHECK(*m.at(1)->find("message") == value("signed message has invalid signature"));
    }
    auto c = connect();
    CHECK(ask(c, "cryptosign", "", {}).at(0)->as_int() == 3);
}

TEST_CASE_METHOD(setting, "cryptosign: a log-in bound to the TLS connection is good for no other")
{
    details->tls_exporter = bytes(32, 'e');
    dict const extra{{"channel_binding", "tls-exporter"}};
    for (bytes const& channel : {bytes(32, 'e'), bytes(32, 'x'), bytes()}) {
        auto c = connect();
        auto const challenge = ask(c, "cryptosign", "joe", extra);
        REQUIRE(challenge.at(0)->as_int() == 4);
        auto const m = answer(c, *auth::cryptosign_answer(seed, *challenge.at(2)->as_dict(), channel));
        CHECK(m.at(0)->as_int() == (channel == details->tls_exporter ? 2 : 3));
    }
    for (auto const& wanted : {value("tls-unique"), value("tls-magic"), value(17)}) {
        auto c = connect();
        auto const m = ask(c, "cryptosign", "joe", {{"channel_binding", wanted}});
        CHECK(m.at(0)->as_int() == 3);
    }
}

TEST_CASE_METHOD(setting,
                 "a client certificate joins by fingerprint, by common name, or with the default role")
{
    auto c = connect();
    CHECK(*ask(c, "tls", "", {}).at(1)->find("message") ==
          value("client did not send a TLS client certificate"));
    auto const joined = [&](std::string const& sha1, std::string const& cn) {
        details->certificate = client_certificate{cn, "ca", "CN=" + cn, sha1, "FF"};
        auto d = connect();
        auto const m = ask(d, "tls", "ignored", {});
        return m.at(0)->as_int() == 2
                   ? *m.at(2)->find("authid")->as_text() + " " + *m.at(2)->find("authrole")->as_text()
                   : *m.at(2)->as_text();
    };
    CHECK(joined("AB:CD", "whoever") == "joe reader");
    CHECK(joined("EE", "joe.example") == "joe reader");
    CHECK(joined("EE", "agent7") == "wamp.error.not_authorized");
    rules.tls->default_role = "anonymous";
    CHECK(joined("EE", "agent7") == "agent7 anonymous");
    CHECK(joined("EE", "") == "wamp.error.not_authorized");
}

TEST_CASE_METHOD(setting,
                 "a principal's realm and role are looked at before anything is asked, a stranger's too")
{
    principal guest;
    guest.ticket = "t";
    guest.role = "anonymous";
    guest.realm = "realm2";
    guest.extra = dict{{"desk", 7}};
    rules.ticket = method_rules::of({{"guest", guest}});
    for (std::string const authid : {"guest", "nobody"}) {
        auto c = connect();
        CHECK(*ask(c, "ticket", authid, {}).at(2) == value("wamp.error.no_such_realm"));
    }
    w.logic.add_realm("realm2", {});
    for (std::string const authid : {"guest", "nobody"}) {
        auto c = connect();
        CHECK(*ask(c, "ticket", authid, {}).at(2) == value("wamp.error.no_such_role"));
    }
    w.logic.add_realm("realm3", {std::make_shared<role>("anonymous", std::vector{everything()})});
    guest.realm = "realm3";
    rules.ticket = method_rules::of({{"guest", guest}});
    auto c = connect();
    ask(c, "ticket", "guest", {});
    auto const m = answer(c, "t");
    CHECK(*m.at(2)->find("realm") == value("realm3"));
    CHECK(*m.at(2)->find("authextra")->find("desk") == value(7));
}

TEST_CASE_METHOD(setting, "what a client tells of itself is kept with its session, unless it is too much")
{
    rules.anonymous_role = "anonymous";
    auto c = connect();
    auto const m = ask(c, "anonymous", "", {{"desk", 7}});
    CHECK(*m.at(2)->find("authextra")->find("desk") == value(7));
    CHECK(*m.at(2)->find("authextra")->find("x_cb_node") == value("node1"));
    auto d = connect();
    ask(d, "anonymous", "", {{"desk", std::string(5000, 'x')}});
    CHECK(d.state().who().authextra.empty());
}

TEST_CASE("every wrong answer comes at the same time, whoever asked and however long it took to find out")
{
    setting s;
    principal joe;
    joe.ticket = "t";
    joe.wampcra.secret = "t";
    joe.role = "anonymous";
    s.rules.wampcra = method_rules::of({{"joe", joe}});
    auto const limit = s.w.logic.env().limits.auth_answer_time;
    for (std::string const method : {"ticket", "wampcra", "scram", "cryptosign"}) {
        for (std::string const authid : {"joe", "nobody"}) {
            auto c = s.connect();
            REQUIRE(s.ask(c, method, authid, {{"nonce", "YWJj"}}).at(0)->as_int() == 4);
            s.w.pass(std::chrono::milliseconds(7));
            c.say("[5,'wrong',{}]");
            s.w.pass(limit - std::chrono::milliseconds(1));
            CHECK(c.silent());
            s.w.pass(std::chrono::milliseconds(1));
            CHECK(c.next().at(0)->as_int() == 3);
            CHECK(c.closed);
        }
    }
}
