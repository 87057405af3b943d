#include "config/reader.hpp"
#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

using namespace cerro;
using namespace cerro::router;

namespace {

std::string quoted(std::string text)
{
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

/// A file with these realms and transports (JSON with ' for ").
result<settings> parse(std::string const& realms,
                       std::string const& transports,
                       std::string const& more = "",
                       load_options const& options = {})
{
    return parse_settings(quoted("{'version':2,'workers':[{'type':'router','id':'w1','realms':[" + realms +
                                 "],'transports':[" + transports + "]}]" + more + "}"),
                          "config.json",
                          options);
}

constexpr auto raw = "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'}}";

std::string trouble(result<settings> const& r)
{
    return r ? "none" : r.error().what;
}

}  // namespace

TEST_CASE("an OCS site's configuration")
{
    auto const s = parse(
        "{'name':'test_realm','roles':[{'name':'iocs_agent','permissions':[{'uri':'observatory.','match':'"
        "prefix',"
        "'allow':{'call':true,'register':true,'publish':true,'subscribe':true},'disclose':{'caller':false,'"
        "publisher':true},"
        "'cache':true}]},{'name':'iocs_controller','permissions':[{'uri':'observatory.*','allow':{'call':"
        "true}}]}]}",
        "{'type':'web','endpoint':{'type':'tcp','port':8001,'backlog':1024},'paths':{"
        "'/':{'type':'static','directory':'../www'},"
        "'ws':{'type':'websocket','auth':{'anonymous':{'type':'static','role':'iocs_agent'}},"
        "'options':{'enable_webstatus':true,'max_frame_size':1048576,'max_message_size':1048576,'auto_"
        "fragment_size':65536,"
        "'fail_by_drop':true,'open_handshake_timeout':2500,'close_handshake_timeout':1000,'auto_ping_"
        "interval':10000,"
        "'auto_ping_timeout':5000,'auto_ping_size':4,'compression':{'deflate':{}}}},"
        "'call':{'type':'caller','realm':'test_realm','role':'iocs_controller','options':{}}}}",
        "",
        {"/site/.crossbar", false});
    REQUIRE(trouble(s) == "none");
    REQUIRE(s->realms.size() == 1);
    auto const& agent = s->realms[0].roles[0].second.at(0);
    CHECK(agent.uri == "observatory.");
    CHECK(agent.match == wamp::match_policy::prefix);
    CHECK(agent.allow.register_);
    CHECK(agent.allow.disclose_publisher);
    CHECK_FALSE(agent.allow.disclose_caller);
    auto const& controller = s->realms[0].roles[1].second.at(0);
    CHECK(controller.uri == "observatory.");
    CHECK(controller.match == wamp::match_policy::prefix);
    CHECK(controller.allow.call);
    CHECK_FALSE(controller.allow.publish);

    REQUIRE(s->listeners.size() == 1);
    auto const& l = s->listeners[0];
    CHECK(l.endpoint.port == 8001);
    CHECK(l.endpoint.address == "0.0.0.0");
    REQUIRE(l.paths.size() == 3);
    CHECK(std::get<static_settings>(l.paths[0].what).directory == "/site/www");
    auto const& ws = std::get<wamp_settings>(l.paths[1].what);
    CHECK(l.paths[1].path == "/ws");
    CHECK(ws.access->anonymous_role == "iocs_agent");
    CHECK(ws.limits.handshake_timeout == std::chrono::milliseconds(2500));
    CHECK(ws.limits.ping_interval == std::chrono::seconds(10));
    CHECK(ws.limits.ping_timeout == std::chrono::seconds(15));
    CHECK(ws.limits.max_message == 1048576);
    CHECK(std::get<caller_settings>(l.paths[2].what).role == "iocs_controller");
    CHECK(ws.origins.admits("http://anywhere.example.org"));
    CHECK_FALSE(std::get<caller_settings>(l.paths[2].what).guard.origins.has_value());
    CHECK(ws.websocket.deflate.has_value());
    CHECK(ws.websocket.fail_by_drop);
    // all interfaces and no TLS: obeyed, but said
    REQUIRE(s->warnings.size() == 1);
    CHECK_THAT(s->warnings[0], Catch::Contains("all interfaces"));
}

TEST_CASE("a sisock site's configuration")
{
    setenv("CERRO_TEST_SECRET", "from the environment", 1);
    setenv("CERRO_TEST_PORT", "8123", 1);
    auto const s = parse(
        "{'name':'hub','roles':[{'name':'server','permissions':[{'uri':'','match':'prefix','allow':{'call':"
        "true}}]}]}",
        "{'type':'websocket','endpoint':{'type':'tcp','port':'$CERRO_TEST_PORT','tls':{'key':'key.pem',"
        "'certificate':'/etc/cert.pem','chain_certificates':['chain.pem']}},'serializers':['cbor','msgpack'],"
        "'auth':{'wampcra':{'type':'static','users':{'server':{'secret':'$CERRO_TEST_SECRET','role':'server'}"
        ","
        "'b':{'secret':'abc=','role':'server','salt':'x','iterations':100,'keylen':16}}},"
        "'ticket':{'type':'static','principals':{'joe':{'ticket':'t','role':'server'}}}}}",
        "",
        {"site", false});
    REQUIRE(trouble(s) == "none");
    CHECK(s->warnings.empty());
    auto const& l = s->listeners[0];
    CHECK(l.type == listener_settings::kind::websocket);
    CHECK(l.endpoint.port == 8123);
    CHECK(l.endpoint.tls->key == "site/key.pem");
    CHECK(l.endpoint.tls->certificate == "/etc/cert.pem");
    CHECK(l.endpoint.tls->chain == std::vector<std::string>{"site/chain.pem"});
    CHECK(l.wamp.serializers == std::vector{codec::serializer::cbor, codec::serializer::msgpack});
    CHECK_FALSE(l.wamp.batched);
    auto const& users = *l.wamp.access->wampcra;
    CHECK(users.known->find("server")->wampcra.secret == "from the environment");
    CHECK(users.known->find("b")->wampcra.salt == "x");
    CHECK(users.known->find("b")->wampcra.keylen == 16);
    CHECK(l.wamp.access->ticket->known->find("joe")->ticket == "t");
    CHECK_FALSE(l.wamp.access->anonymous_role.has_value());
    auto const shown = describe(*s);
    CHECK(shown.find("from the environment") == std::string::npos);
    CHECK(shown.find("\"server\"") != std::string::npos);
}

TEST_CASE("our own limits")
{
    auto const s = parse("",
                         raw,
                         ",'cerro':{'drain_time':'3s','limits':{'max_message':'1MiB','pending_bytes':4096,"
                         "'write_deadline':'250ms','max_subscriptions':5,'hello_timeout':'1min'}}");
    REQUIRE(trouble(s) == "none");
    CHECK(s->drain_time == std::chrono::seconds(3));
    CHECK(s->listeners[0].wamp.limits.max_message == 1U << 20U);
    CHECK(s->listeners[0].wamp.limits.pending_bytes == 4096);
    CHECK(s->listeners[0].wamp.limits.write_deadline == std::chrono::milliseconds(250));
    CHECK(s->sessions.max_subscriptions == 5);
    CHECK(s->sessions.hello_timeout == std::chrono::minutes(1));
}

TEST_CASE("an unknown key is an error with its place and a suggestion")
{
    auto const r = parse_settings(
        "{\n  \"version\": 2,\n  \"workers\": [{\n    \"type\": \"router\",\n    \"realms\": [{\"name\": "
        "\"r\", \"roles\": [{\"name\": "
        "\"x\",\n        \"permision\": []}]}]\n  }]\n}\n",
        "config.json");
    CHECK(trouble(r).find("config.json:6:") == 0);
    CHECK(trouble(r).find(
              "workers[0].realms[0].roles[0].permision: unknown key; did you mean 'permissions'?") !=
          std::string::npos);
}

TEST_CASE("what is wrong is said, and where")
{
    auto const has = [](result<settings> const& r, std::string const& text) {
        INFO(trouble(r));
        CHECK(trouble(r).find(text) != std::string::npos);
    };
    has(parse_settings("{", "c.json"), "c.json:1:");
    has(parse_settings("[]", "c.json"), "expected an object");
    has(parse_settings("{\"version\":1,\"workers\":[]}", "c.json"), "version must be 2");
    has(parse_settings("{\"version\":2,\"workers\":[]}", "c.json"), "no worker of type router");
    has(parse("{'roles':[]}", raw), "the key 'name' is missing");
    has(parse("{'name':'a'},{'name':'a'}", raw), "realm 'a' is configured twice");
    has(parse("{'name':'a','roles':[{'name':'x','authorizer':'y..z'}]}", raw),
        "is not the URI of a procedure");
    has(parse("{'name':'a','roles':[{'name':'x','permissions':[{'uri':'a','match':'like'}]}]}", raw),
        "must be exact, prefix or wildcard");
    has(parse("{'name':'a','roles':[{'name':'x','permissions':[{'uri':'a','allow':{'cal':true}}]}]}", raw),
        "did you mean 'call'?");
    has(parse("", "{'type':'mqtt'}"), "transports of type 'mqtt' are not supported");
    has(parse("", "{'type':'rawsocket'}"), "the key 'endpoint' is missing");
    has(parse("", "{'type':'rawsocket','endpoint':{'type':'tcp'}}"), "the key 'port' is missing");
    has(parse("", "{'type':'rawsocket','endpoint':{'type':'tcp','port':70000}}"), "out of range");
    has(parse("", "{'type':'rawsocket','endpoint':{'type':'tcp','port':'$CERRO_TEST_NOT_SET'}}"),
        "environment variable 'CERRO_TEST_NOT_SET' is not set");
    setenv("CERRO_TEST_PORT", "many", 1);
    has(parse("", "{'type':'rawsocket','endpoint':{'type':'tcp','port':'$CERRO_TEST_PORT'}}"),
        "is not a port");
    has(parse("", "{'type':'rawsocket','endpoint':{'type':'tcp','port':1,'tls':{'key':'k'}}}"),
        "the key 'certificate' is missing");
    has(parse("", "{'type':'rawsocket','serializers':['ubjson'],'endpoint':{'type':'unix','path':'s'}}"),
        "none of these serializers");
    has(parse("", "{'type':'rawsocket','serializers':['xml'],'endpoint':{'type':'unix','path':'s'}}"),
        "is no serializer");
    has(parse("",
              "{'type':'web','endpoint':{'type':'tcp','port':1},'paths':{'a/"
              "b':{'type':'static','directory':'d'}}}"),
        "a path is '/'");
    has(parse("", "{'type':'web','endpoint':{'type':'tcp','port':1},'paths':{'x':{'type':'wsgi'}}}"),
        "paths of type 'wsgi' cannot be served by this router");
    has(parse("",
              "{'type':'web','endpoint':{'type':'tcp','port':1},'paths':{'x':{'type':'caller','realm':'a','"
              "role':'b'}}}"),
        "there is no realm 'a'");
    has(parse("{'name':'a'}",
              "{'type':'web','endpoint':{'type':'tcp','port':1},'paths':{'x':{'type':'caller','realm':'a','"
              "role':'b'}}}"),
        "realm 'a' has no role 'b'");
    has(parse("", raw, ",'cerro':{'limits':{'max_message':'much'}}"), "is not a size");
    has(parse("", raw, ",'cerro':{'limits':{'write_deadline':10}}"), "is not a duration");
    has(parse("", raw, ",'cerro':{'limits':{'max_calls_open':0}}"), "out of range");
    has(parse("", raw, ",'cerro':{'limit':{}}"), "did you mean 'limits'?");
}

TEST_CASE("all problems are shown at once")
{
    auto const r = parse("{'name':'a','rolls':[]}", "{'type':'rawsocket','endpoint':{'type':'tcp'}}");
    CHECK(trouble(r).find("rolls") != std::string::npos);
    CHECK(trouble(r).find("port") != std::string::npos);
}

TEST_CASE("containers and components are refused, or left out on request")
{
    auto const text = quoted("{'version':2,'workers':[{'type':'router','transports':[" + std::string(raw) +
                             "],'components':[{'type':'class'}]},{'type':'guest'}]}");
    CHECK(trouble(parse_settings(text, "c")).find("--skip-components") != std::string::npos);
    auto const s = parse_settings(text, "c", {".", true});
    REQUIRE(trouble(s) == "none");
    CHECK(s->warnings.size() == 2);
}

TEST_CASE("a secret of a wrong type is not shown")
{
    auto const r = parse(
        "",
        "{'type':'rawsocket','auth':{'wampcra':{'type':'static','users':{'u':{'secret':918273,'role':'r'}}}},"
        "'endpoint':{'type':'unix','path':'s'}}");
    CHECK(trouble(r).find("secret") != std::string::npos);
    CHECK(trouble(r).find("918273") == std::string::npos);
}

TEST_CASE("sizes and durations")
{
    CHECK(parse_size("17") == 17);
    CHECK(parse_size("16MiB") == 16U << 20U);
    CHECK(parse_size("2 kB") == 2000);
    CHECK(parse_size("1GiB") == 1U << 30U);
    CHECK_FALSE(parse_size("").has_value());
    CHECK_FALSE(parse_size("-1").has_value());
    CHECK_FALSE(parse_size("1 parsec").has_value());
    CHECK_FALSE(parse_size("99999999999GiB").has_value());
    CHECK(parse_duration("250ms") == std::chrono::milliseconds(250));
    CHECK(parse_duration("1h") == std::chrono::hours(1));
    CHECK_FALSE(parse_duration("10").has_value());
    CHECK_FALSE(parse_duration("s").has_value());
}

TEST_CASE("a file that is not there")
{
    CHECK(trouble(load_settings("/nowhere/config.json")).find("/nowhere/config.json") == 0);
}

TEST_CASE("keys that guard something are obeyed, or it is said that they are not")
{
    auto const s = parse(
        "{'name':'r','options':{'uri_check':'strict','enable_meta_api':false,'bridge_meta_api':false},"
        "'roles':[{'name':'a','permissions':[]}]}",
        "{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1','tls':{'key':'k','"
        "certificate':'c',"
        "'ciphers':'X','dhparam':'d'}},'paths':{'ws':{'type':'websocket','options':{'allowed_origins':['http:"
        "//a'],"
        "'allow_null_origin':false,'require_websocket_subprotocol':true,'tcp_nodelay':true}},"
        "'call':{'type':'caller','realm':'r','role':'a','options':{'allowed_origins':[]}}}}",
        ",'cerro':{'limits':{'auth_failures':4}}");
    REQUIRE(trouble(s) == "none");
    CHECK(s->realms[0].options.uri_check == wamp::uri_rule::strict);
    CHECK_FALSE(s->realms[0].options.meta_api);
    auto const& origins = std::get<wamp_settings>(s->listeners[0].paths[0].what).origins;
    CHECK(origins.admits("http://a:80"));
    CHECK_FALSE(origins.admits("http://b"));
    CHECK_FALSE(origins.admits("null"));
    auto const& caller = std::get<caller_settings>(s->listeners[0].paths[1].what).guard.origins;
    REQUIRE(caller.has_value());
    CHECK_FALSE(caller->admits("http://a"));
    CHECK(s->sessions.auth_failures == 4);
    REQUIRE(s->listeners[0].endpoint.tls.has_value());
    CHECK(s->listeners[0].endpoint.tls->ciphers == "X");
    CHECK_THAT(s->listeners[0].endpoint.tls->dhparam, Catch::EndsWith("d"));
    CHECK(s->warnings.empty());

    CHECK_THAT(trouble(parse("{'name':'r','options':{'uri_check':'odd'}}", raw)),
               Catch::Contains("'odd' must be loose or strict"));
    auto const weaker =
        parse("{'name':'r'}",
              "{'type':'websocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},"
              "'options':{'require_websocket_subprotocol':false}}");
    REQUIRE(trouble(weaker) == "none");
    CHECK_FALSE(weaker->listeners[0].wamp.websocket.require_subprotocol);
}
