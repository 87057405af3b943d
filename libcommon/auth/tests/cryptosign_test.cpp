#include <cerro/auth/cryptosign.hpp>
#include <cerro/auth/hex.hpp>

#include <catch2/catch.hpp>

using namespace cerro;

namespace {

bytes const seed = *auth::hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
bytes const other_seed(32, 'o');

}  // namespace

TEST_CASE("cryptosign: Ed25519 agrees with the published vectors (RFC 8032, test 2)")
{
    auto const key = auth::ed25519_public_key(seed);
    CHECK(auth::hex_encode(key) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    auto const signature = auth::ed25519_sign(seed, "r");
    CHECK(auth::hex_encode(signature) ==
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    CHECK(auth::ed25519_verify(key, "r", signature));
    CHECK_FALSE(auth::ed25519_verify(key, "s", signature));
    CHECK_FALSE(auth::ed25519_verify(key, "r", "short"));
    CHECK_FALSE(auth::ed25519_verify("short", "r", signature));
    CHECK_THROWS_AS(auth::ed25519_sign("short", "r"), failure);
}

TEST_CASE("cryptosign: who has one of the keys is admitted, and nobody else")
{
    auto const mine = auth::ed25519_public_key(seed);
    auto const other = auth::ed25519_public_key(other_seed);
    auth::cryptosign_server const server({other, mine});
    CHECK(server.accepts(*auth::cryptosign_answer(seed, server.extra())));
    CHECK(server.accepts(*auth::cryptosign_answer(other_seed, server.extra())));
    CHECK_FALSE(server.accepts(*auth::cryptosign_answer(bytes(32, 'x'), server.extra())));
    auth::cryptosign_server const next({other, mine});
    CHECK_FALSE(next.accepts(*auth::cryptosign_answer(seed, server.extra())));
    auth::cryptosign_server const nobody({});
    CHECK_FALSE(nobody.accepts(*auth::cryptosign_answer(seed, nobody.extra())));
    for (auto const& bad : {std::string(), std::string("xy"), std::string(192, '0'), std::string(190, '0')}) {
        CHECK_FALSE(server.accepts(bad));
    }
}

TEST_CASE("cryptosign: with channel binding the answer is good on its own connection only")
{
    bytes const here(32, 'h');
    bytes const there(32, 't');
    auth::cryptosign_server const server({auth::ed25519_public_key(seed)}, here);
    CHECK(server.accepts(*auth::cryptosign_answer(seed, server.extra(), here)));
    CHECK_FALSE(server.accepts(*auth::cryptosign_answer(seed, server.extra(), there)));
    CHECK_FALSE(server.accepts(*auth::cryptosign_answer(seed, server.extra())));
}

TEST_CASE("cryptosign: challenges and keys that are none are refused")
{
    CHECK_FALSE(auth::cryptosign_answer(seed, {}).has_value());
    CHECK_FALSE(auth::cryptosign_answer(seed, {{"challenge", "ab"}}).has_value());
    CHECK_FALSE(auth::cryptosign_answer(seed, {{"challenge", 17}}).has_value());
    CHECK(auth::parse_ed25519_key(std::string(64, 'a')).has_value());
    CHECK_FALSE(auth::parse_ed25519_key(std::string(64, 'g')).has_value());
    CHECK_FALSE(auth::parse_ed25519_key("aa").has_value());
}
