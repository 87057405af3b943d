#include "world.hpp"

#include <set>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
using namespace std::chrono_literals;

TEST_CASE("endings: each has a name of its own")
{
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < ending_count; ++i) {
        names.insert(name(static_cast<ending>(i)));
    }
    CHECK(names.size() == ending_count);
    CHECK_FALSE(names.contains("?"));
}

TEST_CASE("endings: each end of a session has its reason")
{
    world w;
    client c(w);
    auto const ended = [&c] { return std::string(name(c.ended)); };
    SECTION("goodbye")
    {
        c.join().say("[6,{},'wamp.close.close_realm']");
        CHECK(ended() == "goodbye");
    }
    SECTION("abort")
    {
        c.join().say("[3,{},'x']");
        CHECK(ended() == "aborted_by_peer");
    }
    SECTION("no HELLO")
    {
        w.pass(5s);
        CHECK(ended() == "hello_timeout");
    }
    SECTION("no such realm")
    {
        c.say("[1,'nowhere',{}]");
        CHECK(ended() == "no_such_realm");
    }
    SECTION("no method")
    {
        c.say("[1,'realm1',{'authmethods':['scram']}]");
        CHECK(ended() == "no_auth_method");
    }
    SECTION("violation")
    {
        c.join().say("[2,1,{}]");
        CHECK(ended() == "protocol_violation");
    }
    SECTION("killed, and it answers")
    {
        c.join().state().say_goodbye(ending::killed, "wamp.close.killed", "x");
        CHECK(ended() == "none");
        c.say("[6,{},'wamp.close.goodbye_and_out']");
        CHECK(ended() == "killed");
    }
    SECTION("killed, and it does not answer")
    {
        c.join().state().say_goodbye(ending::killed, "wamp.close.killed", "x");
        w.pass(2s);
        CHECK(ended() == "goodbye_timeout");
        CHECK(c.state().ending_text() == "no answer to GOODBYE (killed)");
    }
    SECTION("killed, and its connection ends")
    {
        c.join().state().say_goodbye(ending::killed, "wamp.close.killed", "x");
        c.drop();
        CHECK(c.state().ended_as() == ending::killed);
    }
    SECTION("the transport ends first")
    {
        c.join().drop();
        CHECK(c.state().ended_as() == ending::none);
    }
}
