#include "world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

TEST_CASE("a procedure of the router may be answered later, and its caller may be gone by then")
{
    world w;
    auto& r = *w.logic.find_realm("realm1");
    std::vector<std::pair<wamp::id, wamp::id>> asked;
    r.meta().add("wamp.test.later", [&](meta_call const& c) {
        CHECK(c.procedure == "wamp.test.later");
        CHECK(c.caller == c.who.who.session);
        CHECK(*c.arg(0) == value(1));
        CHECK(c.arg(1) == nullptr);
        CHECK(*c.arg(1, "k") == value(2));
        asked.emplace_back(c.caller, c.request);
    });
    client staying(w);
    client leaving(w);
    staying.join().say("[48,1,{},'wamp.test.later',[1],{'k':2}]");
    leaving.join().say("[48,1,{},'wamp.test.later',[1],{'k':2}]");
    CHECK(staying.silent());
    leaving.drop();
    REQUIRE(asked.size() == 2);
    for (auto const& [caller, request] : asked) {
        r.answer(caller, request, {"done"}, {{"x", 1}});
        r.refuse(caller, request + 1, "wamp.error.runtime_error", "no");
    }
    CHECK(staying.heard() == "[50,1,{},['done'],{'x':1}]");
    CHECK(staying.heard() == "[8,48,2,{},'wamp.error.runtime_error',['no']]");
    CHECK(leaving.silent());
}

TEST_CASE("a result of the router that is larger than its caller takes becomes an error")
{
    world w;
    auto& r = *w.logic.find_realm("realm1");
    r.meta().add("wamp.test.large",
                 [&](meta_call const& c) { r.answer(c.caller, c.request, {std::string(5'000, 'x')}); });
    client small(w, codec::serializer::json, anonymous_access(), 2'000);
    small.join().say("[48,1,{},'wamp.test.large']");
    CHECK(*small.next().at(4) == value("wamp.error.payload_size_exceeded"));
}
