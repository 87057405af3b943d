#include "access.hpp"

#include <catch2/catch.hpp>

using namespace cerro;
using cerro::agent::access_policy;

TEST_CASE("access: without a policy everybody has level 1")
{
    for (auto const* text : {"", "none"}) {
        auto const p = access_policy::parse(text);
        REQUIRE(p.has_value());
        CHECK(p->level("anything") == 1);
        CHECK(p->own_level() == 1);
        CHECK(p->name() == "none");
    }
    CHECK(access_policy().refusal(2, 1) + ' ' + std::string(access_policy().detail()) ==
          "The action requires credential level 2-ADVANCED but the client has only level 1-BASIC No access "
          "policy -- "
          "level 1 for all.");
}

TEST_CASE("access: two passwords give levels 2 and 3")
{
    auto const p = access_policy::parse("override:pw2,longer,pw3");
    REQUIRE(p.has_value());
    CHECK(p->level("") == 1);
    CHECK(p->level("pw") == 1);
    CHECK(p->level("pw2") == 2);
    CHECK(p->level("pw2pw2") == 1);
    CHECK(p->level("longer,pw3") == 3);
    CHECK(p->own_level() == 4);
    CHECK(p->describe(1.5).find("policy")->as_text()->compare("override") == 0);
}

TEST_CASE("access: what is refused is named without its secrets")
{
    for (auto const* text :
         {"override:", "override:geheim", "override:geheim,", "overide:geheim,b", "geheimnis:x"}) {
        auto const p = access_policy::parse(text);
        REQUIRE_FALSE(p.has_value());
        CHECK(p.error().what.find("geheim,") == std::string::npos);
    }
    CHECK(access_policy::parse("director:access-dir").error().code == errc::unsupported);
}
