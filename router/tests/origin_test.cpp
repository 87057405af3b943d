#include <cerro/router/origin.hpp>

#include <catch2/catch.hpp>

using cerro::router::header_values;
using cerro::router::origin_rules;

TEST_CASE("without a list every origin is welcome")
{
    origin_rules const r;
    CHECK(r.admits("http://anywhere.example.org"));
    CHECK(r.admits("null"));
    CHECK(r.admits("file:///home/x/page.html"));
    CHECK_FALSE(r.admits("no origin at all"));
    CHECK_FALSE(r.admits("http://two.parts/path"));
    CHECK_FALSE(r.admits(""));
}

TEST_CASE("patterns of origins")
{
    origin_rules const r{{"https://*.example.org", "http://localhost:*", "HTTP://[::1]:8080", "ftp:*"},
                         false};
    CHECK(r.admits("https://a.b.example.org"));
    CHECK(r.admits("https://a.example.org:443"));
    CHECK(r.admits(" HTTPS://A.EXAMPLE.ORG "));
    CHECK_FALSE(r.admits("https://a.example.org:444"));
    CHECK_FALSE(r.admits("http://a.example.org"));
    CHECK_FALSE(r.admits("https://example.org"));
    CHECK_FALSE(r.admits("https://a.example.org.evil.net"));
    CHECK_FALSE(r.admits("https://evil.net/.example.org"));
    CHECK(r.admits("http://localhost"));
    CHECK(r.admits("http://localhost:3000"));
    CHECK_FALSE(r.admits("http://localhost.evil.net:3000"));
    CHECK_FALSE(r.admits("https://localhost:3000"));
    CHECK(r.admits("http://[::1]:8080"));
    CHECK_FALSE(r.admits("http://[::1]"));
    CHECK(r.admits("ftp://x"));
    CHECK_FALSE(r.admits("null"));
    CHECK_FALSE(r.admits("file://"));
    CHECK_FALSE(origin_rules{{}, false}.admits("http://localhost"));
    CHECK_FALSE(
        origin_rules{{std::string(200, '*') + "x"}, false}.admits("http://" + std::string(10'000, 'y')));
}

TEST_CASE("headers in a request as received")
{
    auto const head =
        "GET /ws HTTP/1.1\r\nHost: x\r\nORIGIN:  http://a \r\nX: Origin: no\r\norigin: b\r\n\r\n";
    CHECK(header_values(head, "origin") == std::vector<std::string_view>{"http://a", "b"});
    CHECK(header_values("", "origin").empty());
}
