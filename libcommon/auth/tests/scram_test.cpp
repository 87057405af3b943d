#include "../src/scram.hpp"

#include "../src/digest.hpp"
#include <cerro/auth/hex.hpp>
#include <cerro/auth/password.hpp>
#include <cerro/codec/base64.hpp>

#include <catch2/catch.hpp>

using namespace cerro;

namespace {

bytes const salt = "0123456789abcdef";

/// One whole log-in; the router's signature, or nothing when it refused.
std::optional<std::string> log_in(auth::scram_user const& user,
                                  std::string const& authid,
                                  std::string const& password)
{
    auth::scram_client client(authid, password);
    auto const server =
        auth::scram_server::create(user, authid, *client.hello_extra().find("nonce")->as_text());
    REQUIRE(server.has_value());
    auto const answer = client.respond(server->extra());
    REQUIRE(answer.has_value());
    auto const signature = server->verify(answer->signature, answer->extra);
    if (signature) {
        CHECK(client.proves({{"scram_server_signature", *signature}}));
        CHECK(client.proves({{"verifier", *signature}}));
        CHECK_FALSE(client.proves({{"verifier", codec::base64_encode(bytes(32, 'x'))}}));
        CHECK_FALSE(client.proves({}));
    }
    return signature;
}

}  // namespace

TEST_CASE("scram: keys, proof and signature agree with the published vectors (RFC 7677)")
{
    auto const raw_salt = *codec::base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==");
    auto const salted = auth::salted_password(
        "pencil", auth::kdf::pbkdf2, 4096, 0, raw_salt, auth::scram_dialect::specification);
    auth::auth_message const m{"user",
                               "rOprNGfwEbeRWgbNEkqO",
                               "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
                               "W22ZaJ0SNY7soEsUEjb6gQ==",
                               4096};
    auto const text = m.text("user", auth::binding_text({}));
    auto const key = auth::client_key(salted);
    CHECK(codec::base64_encode(auth::exclusive_or(key, auth::hmac_sha256(auth::sha256(key), text))) ==
          "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    CHECK(codec::base64_encode(auth::hmac_sha256(auth::server_key(salted), text)) ==
          "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
}

TEST_CASE("scram: Argon2id agrees with the reference implementation's vectors, and autobahn's text of it")
{
    auto const hash = auth::argon2id13("password", "somesalt", 2, 256);
    CHECK(auth::hex_encode(hash) == "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe");
    CHECK(auth::salted_password(
              "password", auth::kdf::argon2id13, 2, 256, "somesalt", auth::scram_dialect::autobahn) ==
          "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4");
}

TEST_CASE("scram: client and router agree, with both hashes and names that need escaping")
{
    auto const user = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 4096, 0}, salt);
    CHECK(log_in(user, "joe", "pencil"));
    CHECK(log_in(user, "j=o,e", "pencil"));
    CHECK_FALSE(log_in(user, "joe", "pencil "));
    auto const argon = auth::scram_derive("pencil", {auth::kdf::argon2id13, 2, 64}, salt);
    CHECK(argon.keys.size() == 2);
    CHECK(log_in(argon, "joe", "pencil"));
    CHECK_FALSE(log_in(argon, "joe", "crayon"));
    auto nobody = user;
    nobody.keys.clear();
    CHECK_FALSE(log_in(nobody, "joe", "pencil"));
}

TEST_CASE("scram: a client of the specification's dialect is understood, with a bound connection too")
{
    auto const user = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 4096, 0}, salt);
    auto const binding =
        GENERATE(auth::channel_binding{}, auth::channel_binding{"tls-exporter", bytes(32, 'c')});
    auto const sent =
        GENERATE(auth::channel_binding{}, auth::channel_binding{"tls-exporter", bytes(32, 'c')});
    auto const server = auth::scram_server::create(user, "a,b", "YWJjZGVm", binding);
    REQUIRE(server.has_value());
    auto const challenge = server->extra();
    auto const& nonce = *challenge.find("nonce")->as_text();
    auth::auth_message const m{"a,b", "YWJjZGVm", nonce, *challenge.find("salt")->as_text(), 4096};
    auto const text = m.text("a=2Cb", auth::binding_text(sent));
    auto const key = auth::client_key(auth::salted_password(
        "pencil", auth::kdf::pbkdf2, 4096, 0, salt, auth::scram_dialect::specification));
    auto const proof =
        codec::base64_encode(auth::exclusive_or(key, auth::hmac_sha256(auth::sha256(key), text)));
    CHECK(server->verify(proof, {{"nonce", nonce}}).has_value() == (binding.type == sent.type));
    CHECK_FALSE(server->verify(proof, {{"nonce", "other"}}));
    CHECK_FALSE(server->verify(proof, {{"channel_binding", "tls-unique"}}));
}

TEST_CASE("scram: answers that are no proof, and nonces that are none, are refused")
{
    auto const user = auth::scram_derive("pencil", {auth::kdf::pbkdf2, 1, 0}, salt);
    for (auto const* const nonce : {"", "!", "YWJj!", "YWJ"}) {
        CHECK_FALSE(auth::scram_server::create(user, "joe", nonce).has_value());
    }
    CHECK_FALSE(auth::scram_server::create(user, "joe", codec::base64_encode(bytes(257, 'x'))).has_value());
    auto const server = auth::scram_server::create(user, "joe", "YWJj");
    for (auto const* const proof : {"", "x", "YWJj", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}) {
        CHECK_FALSE(server->verify(proof, {}));
    }
}

TEST_CASE("scram: a client does not compute what a hostile router asks")
{
    auth::scram_client client("joe", "pencil");
    auto const nonce = *client.hello_extra().find("nonce")->as_text() + "YWJj";
    dict const good{
        {"nonce", nonce}, {"salt", "MDEyMzQ1Njc4OWFiY2RlZg=="}, {"kdf", "pbkdf2"}, {"iterations", 9}};
    CHECK(client.respond(good).has_value());
    auto const refused = [&](std::string_view key, value v) {
        auto bad = good;
        bad.set(key, std::move(v));
        auto const r = client.respond(bad);
        REQUIRE_FALSE(r.has_value());
        return r.error().code;
    };
    CHECK(refused("nonce", "YWJj") == errc::malformed);
    CHECK(refused("nonce", *client.hello_extra().find("nonce")) == errc::malformed);
    CHECK(refused("salt", "YWJj") == errc::malformed);
    CHECK(refused("kdf", "md5") == errc::unsupported);
    CHECK(refused("iterations", 0) == errc::malformed);
    CHECK(refused("iterations", auth::max_pbkdf2_iterations + 1) == errc::limit_exceeded);
    CHECK(refused("kdf", "argon2id-13") == errc::malformed);  // no memory
    auto dear = good;
    dear.set("kdf", "argon2id13");
    dear.set("memory", auth::max_argon2_memory);
    dear.set("iterations", 1000);
    CHECK(client.respond(dear).error().code == errc::limit_exceeded);
}

TEST_CASE("password: what a file keeps can be read back, and tells the right password from others")
{
    auto const cost = GENERATE(auth::scram_cost{auth::kdf::pbkdf2, 1000, 0},
                               auth::scram_cost{auth::kdf::argon2id13, 2, 64});
    auto const user = auth::hash_password("open sesame", cost);
    auto const text = auth::to_text(user);
    CHECK(text.find("sesame") == std::string::npos);
    auto const read = auth::parse_scram(text);
    REQUIRE(read.has_value());
    CHECK(auth::to_text(*read) == text);
    CHECK(auth::scram_matches(*read, "open sesame"));
    CHECK_FALSE(auth::scram_matches(*read, "open simsim"));
    CHECK_FALSE(auth::scram_matches(*read, ""));
    CHECK(auth::hash_password("open sesame", cost).salt != user.salt);
}

TEST_CASE("password: the text that PostgreSQL keeps is the same as ours")
{
    // the keys of RFC 7677's user
    auto const read = auth::parse_scram(
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    REQUIRE(read.has_value());
    CHECK(auth::scram_matches(*read, "pencil"));
}

TEST_CASE("password: WAMP-CRA's derived key is kept as text")
{
    auto const user = auth::derive_wampcra("s3cret");
    auto const read = auth::parse_wampcra(auth::to_text(user));
    REQUIRE(read.has_value());
    CHECK(read->secret == user.secret);
    CHECK(read->salt == user.salt);
    CHECK(read->iterations == user.iterations);
    CHECK(read->keylen == 32);
    auth::wampcra_server const server(*read, {}, {});
    CHECK(server.accepts(*auth::wampcra_answer("s3cret", server.extra())));
    for (auto const* const bad : {"",
                                  "WAMP-CRA$",
                                  "WAMP-CRA$1:2:s",
                                  "WAMP-CRA$0:3:s$YWJj",
                                  "WAMP-CRA$1:4:s$YWJj",
                                  "WAMP-CRA$2000000:3:s$YWJj",
                                  "WAMP-CRA$1:3:$YWJj",
                                  "SCRAM-SHA-256$1:3:s$YWJj"}) {
        CHECK_FALSE(auth::parse_wampcra(bad).has_value());
    }
}

TEST_CASE("password: texts that are no hash are refused, and no message shows them")
{
    std::string const k = codec::base64_encode(bytes(32, 'k'));
    for (auto const& bad : {std::string("open sesame"),
                            std::string("SCRAM-SHA-256"),
                            "SCRAM-SHA-256$sesame:MDEyMzQ1Njc4OWFiY2RlZg==$" + k + ":" + k,
                            "SCRAM-SHA-256$0:MDEyMzQ1Njc4OWFiY2RlZg==$" + k + ":" + k,
                            "SCRAM-SHA-256$9999999:MDEyMzQ1Njc4OWFiY2RlZg==$" + k + ":" + k,
                            "SCRAM-SHA-256$9:YWJj$" + k + ":" + k,
                            "SCRAM-SHA-256$9:MDEyMzQ1Njc4OWFiY2RlZg==$" + k,
                            std::string("SCRAM-SHA-256$9:MDEyMzQ1Njc4OWFiY2RlZg=="),
                            "SCRAM-SHA-256-ARGON2ID13$3:MDEyMzQ1Njc4OWFiY2RlZg==$" + k + ":" + k,
                            std::string(5000, 'x')}) {
        auto const read = auth::parse_scram(bad);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().what.find("sesame") == std::string::npos);
    }
}
