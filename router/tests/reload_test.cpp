#include "support.hpp"

#include <boost/asio/ip/tcp.hpp>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
namespace asio = boost::asio;

namespace {

struct site_parts {
    std::string permissions =
        "{'uri':'observatory.','match':'prefix','allow':{'call':true,'register':true,'publish':true,'"
        "subscribe':"
        "true}}";
    std::string more_roles;
    std::string more_realms;
    std::string transports =
        "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},"
        "'auth':{'anonymous':{'type':'static','role':'agent'}}}";
    std::string cerro = "{}";
};

settings parsed(site_parts const& p)
{
    auto s = parse_settings(
        quoted("{'version':2,'workers':[{'type':'router','realms':[{'name':'realm1','roles':[{'name':'agent',"
               "'permissions':[" +
               p.permissions + "]}" + p.more_roles + "]}" + p.more_realms + "],'transports':[" +
               p.transports + "]}],'cerro':" + p.cerro + "}"),
        "config.json");
    if (!s) {
        FAIL(s.error().what);
    }
    return std::move(*s);
}

constexpr auto controller =
    ",{'name':'controller','permissions':[{'uri':'observatory.','match':'prefix','allow':{'call':true}}]}";
constexpr auto web_with_call =
    ",{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{"
    "'call':{'type':'caller','realm':'realm1','role':'controller'}}}";

/// A router with these parts; host's constructor takes JSON text.
struct changing : host {
    explicit changing(site_parts const& p)
        : host(quoted(
              "{'version':2,'workers':[{'type':'router','realms':[{'name':'realm1','roles':[{'name':'agent',"
              "'permissions':[" +
              p.permissions + "]}" + p.more_roles + "]}" + p.more_realms + "],'transports':[" + p.transports +
              "]}],'cerro':" + p.cerro + "}"))
    {}
    std::vector<std::string> change(site_parts const& p) { return router->reload(parsed(p)); }
};

std::shared_ptr<client> in_role(host& h, std::string const& realm)
{
    auto c = client::connect(h.io, h.url("rawsocket", "rs"), codec::serializer::msgpack);
    c->say("[1,'" + realm + "',{'roles':{'caller':{},'callee':{}}}]");
    return c;
}

}  // namespace

TEST_CASE("reload: new permissions hold for the next request of a present session")
{
    site_parts p;
    changing h(p);
    auto c = h.raw();
    c->say("[64,1,{},'observatory.x']");
    CHECK(c->next().at(0)->as_int() == 65);
    c->say("[64,2,{},'elsewhere.x']");
    CHECK(*c->next().at(4) == value("wamp.error.not_authorized"));
    p.permissions = "{'uri':'elsewhere.','match':'prefix','allow':{'register':true}}";
    CHECK(h.change(p).empty());
    c->say("[64,3,{},'elsewhere.x']");
    CHECK(c->next().at(0)->as_int() == 65);
    c->say("[64,4,{},'observatory.y']");
    CHECK(*c->next().at(4) == value("wamp.error.not_authorized"));
    CHECK(h.router->session_count() == 1);
}

TEST_CASE("reload: sessions of a role that is gone get GOODBYE, others stay")
{
    site_parts p;
    p.more_roles = controller;
    p.transports +=
        ",{'type':'websocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},"
        "'auth':{'anonymous':{'type':'static','role':'controller'}}}";
    changing h(p);
    auto stays = h.raw();
    auto goes = client::connect(h.io, h.url("websocket", "ws"));
    goes->join();
    p.more_roles.clear();
    p.transports = site_parts().transports;
    h.change(p);
    auto const m = goes->next();
    CHECK(m.at(0)->as_int() == 6);
    CHECK(*m.at(2) == value("wamp.close.close_realm"));
    goes->say("[6,{},'wamp.close.goodbye_and_out']");
    CHECK(goes->wait_closed());
    stays->say("[48,1,{},'observatory.none']");
    CHECK(*stays->next().at(4) == value("wamp.error.no_such_procedure"));
    CHECK(h.router->session_count() == 1);
    CHECK(h.metrics.text().find("reason=\"config_changed\"} 1") != std::string::npos);
}

TEST_CASE("reload: realms come and go")
{
    site_parts p;
    p.more_realms = ",{'name':'second','roles':[{'name':'agent','permissions':[]}]}";
    changing h(p);
    auto first = h.raw();
    auto second = in_role(h, "second");
    CHECK(second->next().at(0)->as_int() == 2);
    p.more_realms = ",{'name':'third','roles':[{'name':'agent','permissions':[]}]}";
    h.change(p);
    CHECK(*second->next().at(2) == value("wamp.close.close_realm"));
    second->say("[6,{},'wamp.close.goodbye_and_out']");
    CHECK(second->wait_closed());
    auto late = in_role(h, "second");
    CHECK(*late->next().at(2) == value("wamp.error.no_such_realm"));
    auto third = in_role(h, "third");
    CHECK(third->next().at(0)->as_int() == 2);
    first->say("[64,1,{},'observatory.x']");
    CHECK(first->next().at(0)->as_int() == 65);
    // and back: a realm of that name is a new one
    p.more_realms = ",{'name':'second','roles':[{'name':'agent','permissions':[]}]}";
    h.change(p);
    auto again = in_role(h, "second");
    CHECK(again->next().at(0)->as_int() == 2);
}

TEST_CASE("reload: listeners come and go; those that stay keep socket and sessions")
{
    site_parts p;
    changing h(p);
    auto const port = h.router->port("rawsocket");
    auto present = h.raw();
    p.more_roles = controller;
    p.transports += web_with_call;
    h.change(p);
    CHECK(h.router->port("rawsocket") == port);
    CHECK(h.fetch("POST", "/call", R"({"procedure":"observatory.none"})").status == 200);
    CHECK(h.fetch("GET", "/new", "").status == 404);
    auto const web_port = h.router->port("web");
    // a path more
    p.transports.insert(p.transports.size() - 2, ",'new':{'type':'json','value':[1,2]}");
    h.change(p);
    CHECK(h.router->port("web") == web_port);
    CHECK(h.fetch("GET", "/new", "").body == "[1,2]");
    // the web listener goes
    p.transports = site_parts().transports;
    h.change(p);
    CHECK(h.router->port("web") == 0);
    asio::ip::tcp::socket socket(h.io);
    boost::system::error_code ec;
    socket.connect({asio::ip::address_v4::loopback(), web_port}, ec);
    CHECK(ec);
    present->say("[48,1,{},'observatory.none']");
    CHECK(present->next().at(0)->as_int() == 8);
}

TEST_CASE("reload: a new path may stand in a new realm")
{
    site_parts p;
    changing h(p);
    p.more_realms =
        ",{'name':'second','roles':[{'name':'web','permissions':[{'uri':'','match':'prefix','allow':{"
        "'call':true}}]}]}";
    p.transports +=
        ",{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{"
        "'call':{'type':'caller','realm':'second','role':'web'}}}";
    h.change(p);
    CHECK_THAT(h.fetch("POST", "/call", R"({"procedure":"wamp.session.count"})").body,
               Catch::Contains("args"));
    h.change(site_parts());
    CHECK(h.router->port("web") == 0);
}

TEST_CASE("reload: authentication changes for those who join")
{
    site_parts p;
    changing h(p);
    auto present = h.raw();
    p.transports =
        "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'auth':{'ticket':{"
        "'type':'static','principals':{'joe':{'ticket':'new','role':'agent'}}}}}";
    h.change(p);
    auto anonymous = client::connect(h.io, h.url("rawsocket", "rs"));
    anonymous->say("[1,'realm1',{'roles':{'caller':{}}}]");
    CHECK(anonymous->next().at(0)->as_int() == 3);
    auto joe = client::connect(h.io, h.url("rawsocket", "rs"));
    joe->say("[1,'realm1',{'roles':{'caller':{}},'authmethods':['ticket'],'authid':'joe'}]");
    CHECK(joe->next().at(0)->as_int() == 4);
    joe->say("[5,'new',{}]");
    CHECK(joe->next().at(0)->as_int() == 2);
    present->say("[48,1,{},'observatory.none']");
    CHECK(present->next().at(0)->as_int() == 8);
}

TEST_CASE("reload: limits change, and what cannot is named")
{
    site_parts p;
    changing h(p);
    auto c = h.raw();
    c->say("[32,1,{},'observatory.a']");
    CHECK(c->next().at(0)->as_int() == 33);
    p.cerro = "{'limits':{'max_subscriptions':1}}";
    CHECK(h.change(p).empty());
    c->say("[32,2,{},'observatory.b']");
    CHECK(c->next().at(0)->as_int() == 8);
    p.transports =
        "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1','backlog':5},"
        "'auth':{'anonymous':{'type':'static','role':'agent'}}}";
    auto const restart = h.change(p);
    REQUIRE(restart.size() == 1);
    CHECK_THAT(restart[0], Catch::Contains("transports[0]"));
    CHECK(h.router->port("rawsocket") != 0);
}

TEST_CASE("reload: when a port is in use nothing changes at all")
{
    site_parts p;
    changing h(p);
    auto c = h.raw();
    asio::ip::tcp::acceptor taken(h.io, {asio::ip::address_v4::loopback(), 0});
    p.permissions = "{'uri':'elsewhere.','match':'prefix','allow':{'register':true}}";
    p.more_realms = ",{'name':'second','roles':[{'name':'agent','permissions':[]}]}";
    p.transports += ",{'type':'rawsocket','endpoint':{'type':'tcp','interface':'127.0.0.1','port':" +
                    std::to_string(taken.local_endpoint().port()) + "}}";
    CHECK_THROWS_WITH(h.change(p), Catch::Contains("Address already in use"));
    c->say("[64,1,{},'observatory.x']");
    CHECK(c->next().at(0)->as_int() == 65);
    auto other = in_role(h, "second");
    CHECK(*other->next().at(2) == value("wamp.error.no_such_realm"));
    CHECK(h.router->listeners().size() == 1);
}

TEST_CASE("reload: an HTTP request that waits is not disturbed by new paths")
{
    site_parts p;
    p.more_roles = controller;
    p.transports += web_with_call;
    changing h(p);
    auto callee = h.raw(codec::serializer::cbor);
    callee->say("[64,1,{},'observatory.x']");
    callee->next();
    std::optional<http::response> answer;
    asio::co_spawn(
        h.io,
        http::fetch("POST", h.url("web", "http", "/call"), R"({"procedure":"observatory.x"})", {}, 5s),
        [&](std::exception_ptr, result<http::response> r) { answer = std::move(*r); });
    auto const m = callee->next();
    p.transports = site_parts().transports +
                   ",{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{"
                   "'other':{'type':'nodeinfo'}}}";
    h.change(p);
    callee->say("[70," + std::to_string(m.at(1)->as_uint().value()) + ",{},[7]]");
    REQUIRE(run_until(h.io, [&] { return answer.has_value(); }));
    CHECK(answer->body == R"({"args":[7]})");
    CHECK(h.fetch("POST", "/call", "{}").status == 404);
}
