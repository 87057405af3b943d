#include <cerro/auth/password.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/router/principals.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::router;

namespace {

std::string const hash =
    auth::to_text(auth::scram_derive("pencil", {auth::kdf::pbkdf2, 64, 0}, "0123456789abcdef"));

std::string file(std::string const& entry)
{
    return R"({"principals":{"joe":{"role":"operator",)" + entry + "}}}";
}

}  // namespace

TEST_CASE("principals: a file of hashes, keys and certificates is read")
{
    auto const read = parse_principals(file(
        R"("password":")" + hash + R"(","authorized_keys":[")" + std::string(64, 'a') +
        R"("],"certificate-sha1":"0011223344556677889900112233445566778899","realm":"r","extra":{"a":1})"));
    REQUIRE(read.has_value());
    auto const& joe = read->at("joe");
    CHECK(joe.role == "operator");
    CHECK(joe.realm == "r");
    CHECK(joe.scram.keys.size() == 1);
    CHECK(joe.keys == std::vector{bytes(32, '\xaa')});
    CHECK(joe.certificate_sha1 == "00:11:22:33:44:55:66:77:88:99:00:11:22:33:44:55:66:77:88:99");
    CHECK(joe.extra == dict{{"a", 1}});
}

TEST_CASE("principals: what is wrong is named, and no secret is shown")
{
    auto const wrong = [](std::string const& text) {
        auto const read = parse_principals(text);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().what.find("sesame") == std::string::npos);
        return read.error().what;
    };
    using Catch::Matchers::Contains;
    CHECK_THAT(wrong(""), !Contains("sesame"));
    CHECK_THAT(wrong("[]"), Contains("expected"));
    CHECK_THAT(wrong(R"({"principals":{},"more":1})"), Contains("expected"));
    CHECK_THAT(wrong(R"({"principals":{"joe":{"ticket":"sesame"}}})"), Contains("'role' is missing"));
    CHECK_THAT(wrong(file(R"("pasword":"sesame")")), Contains("unknown key 'pasword'"));
    CHECK_THAT(wrong(file(R"("password":"sesame")")), Contains("'joe'") && Contains("'password'"));
    CHECK_THAT(wrong(file(R"("wampcra":"sesame")")), Contains("'wampcra'"));
    CHECK_THAT(wrong(file(R"("ticket":["sesame"])")), Contains("'ticket' must be text"));
    CHECK_THAT(wrong(file(R"("authorized_keys":["sesame"])")), Contains("hexadecimal"));
    CHECK_THAT(wrong(file(R"("certificate-sha256":"AB")")), Contains("32 octets"));
    CHECK_THAT(wrong(file(R"("stored-key":"sesame","salt":"0011223344556677")")), Contains("'stored-key'"));
    CHECK_THAT(wrong(file(R"("stored-key":"a","salt":"sesame")")), Contains("'salt'"));
    CHECK_THAT(wrong(std::string(17U << 20U, ' ')), Contains("16 MiB"));
}

TEST_CASE("principals: crossbar's SCRAM entries have hexadecimal or base64 in them")
{
    auto const entry = [](std::string const& salt) {
        return dict{{"kdf", "argon2id-13"},
                    {"iterations", 4096},
                    {"memory", 512},
                    {"salt", salt},
                    {"stored-key", std::string(64, '1')},
                    {"server-key", std::string(64, '2')},
                    {"role", "r"}};
    };
    auto const hex = read_principal(entry("00112233445566778899aabbccddeeff"));
    auto const base64 = read_principal(entry("ABEiM0RVZneImaq7zN3u/w=="));
    REQUIRE(hex.has_value());
    REQUIRE(base64.has_value());
    CHECK(hex->scram.salt == base64->scram.salt);
    CHECK(hex->scram.kdf == auth::kdf::argon2id13);
    CHECK(hex->scram.keys[0].stored == bytes(32, '\x11'));
}

TEST_CASE("principals: a new table takes the place of the old one; log-ins under way keep what they found")
{
    principal joe;
    joe.scram = *auth::parse_scram(hash);
    principals all({{"joe", joe}});
    auto const before = all.find("joe");
    CHECK(all.accepts_ticket("joe", *before, "pencil", "s"));
    all.replace({});
    CHECK(all.find("joe") == nullptr);
    CHECK(all.some(17) == nullptr);
    CHECK(before->scram.keys.size() == 1);
    CHECK_FALSE(all.accepts_ticket("joe", *before, "crayon", "s"));
}

TEST_CASE("principals: a public key that two have names nobody")
{
    principal one;
    one.keys = {bytes(32, 'k'), bytes(32, 'l')};
    principal two;
    two.keys = {bytes(32, 'k')};
    principals const all({{"one", one}, {"two", two}});
    CHECK(all.with_key(bytes(32, 'k')).who == nullptr);
    CHECK(all.with_key(bytes(32, 'l')).authid == "one");
    CHECK(all.with_key(bytes(32, 'x')).who == nullptr);
}
