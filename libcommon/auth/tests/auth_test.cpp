#include <cerro/auth/compare.hpp>
#include <cerro/auth/hex.hpp>
#include <cerro/auth/ticket.hpp>
#include <cerro/auth/wampcra.hpp>
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <set>

using namespace cerro;

namespace {

auto const some_time = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'795'233'451'042));
auth::wampcra_subject const joe{"joe", "iocs_agent", "static", 4711};

}  // namespace

TEST_CASE("wampcra: derived keys agree with the published vectors")
{
    CHECK(auth::wampcra_derive_key("secret2", "salt123", 100, 32) ==
          "LG5/FwnS5WvgmlEyLPk/pYn3/wlFRPT4w18Op9fK79U=");
    CHECK(auth::wampcra_derive_key("secret1", "salt123", 100, 16) == "prq7+YkJ1/KlW1X0YczMHw==");
    CHECK_THROWS_AS(auth::wampcra_derive_key("s", "t", 0, 32), failure);
}

TEST_CASE("wampcra: a signature is the base64 of HMAC-SHA256 (RFC 4231, test case 2)")
{
    CHECK(auth::wampcra_signature("Jefe", "what do ya want for nothing?") ==
          "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
}

TEST_CASE("wampcra: the client's answer to the router's challenge is accepted, with and without salt")
{
    auth::wampcra_server const plain({.secret = "s3cret"}, joe, some_time);
    CHECK_FALSE(plain.extra().contains("salt"));
    auto const answer = auth::wampcra_answer("s3cret", plain.extra());
    REQUIRE(answer.has_value());
    CHECK(plain.accepts(*answer));

    auto const derived = auth::wampcra_derive_key("s3cret", "pepper", 10, 24);
    auth::wampcra_server const salted({derived, "pepper", 10, 24}, joe, some_time);
    auto const salted_answer = auth::wampcra_answer("s3cret", salted.extra());
    REQUIRE(salted_answer.has_value());
    CHECK(salted.accepts(*salted_answer));
}

TEST_CASE("wampcra: wrong answers, answers to another challenge and empty secrets are refused")
{
    auth::wampcra_server const one({.secret = "s3cret"}, joe, some_time);
    auth::wampcra_server const other({.secret = "s3cret"}, joe, some_time);
    CHECK_FALSE(one.accepts(""));
    CHECK_FALSE(one.accepts(*auth::wampcra_answer("S3cret", one.extra())));
    CHECK_FALSE(one.accepts(*auth::wampcra_answer("s3cret", other.extra())));
    auth::wampcra_server const nobody({}, joe, some_time);
    CHECK_FALSE(nobody.accepts(*auth::wampcra_answer("", nobody.extra())));
}

TEST_CASE("wampcra: the challenge tells whom it is for and when")
{
    auth::wampcra_server const server({.secret = "s"}, joe, some_time);
    auto const challenge = codec::from_json(*server.extra().find("challenge")->as_text());
    REQUIRE(challenge.has_value());
    CHECK(*challenge->find("authid") == value("joe"));
    CHECK(*challenge->find("authrole") == value("iocs_agent"));
    CHECK(*challenge->find("authmethod") == value("wampcra"));
    CHECK(*challenge->find("authprovider") == value("static"));
    CHECK(*challenge->find("session") == value(4711));
    CHECK(*challenge->find("timestamp") == value("2026-11-21T03:57:31.042Z"));
    CHECK(challenge->find("nonce")->as_text()->size() == 32);
}

TEST_CASE("wampcra: a hostile router's challenge is refused by the client")
{
    CHECK(auth::wampcra_answer("s", {}).has_error());
    CHECK(auth::wampcra_answer("s", {{"challenge", 1}}).has_error());
    CHECK(auth::wampcra_answer("s", {{"challenge", "c"}, {"salt", 1}}).has_error());
    CHECK(auth::wampcra_answer("s", {{"challenge", "c"}, {"salt", "x"}, {"iterations", 0}}).has_error());
    auto const dear =
        auth::wampcra_answer("s", {{"challenge", "c"}, {"salt", "x"}, {"iterations", 2'000'000'000}});
    CHECK(dear.error().code == errc::limit_exceeded);
    CHECK(auth::wampcra_answer("s", {{"challenge", "c"}, {"salt", "x"}, {"keylen", 1'000'000}}).has_error());
}

TEST_CASE("ticket: only the very ticket is accepted, an empty one never")
{
    auth::ticket_server const server("open sesame");
    CHECK(server.accepts("open sesame"));
    CHECK_FALSE(server.accepts("open sesam"));
    CHECK_FALSE(server.accepts("open sesamf"));
    CHECK_FALSE(auth::ticket_server("").accepts(""));
}

TEST_CASE("comparison, tokens and ids")
{
    CHECK(auth::equal_constant_time("", ""));
    CHECK(auth::equal_constant_time("abc", "abc"));
    CHECK_FALSE(auth::equal_constant_time("abc", "abd"));
    CHECK_FALSE(auth::equal_constant_time("abc", "ab"));
    CHECK(auth::random_token(16).size() == 32);
    CHECK(auth::random_token(16) != auth::random_token(16));
    std::set<std::uint64_t> ids;
    for (int i = 0; i < 1000; ++i) {
        auto const id = auth::random_id();
        CHECK((id >= 1 && id <= std::uint64_t{1} << 53U));
        ids.insert(id);
    }
    CHECK(ids.size() == 1000);
    CHECK(*ids.rbegin() > std::uint64_t{1} << 52U);
}

TEST_CASE("hexadecimal text both ways")
{
    CHECK(auth::hex_encode(bytes("\x00\xff\x1a", 3)) == "00ff1a");
    CHECK(auth::hex_decode("00FF1a") == bytes("\x00\xff\x1a", 3));
    CHECK_FALSE(auth::hex_decode("0"));
    CHECK_FALSE(auth::hex_decode("0g"));
    CHECK_FALSE(auth::hex_decode("-1"));
}
