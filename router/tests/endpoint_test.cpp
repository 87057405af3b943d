// The configuration of listeners and of slow sessions.

#include <cerro/router/settings.hpp>

#include <catch2/catch.hpp>

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

/// A file with this realm and these transports (JSON with ' for ").
result<settings> parse(std::string const& realm, std::string const& transports, std::string const& more = "")
{
    return parse_settings(quoted("{'version':2,'workers':[{'type':'router','realms':[" + realm +
                                 "],'transports':[" + transports + "]}]" + more + "}"),
                          "config.json");
}

/// One RawSocket listener at this endpoint.
result<settings> at(std::string const& endpoint)
{
    return parse("{'name':'r1','roles':[]}", "{'type':'rawsocket','endpoint':{" + endpoint + "}}");
}

std::string trouble(result<settings> const& r)
{
    return r ? "none" : r.error().what;
}

constexpr auto raw = "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'}}";

}  // namespace

TEST_CASE("config: a role's slow sessions are disconnected, or lose events where that is said")
{
    auto const role = [](std::string const& more) {
        return "{'name':'r1','roles':[{'name':'watcher','permissions':[]" + more + "}]}";
    };
    CHECK(parse(role(""), raw)->realms[0].drop_oldest.empty());
    CHECK(parse(role(",'cerro':{'slow':'disconnect'}"), raw)->realms[0].drop_oldest.empty());
    CHECK(parse(role(",'cerro':{'slow':'drop-oldest'}"), raw)->realms[0].drop_oldest ==
          std::vector<std::string>{"watcher"});
    auto const wrong = parse(role(",'cerro':{'slow':'drop'}"), raw);
    REQUIRE(wrong.has_error());
    CHECK(wrong.error().what.find("'drop' must be disconnect or drop-oldest") != std::string::npos);
}

TEST_CASE("config: all keys of a TCP endpoint")
{
    auto const s =
        at("'type':'tcp','version':6,'portrange':[9000,9010],'shared':true,'backlog':7,'user_timeout':4000,"
           "'tls':{'key':'k.pem','certificate':'/c.pem','chain_certificates':['i.pem'],'ca_certificates':"
           "['ca.pem'],'dhparam':'dh.pem','ciphers':'ECDHE','cerro':{'crl':'r.pem'}},"
           "'cerro':{'proxy_protocol':true,'trusted':['10.0.0.0/8']}");
    CAPTURE(trouble(s));
    REQUIRE(s.has_value());
    auto const& e = s->listeners.at(0).endpoint;
    CHECK(e.address == "::");
    CHECK(e.port == 9000);
    CHECK(e.last_port == 9010);
    CHECK(e.shared);
    CHECK(e.backlog == 7);
    CHECK(e.user_timeout == std::chrono::seconds(4));
    CHECK(e.tls->ca == std::vector<std::string>{"ca.pem"});
    CHECK(e.tls->dhparam == "dh.pem");
    CHECK(e.tls->ciphers == "ECDHE");
    CHECK(e.tls->crl == "r.pem");
    CHECK(e.proxy_protocol);
    CHECK(e.trusted == std::vector<std::string>{"10.0.0.0/8"});
    CHECK(describe(*s).find("\"client_certificates\": true") != std::string::npos);
}

TEST_CASE("config: a Unix endpoint with its mode")
{
    auto const s = at("'type':'unix','path':'/run/r.sock','cerro':{'mode':'660'}");
    REQUIRE(s.has_value());
    CHECK(s->listeners.at(0).endpoint.unix_path == "/run/r.sock");
    CHECK(s->listeners.at(0).endpoint.unix_mode == 0660U);
    CHECK(trouble(at("'type':'unix','path':'/x','cerro':{'mode':'rw'}")).find("'rw' is no mode") !=
          std::string::npos);
}

TEST_CASE("config: wrong endpoints are named")
{
    auto const says = [](std::string const& endpoint, std::string const& what) {
        auto const text = trouble(at(endpoint));
        CAPTURE(endpoint, text);
        CHECK(text.find(what) != std::string::npos);
    };
    says("'type':'tcp'", "the key 'port' is missing");
    says("'type':'tcp','port':1,'portrange':[1,2]", "not both");
    says("'type':'tcp','portrange':[2,1]", "the smaller one first");
    says("'type':'tcp','portrange':[1]", "the first and the last port");
    says("'type':'tcp','portrange':[0,70000]", "1 to 65535");
    says("'type':'tcp','port':1,'user_timeout':0", "user_timeout");
    says("'type':'tcp','port':1,'cerro':{'proxy_protocol':true}", "needs 'trusted'");
    says("'type':'tcp','port':1,'cerro':{'trusted':['10.0.0.0/40']}", "0 to 32 bits");
    says("'type':'tcp','port':1,'tls':{'key':'k','certificate':'c','ca_certificates':[]}", "an empty list");
    says("'type':'tcp','port':1,'tls':{'key':'k','certificate':'c','cerro':{'crl':'x'}}",
         "needs ca_certificates");
    says("'type':'tls','port':1", "'tls' is no type of endpoint");
}

TEST_CASE("config: a universal transport has RawSocket, WebSocket paths and web paths")
{
    auto const universal = [](std::string const& parts) {
        return parse(
            "{'name':'r1','roles':[{'name':'anonymous','permissions':[]}]}",
            "{'type':'universal','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'}" + parts + "}");
    };
    auto const s = universal(
        ",'rawsocket':{'serializers':['cbor']},'websocket':{'ws':{},'/':{'options':"
        "{'max_message_size':1000}}},'web':{'paths':{'info':{'type':'nodeinfo'}}}");
    CAPTURE(trouble(s));
    REQUIRE(s.has_value());
    auto const& l = s->listeners.at(0);
    CHECK(l.type == listener_settings::kind::universal);
    CHECK(l.rawsocket);
    CHECK(l.wamp.serializers == std::vector{codec::serializer::cbor});
    REQUIRE(l.paths.size() == 3);
    CHECK(l.paths[0].path == "/ws");
    CHECK(l.paths[1].path == "/");
    CHECK(std::get<wamp_settings>(l.paths[1].what).limits.max_message == 1000);
    CHECK(l.paths[2].path == "/info");
    CHECK(!universal(",'websocket':{'ws':{}}")->listeners.at(0).rawsocket);

    CHECK(trouble(universal("")).find("at least one of") != std::string::npos);
    CHECK(trouble(universal(",'mqtt':{}")).find("MQTT is not supported") != std::string::npos);
    CHECK(trouble(universal(",'websocket':{'a b':{}}")).find("a path is") != std::string::npos);
    CHECK(trouble(universal(",'websocket':{'ws':{}},'web':{'paths':{'ws':{'type':'nodeinfo'}}}"))
              .find("configured twice") != std::string::npos);
}

TEST_CASE("config: limits of listening; none is written out")
{
    auto const with = [](std::string const& limits) {
        return parse("{'name':'r1','roles':[]}", raw, ",'cerro':{'limits':{" + limits + "}}");
    };
    auto const usual = with("");
    REQUIRE(usual.has_value());
    CHECK(usual->admission.connections == 10'000);
    CHECK(usual->admission.connections_per_address == 500);
    CHECK(usual->admission.connection_rate == 100);
    CHECK(!usual->admission.limit_loopback);
    CHECK(usual->pending_total > 0);
    CHECK(usual->pending_total <= 1U << 30U);
    CHECK(usual->tls_timeout == std::chrono::seconds(5));
    auto const s = with(
        "'max_connections':7,'connections_per_address':'none','connection_rate':3,"
        "'limit_loopback':true,'pending_total':'2MiB','tls_timeout':'1s'");
    REQUIRE(s.has_value());
    CHECK(s->admission.connections == 7);
    CHECK(s->admission.connections_per_address == transport::admission_limits::none);
    CHECK(s->admission.connection_rate == 3);
    CHECK(s->admission.limit_loopback);
    CHECK(s->pending_total == 2U << 20U);
    CHECK(s->tls_timeout == std::chrono::seconds(1));
    CHECK(describe(*s).find("\"connections_per_address\": \"none\"") != std::string::npos);
    CHECK(with("'connection_rate':0").has_error());
}
