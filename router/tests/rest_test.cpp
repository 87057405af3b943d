#include "web/body.hpp"
#include "web/pages.hpp"
#include "web/signature.hpp"
#include <cerro/codec/codec.hpp>

#include <catch2/catch.hpp>

#include <algorithm>

using namespace cerro;
using namespace cerro::router;

namespace {

// 2011-10-14T16:59:51Z
wall_time const then = std::chrono::system_clock::from_time_t(1'318'611'591);

bridge_guard signed_guard()
{
    bridge_guard out;
    out.key = "the key";
    out.secret = "secret";
    return out;
}

/// A request signed with Python: base64.urlsafe_b64encode(hmac.new(b"secret", key + timestamp + seq + nonce +
/// body, "sha256").digest())
http::request signed_request()
{
    http::request r;
    r.method = "POST";
    r.body = R"({"topic":"a.b"})";
    r.query =
        "timestamp=2011-10-14T16%3A59%3A51.123Z&seq=1&nonce=22&key=the%20key&signature="
        "G26FbjUZpeXcocxoL9q0wzVwUhK-QmAcIHLmHsStpoM%3D";
    return r;
}

std::string refusal_text(http::request const& r, bridge_guard const& guard, wall_time now = then)
{
    auto const answer = refuse(r, guard, content::json, now);
    return answer ? std::to_string(answer->status) + " " + answer->body : "accepted";
}

std::string replaced(std::string text, std::string const& from, std::string const& to)
{
    return text.replace(text.find(from), from.size(), to);
}

std::string header(http::response const& r, std::string_view name)
{
    auto const at = std::find_if(
        r.headers.begin(), r.headers.end(), [&](auto const& entry) { return entry.first == name; });
    return at == r.headers.end() ? "" : at->second;
}

}  // namespace

TEST_CASE("a signed request is accepted, and nothing of it may be changed or left out")
{
    auto const guard = signed_guard();
    auto const good = signed_request();
    CHECK(refusal_text(good, guard) == "accepted");
    auto const with_query = [&](std::string query) {
        auto r = good;
        r.query = std::move(query);
        return refusal_text(r, guard);
    };
    for (std::string const field : {"timestamp", "seq", "nonce", "key", "signature"}) {
        INFO(field);
        CHECK_THAT(with_query(replaced(good.query, field + "=", field + "x=")),
                   Catch::Contains("400 ") &&
                       Catch::Contains("REST bridge signature was invalid (missing mandatory field - '" +
                                       field + "')."));
    }
    CHECK_THAT(with_query(replaced(good.query, "nonce=22", "nonce=23")),
               Catch::Contains("401 ") && Catch::Contains("REST bridge signature secret not valid."));
    CHECK_THAT(with_query(replaced(good.query, "seq=1", "seq=2")), Catch::Contains("401 "));
    CHECK_THAT(with_query(replaced(good.query, "51.123Z", "51.124Z")), Catch::Contains("401 "));
    CHECK_THAT(with_query(replaced(good.query, "the%20key", "a%20key")),
               Catch::Contains("401 ") && Catch::Contains("REST bridge signature key not valid."));
    CHECK_THAT(with_query(replaced(good.query, "seq=1", "seq=x")),
               Catch::Contains("invalid sequence number"));
    CHECK_THAT(with_query(replaced(good.query, "nonce=22", "nonce=")), Catch::Contains("invalid nonce"));
    CHECK_THAT(with_query(replaced(good.query, "51.123Z", "51Z")), Catch::Contains("invalid timestamp"));
    CHECK_THAT(with_query(replaced(good.query, "2011-10-14", "2011-13-14")),
               Catch::Contains("invalid timestamp"));
    auto changed = good;
    changed.body += " ";
    CHECK_THAT(refusal_text(changed, guard), Catch::Contains("401 "));
}

TEST_CASE("a signed request has its time")
{
    auto guard = signed_guard();
    auto const r = signed_request();
    CHECK(refusal_text(r, guard, then + std::chrono::seconds(299)) == "accepted");
    CHECK_THAT(refusal_text(r, guard, then + std::chrono::seconds(302)),
               Catch::Contains("400 ") && Catch::Contains("Request expired, too old timestamp."));
    CHECK_THAT(refusal_text(r, guard, then - std::chrono::seconds(302)), Catch::Contains("too old"));
    guard.timestamp_delta = std::chrono::seconds(0);
    CHECK(refusal_text(r, guard, then + std::chrono::hours(9999)) == "accepted");
}

TEST_CASE("addresses and TLS may be required")
{
    bridge_guard guard;
    guard.require_ip = {*address_range::parse("10.0.0.0/8"), *address_range::parse("2001:db8::/32")};
    http::request r;
    r.method = "POST";
    r.body = "{}";
    auto const from = [&](std::string peer) {
        r.peer = std::move(peer);
        return refusal_text(r, guard);
    };
    CHECK(from("10.1.2.3:4000") == "accepted");
    CHECK(from("[::ffff:10.1.2.3]:4000") == "accepted");
    CHECK(from("[2001:db8::7]:4000") == "accepted");
    CHECK_THAT(from("11.1.2.3:4000"), Catch::Contains("Request denied based on IP address."));
    CHECK_THAT(from("[2001:db9::7]:4000"), Catch::Contains("400 "));
    CHECK_THAT(from("/run/socket"), Catch::Contains("400 "));
    guard = {};
    guard.require_tls = true;
    CHECK_THAT(from("10.1.2.3:4000"), Catch::Contains("400 ") && Catch::Contains("TLS"));
    r.tls = true;
    CHECK(from("10.1.2.3:4000") == "accepted");
}

TEST_CASE("ranges of addresses")
{
    CHECK(address_range::parse("127.0.0.1")->holds("127.0.0.1"));
    CHECK_FALSE(address_range::parse("127.0.0.1")->holds("127.0.0.2:80"));
    CHECK(address_range::parse("192.168.4.0/22")->holds("192.168.7.255:1"));
    CHECK_FALSE(address_range::parse("192.168.4.0/22")->holds("192.168.8.0:1"));
    CHECK(address_range::parse("0.0.0.0/0")->holds("9.9.9.9"));
    CHECK_FALSE(address_range::parse("0.0.0.0/0")->holds("::1"));
    CHECK(address_range::parse("::/0")->holds("[::1]:7"));
    for (auto const* wrong :
         {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "host", "::/129"}) {
        INFO(wrong);
        CHECK_FALSE(address_range::parse(wrong).has_value());
    }
}

TEST_CASE("publications by HTTP: what is read of the body")
{
    http::request r;
    r.method = "POST";
    r.body = R"({"topic":"a.b","args":[1],"kwargs":{"k":2},"options":{"exclude":[5],"retain":true,)"
             R"("acknowledge":false,"disclose_me":true,"eligible_authid":null}})";
    auto const read = read_publication(r, {}, then);
    auto const& body = std::get<publish_body>(read);
    CHECK(body.topic == "a.b");
    CHECK(body.args == list{1});
    CHECK(body.kwargs == dict{{"k", 2}});
    CHECK(body.options == dict{{"exclude", list{5}}, {"retain", true}});
    r.body = R"({"procedure":"a.b"})";
    CHECK_THAT(std::get<http::response>(read_publication(r, {}, then)).body,
               Catch::Contains("not well formed (missing key 'topic')."));
    r.body = R"({"topic":"a.b","options":[]})";
    CHECK(std::get<http::response>(read_publication(r, {}, then)).status == 400);
    CHECK(publish_answer(r, {"", {17}, {}, true}).body == R"({"id":17})");
    CHECK(publish_answer(r, {"wamp.error.not_authorized", {"no"}, {}, true}).body ==
          R"({"error":"wamp.error.not_authorized","args":["no"],"kwargs":{}})");
}

TEST_CASE("a webhook tells headers with their usual names")
{
    http::request r;
    r.headers = {{"content-type", "text/plain"}, {"x-many", "1"}, {"etag", "e"}, {"x-many", "2"}};
    r.body = "text";
    CHECK(webhook_event(r) ==
          dict{{"headers",
                dict{{"Content-Type", list{"text/plain"}}, {"X-Many", list{"1", "2"}}, {"ETag", list{"e"}}}},
               {"body", "text"}});
}

TEST_CASE("GitHub's signatures")
{
    // RFC 2202 (HMAC-SHA1) and RFC 4231 (HMAC-SHA256), test case 2
    http::request r;
    r.body = "what do ya want for nothing?";
    CHECK_FALSE(github_signature_right(r, "Jefe"));
    r.headers = {{"x-hub-signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"}};
    CHECK(github_signature_right(r, "Jefe"));
    CHECK_FALSE(github_signature_right(r, "jefe"));
    r.headers.emplace_back("x-hub-signature-256",
                           "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(github_signature_right(r, "Jefe"));
    r.headers[1].second.back() = '4';
    CHECK_FALSE(github_signature_right(r, "Jefe"));
}

TEST_CASE("fixed values and status pages")
{
    http::request r;
    r.method = "GET";
    r.headers = {{"origin", "http://page"}};
    auto const shown = json_answer(r, {"[1]", true, true});
    CHECK(shown.body == "[1]");
    CHECK(header(shown, "Access-Control-Allow-Origin") == "http://page");
    CHECK_THAT(header(shown, "Cache-Control"), Catch::Contains("no-store"));
    CHECK(header(json_answer(r, {"[1]", false, false}), "Access-Control-Allow-Origin").empty());
    r.method = "POST";
    CHECK(json_answer(r, {"[1]", true, true}).status == 405);

    r.method = "GET";
    r.peer = "<script>";
    auto const info = nodeinfo_page(r, {"node7", "worker001", 4711});
    CHECK_THAT(info.body,
               Catch::Contains("node7") && Catch::Contains("4711") && Catch::Contains("&lt;script&gt;"));
    wamp_settings w;
    w.serializers = {codec::serializer::cbor};
    CHECK_THAT(status_page(r, w).body, Catch::Contains("wamp.2.cbor") && !Catch::Contains("wamp.2.json"));
    w.webstatus = false;
    CHECK(status_page(r, w).status == 426);
}
