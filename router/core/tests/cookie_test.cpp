#include "world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

namespace {

struct setting {
    world w;
    access_rules rules;
    wall_time wall{std::chrono::hours(1)};

    setting()
    {
        w.logic.env().wall = [this] { return wall; };
        principal joe;
        joe.role = "reader";
        joe.ticket = "t";
        rules.ticket = method_rules::of({{"joe", joe}});
        rules.anonymous_role = "anonymous";
        rules.cookie = true;
        rules.cookies = std::make_shared<cookie_store>(cookie_rules());
    }
    /// A browser with the Cookie header of an earlier Set-Cookie; it gets a new id if that is unknown.
    client connect(std::string& id)
    {
        auto details = std::make_shared<link_details>();
        auto const known = rules.cookies->known_id({{"cookie", "a=b; cbtid=" + id + "; c=d"}}, wall);
        id = known.empty() ? rules.cookies->new_id() : known;
        details->cookie = id;
        return client(w, codec::serializer::json, std::make_shared<access_rules const>(rules), details);
    }
    static void hello(client& c, std::string const& methods)
    {
        c.say("[1,'realm1',{'roles':{'caller':{}},'authid':'joe','authmethods':" + methods + "}]");
    }
    static std::string method(client& c)
    {
        auto const m = c.next();
        return m.at(0)->as_int() == 2 ? *m.at(2)->find("authmethod")->as_text() : codec::to_json(m);
    }
    void log_in(client& c)
    {
        hello(c, "['cookie','ticket']");
        REQUIRE(c.next().at(0)->as_int() == 4);
        c.say("[5,'t',{}]");
        REQUIRE(method(c) == "ticket");
    }
};

}  // namespace

TEST_CASE_METHOD(setting, "a cookie brings a log-in back, until it ends")
{
    std::string id;
    {
        auto c = connect(id);
        log_in(c);
    }
    auto const first = id;
    auto c = connect(id);
    CHECK(id == first);
    hello(c, "['ticket','cookie']");
    auto const m = c.next();
    REQUIRE(m.at(0)->as_int() == 2);
    CHECK(*m.at(2)->find("authmethod") == value("cookie"));
    CHECK(*m.at(2)->find("authprovider") == value("cookie"));
    CHECK(*m.at(2)->find("authid") == value("joe"));
    CHECK(*m.at(2)->find("authrole") == value("reader"));
    wall += cookie_rules().max_age;
    auto d = connect(id);
    CHECK(id != first);
    hello(d, "['cookie']");
    CHECK(*d.next().at(2) == value("wamp.error.no_auth_method"));
}

TEST_CASE_METHOD(setting, "an id that a client made up, and an anonymous session, are bound to nothing")
{
    std::string id(24, 'a');
    auto c = connect(id);
    CHECK(id != std::string(24, 'a'));
    hello(c, "['anonymous']");
    CHECK(method(c) == "anonymous");
    CHECK(c.state().who().authid != id);
    CHECK(rules.cookies->size() == 0);
}

TEST_CASE_METHOD(setting, "who joins by other means gives the cookie's log-in up")
{
    std::string id;
    {
        auto c = connect(id);
        log_in(c);
    }
    auto c = connect(id);
    hello(c, "['anonymous']");
    CHECK(method(c) == "anonymous");
    CHECK(rules.cookies->size() == 0);
}

TEST_CASE_METHOD(setting, "a log-out forgets the cookie and ends all its sessions")
{
    std::string id;
    auto c = connect(id);
    log_in(c);
    auto d = connect(id);
    hello(d, "['cookie']");
    CHECK(method(d) == "cookie");
    std::string other_id;
    auto other = connect(other_id);
    log_in(other);
    c.say("[6,{},'wamp.close.logout']");
    CHECK(*c.next().at(2) == value("wamp.close.goodbye_and_out"));
    CHECK(*d.next().at(2) == value("wamp.close.logout"));
    CHECK(other.silent());
    auto e = connect(id);
    hello(e, "['cookie']");
    CHECK(e.next().at(0)->as_int() == 3);
    CHECK(rules.cookies->sessions(other_id).size() == 1);
    other.drop();
    CHECK(rules.cookies->sessions(other_id).empty());
}

TEST_CASE_METHOD(setting, "log-ins survive in a text that holds no id, and bad texts are refused")
{
    std::string id;
    {
        auto c = connect(id);
        log_in(c);
    }
    auto const text = rules.cookies->text();
    CHECK(text.find(id) == std::string::npos);
    auto const before = id;
    rules.cookies = std::make_shared<cookie_store>(cookie_rules());
    REQUIRE(rules.cookies->load(text, wall).has_value());
    auto c = connect(id);
    CHECK(id == before);
    hello(c, "['cookie']");
    CHECK(method(c) == "cookie");
    for (auto const* const bad : {"", "[]", "{}", R"({"cookies":[{}]})", R"({"cookies":[17]})"}) {
        CHECK_FALSE(rules.cookies->load(bad, wall).has_value());
    }
}

TEST_CASE("cookies: what the browser is told, and how many log-ins are kept")
{
    cookie_rules r;
    r.length = 7;
    r.max_age = std::chrono::seconds(60);
    r.secure = r.http_strict = true;
    r.same_site = "Lax";
    cookie_store store(r);
    auto const id = store.new_id();
    CHECK(id.size() == 7);
    CHECK(store.header(id) == "cbtid=" + id + ";max-age=60;Secure;HttpOnly;SameSite=Lax");
    wall_time now{std::chrono::hours(1)};
    for (std::size_t i = 0; i < cookie_store::max_logins + 5; ++i) {
        store.bind(std::to_string(i), {"joe", "r", "ticket", "realm1"}, now + std::chrono::milliseconds(i));
    }
    CHECK(store.size() == cookie_store::max_logins);
    CHECK(store.find("0", now) == nullptr);
    CHECK(store.find(std::to_string(cookie_store::max_logins), now) != nullptr);
}
