#include "world.hpp"
#include <cerro/router/log_text.hpp>

#include <fstream>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

std::string aborted(std::string_view reason, std::string_view message)
{
    return "[3,{'message':'" + std::string(message) + "'},'" + std::string(reason) + "']";
}

constexpr auto hello = "[1,'realm1',{'roles':{'caller':{}}}]";

}  // namespace

TEST_CASE("WELCOME tells who one is and what the router can do")
{
    world w;
    client c(w);
    c.say(hello);
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(m.at(1)->as_uint().value() >= 1);
    CHECK(m.at(1)->as_uint().value() <= std::uint64_t{1} << 53U);
    auto const& details = *m.at(2);
    CHECK(*details.find("realm") == value("realm1"));
    CHECK(*details.find("authrole") == value("anonymous"));
    CHECK(*details.find("authmethod") == value("anonymous"));
    CHECK(*details.find("authprovider") == value("static"));
    CHECK(details.find("authid")->as_text()->size() == 29);
    CHECK(*details.find("authextra") == value(dict{{"x_cb_node", "node1"},
                                                   {"x_cb_worker", "worker1"},
                                                   {"x_cb_peer", "tcp4:127.0.0.1:50000"},
                                                   {"x_cb_pid", 17}}));
    auto const& roles = *details.find("roles");
    CHECK(*roles.find("broker")->find("features")->find("pattern_based_subscription") == value(true));
    CHECK(*roles.find("dealer")->find("features")->find("call_timeout") == value(true));
    CHECK(roles.find("dealer")->find("features")->find("shared_registration")->as_bool() == true);
    CHECK(roles.find("broker")->find("features")->find("event_history")->as_bool() == false);
    CHECK(c.silent());
    CHECK_FALSE(c.closed);
}

TEST_CASE("sessions have different ids and authids")
{
    world w;
    client a(w);
    client b(w);
    a.join();
    b.join();
    CHECK(a.id != b.id);
    CHECK(a.state().who().authid != b.state().who().authid);
}

TEST_CASE("roles may have no features, be null, or be missing")
{
    world w;
    for (auto const* details : {"{'roles':{'subscriber':{}}}",
                                "{'roles':{'callee':null}}",
                                "{'roles':{}}",
                                "{}",
                                "{'roles':{'callee':{'features':null}}}",
                                "{'roles':{'callee':{'features':[1]}}}"}) {
        client c(w);
        c.say("[1,'realm1'," + std::string(details) + "]");
        CHECK(c.next().at(0)->as_int() == 2);
    }
}

TEST_CASE("an unknown realm is refused")
{
    world w;
    client c(w);
    c.say("[1,'nowhere',{'roles':{'caller':{}}}]");
    CHECK(c.next() ==
          *codec::from_json(
              R"([3,{"message":"no realm \"nowhere\" exists on this router"},"wamp.error.no_such_realm"])"));
    CHECK(c.closed);
    CHECK(w.counter("cerro_router_joins_refused_total") == 1);
}

TEST_CASE("a role that the realm does not have is refused")
{
    world w;
    client c(w, codec::serializer::json, anonymous_access("ghost"));
    c.say(hello);
    CHECK(*c.next().at(2) == value("wamp.error.no_such_role"));
    CHECK(c.closed);
}

TEST_CASE("the second HELLO is a protocol violation")
{
    world w;
    client c(w);
    c.join();
    c.say(hello);
    CHECK(c.heard() == aborted("wamp.error.protocol_violation",
                               "received HELLO message, and session is already established"));
    CHECK(c.closed);
    CHECK(w.logic.find_realm("realm1")->session_count() == 0);
}

TEST_CASE("each message that only a router sends, and AUTHENTICATE, ends an established session")
{
    world w;
    for (auto const* m : {"[2,1,{}]",
                          "[4,'ticket',{}]",
                          "[5,'x',{}]",
                          "[17,1,1]",
                          "[33,1,1]",
                          "[36,1,1,{}]",
                          "[50,1,{}]",
                          "[65,1,1]",
                          "[68,1,1,{}]",
                          "[69,1,{}]"}) {
        client c(w);
        c.join();
        c.say(m);
        CHECK(*c.next().at(2) == value("wamp.error.protocol_violation"));
        CHECK(c.closed);
    }
}

TEST_CASE("before HELLO everything but HELLO and ABORT is a violation")
{
    world w;
    for (auto const* m : {"[5,'x',{}]",
                          "[6,{},'wamp.close.normal']",
                          "[16,1,{},'a.b']",
                          "[48,1,{},'a.b']",
                          "[32,1,{},'a']"}) {
        client c(w);
        c.say(m);
        CHECK(*c.next().at(2) == value("wamp.error.protocol_violation"));
        CHECK(c.closed);
    }
}

TEST_CASE("ABORT is never answered")
{
    world w;
    client fresh(w);
    fresh.say("[3,{},'wamp.error.whatever']");
    CHECK(fresh.silent());
    CHECK(fresh.closed);
    client joined(w);
    joined.join();
    joined.say("[3,{},'wamp.error.whatever']");
    CHECK(joined.silent());
    CHECK(joined.closed);
}

TEST_CASE("malformed messages end the session with the reason")
{
    world w;
    for (auto const* bytes :
         {"", "nonsense", "{}", "[]", "[48]", "[48,1,{}]", "[48,-1,{},'a']", "[999,1]", "[16,1,{},17]"}) {
        client c(w);
        c.join();
        c.say_bytes(unquote(bytes));
        auto const m = c.next();
        CHECK(*m.at(2) == value("wamp.error.protocol_violation"));
        CHECK(m.at(1)->find("message")->is_text());
        CHECK(c.closed);
    }
    CHECK(w.counter("cerro_router_protocol_violations_total") == 9);
}

TEST_CASE("after its end a session is deaf")
{
    world w;
    client c(w);
    c.join();
    c.say(hello);
    c.next();
    c.say("[48,1,{},'a.b']");
    c.say(hello);
    CHECK(c.silent());
}

TEST_CASE("GOODBYE is answered with goodbye_and_out and the connection closed")
{
    world w;
    client c(w);
    c.join();
    c.say("[6,{},'wamp.close.normal']");
    CHECK(c.heard() == "[6,{},'wamp.close.goodbye_and_out']");
    CHECK(c.closed);
    CHECK(w.logic.find_realm("realm1")->session_count() == 0);
}

TEST_CASE("a router that shuts down says GOODBYE, ignores what follows, and waits for the answer")
{
    world w;
    client c(w);
    c.join();
    c.state().say_goodbye(ending::shutdown, wamp::uri::system_shutdown, "bye");
    CHECK(c.heard() == "[6,{'message':'bye'},'wamp.close.system_shutdown']");
    c.say("[48,1,{},'a.b']");
    CHECK(c.silent());
    CHECK_FALSE(c.closed);
    c.say("[6,{},'wamp.close.goodbye_and_out']");
    CHECK(c.silent());
    CHECK(c.closed);
}

TEST_CASE("a peer that does not answer GOODBYE is closed after its time")
{
    world w;
    client c(w);
    c.join();
    c.state().say_goodbye(ending::shutdown, wamp::uri::system_shutdown, "bye");
    w.pass(w.logic.env().limits.goodbye_timeout - std::chrono::milliseconds(1));
    CHECK_FALSE(c.closed);
    w.pass(std::chrono::milliseconds(1));
    CHECK(c.closed);
}

TEST_CASE("who does not say HELLO in time is closed")
{
    world w;
    client c(w);
    client quick(w);
    quick.join();
    w.pass(w.logic.env().limits.hello_timeout);
    CHECK(*c.next().at(2) == value("wamp.error.protocol_violation"));
    CHECK(c.closed);
    CHECK_FALSE(quick.closed);
    CHECK_FALSE(w.logic.env().deadlines.next().has_value());
}

TEST_CASE("session meta events and procedures")
{
    world w;
    client watcher(w);
    watcher.join();
    watcher.say("[32,1,{},'wamp.session.on_join']");
    watcher.say("[32,2,{},'wamp.session.on_leave']");
    watcher.next();
    watcher.next();

    client c(w);
    c.join();
    auto const joined = watcher.next();
    CHECK(*joined.at(1) == value(1));
    auto const& details = *joined.at(4)->at(0);
    CHECK(*details.find("session") == value(c.id));
    CHECK(*details.find("authrole") == value("anonymous"));
    CHECK(*details.find("transport")->find("peer") == value("tcp4:127.0.0.1:50000"));

    watcher.say("[48,1,{},'wamp.session.count']");
    CHECK(watcher.heard() == "[50,1,{},[2]]");
    watcher.say("[48,2,{},'wamp.session.count',[['reader']]]");
    CHECK(watcher.heard() == "[50,2,{},[0]]");
    watcher.say("[48,3,{},'wamp.session.list',[['anonymous']]]");
    CHECK(watcher.next().at(3)->at(0)->as_list()->size() == 2);
    watcher.say("[48,4,{},'wamp.session.get',[" + std::to_string(c.id) + "]]");
    CHECK(*watcher.next().at(3)->at(0)->find("authid") == value(c.state().who().authid));
    watcher.say("[48,5,{},'wamp.session.get',[1]]");
    CHECK(*watcher.next().at(4) == value("wamp.error.no_such_session"));
    watcher.say("[48,6,{},'wamp.session.get']");
    CHECK(*watcher.next().at(4) == value("wamp.error.invalid_argument"));
    watcher.say("[48,7,{},'wamp.session.count',['x']]");
    CHECK(*watcher.next().at(4) == value("wamp.error.invalid_argument"));
    watcher.say("[48,8,{},'wamp.session.nothing']");
    CHECK(*watcher.next().at(4) == value("wamp.error.no_such_procedure"));

    c.drop();
    auto const left = watcher.next();
    CHECK(*left.at(1) == value(2));
    CHECK(*left.at(4) == value(list{c.id}));  // as crossbar: without authid and authrole
}

TEST_CASE("what a peer says is cut short before it goes to the log")
{
    world w;
    std::string const big(100'000, 'x');
    client a(w);
    a.say("[1,'" + big + "',{'roles':{}}]");
    CHECK(a.state().ending_text().size() <= log_text(big).size());
    client b(w);
    b.say("[3,{},'" + big + "']");
    CHECK(b.state().ending_text().starts_with("aborted by peer: xxx"));
    CHECK(b.state().ending_text().size() == max_log_text);
    client c(w);
    c.say("[1,'realm1',{'roles':{},'authmethods':['" + big + "']}]");
    CHECK(c.state().ending_text().size() == max_log_text);
    CHECK(c.heard().size() < 1000);
    CHECK(log_text("a" + std::string(200, 'y') + "\xc3\xa4").size() == 203);
    std::string const umlauts = [] {
        std::string s = "a";
        for (int i = 0; i < 200; ++i) {
            s += "\xc3\xa4";
        }
        return s;
    }();
    CHECK(log_text(umlauts).size() == 255);
}

TEST_CASE("the recorded GOODBYE of an OCS client: the same answer but for its reason")
{
    std::ifstream file(CERRO_TEST_DATA "/ocs/wamp_client_goodbye.jsonl");
    std::vector<value> messages;
    for (std::string line; std::getline(file, line);) {
        auto const row = codec::from_json(line);
        REQUIRE(row.has_value());
        if (auto const* m = row->find("msg"); m != nullptr && m->at(0)->as_int() == 6) {
            messages.push_back(*m);
        }
    }
    REQUIRE(messages.size() == 2);
    world w;
    client c(w);
    c.join().say(codec::to_json(messages[0]));
    auto const answer = c.next();
    CHECK(*answer.at(0) == *messages[1].at(0));
    CHECK(*answer.at(1) == *messages[1].at(1));
    // An accepted difference: crossbar repeats the client's reason, the specification has goodbye_and_out.
    CHECK(*messages[1].at(2) == value("wamp.close.normal"));
    CHECK(*answer.at(2) == value("wamp.close.goodbye_and_out"));
    CHECK(c.closed);
}
