#include <cerro/base/result.hpp>
#include <cerro/dans/connection.hpp>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>

namespace {

using namespace cerro;
using namespace cerro::dans;

connection_defaults const server_defaults{"server", std::string(stock_server_secret)};
connection_defaults const feed_defaults{"server", std::string(stock_server_secret), true};

client::options make(connection_settings const& s,
                     std::map<std::string, std::string> env = {},
                     connection_defaults const& d = server_defaults)
{
    return make_client_options("test", s, d, [&env](char const* name) -> char const* {
        auto const it = env.find(name);
        return it == env.end() ? nullptr : it->second.c_str();
    });
}

client::wampcra_auth cra(client::options const& o)
{
    REQUIRE(std::holds_alternative<client::wampcra_auth>(o.credentials));
    return std::get<client::wampcra_auth>(o.credentials);
}

TEST_CASE("connection: without options and environment it is the TLS port with the stock secret")
{
    auto const o = make({});
    REQUIRE(o.connection.url == "wss://localhost:8080/ws");
    REQUIRE(o.realm == "test_realm");
    REQUIRE(cra(o).authid == "server");
    REQUIRE(cra(o).secret == stock_server_secret);
}

TEST_CASE("connection: the environment of sisock's containers is honoured")
{
    auto const o = make({},
                        {{"CROSSBAR_HOST", "sisock-crossbar"},
                         {"CROSSBAR_TLS_PORT", "8443"},
                         {"WAMP_USER", "me"},
                         {"WAMP_SECRET", "s"}});
    REQUIRE(o.connection.url == "wss://sisock-crossbar:8443/ws");
    REQUIRE(cra(o).authid == "me");
    REQUIRE(cra(o).secret == "s");
}

TEST_CASE(
    "connection: a data-feed server is anonymous on the plain port, also with its siblings' environment")
{
    auto const o = make({}, {{"CROSSBAR_OCS_PORT", "8002"}, {"WAMP_SECRET", "s"}}, feed_defaults);
    REQUIRE(o.connection.url == "ws://localhost:8002/ws");
    REQUIRE(std::holds_alternative<client::anonymous_auth>(o.credentials));
}

TEST_CASE("connection: the stock secret never goes over a plain connection by itself")
{
    connection_settings s;
    s.url = "ws://127.0.0.1:8001/ws";
    REQUIRE(std::holds_alternative<client::anonymous_auth>(make(s).credentials));
    REQUIRE(cra(make(s, {{"WAMP_SECRET", "x"}})).secret == "x");
}

TEST_CASE("connection: a wrong port and a user without secret are configuration errors that say the cure")
{
    REQUIRE_THROWS_WITH(make({}, {{"CROSSBAR_TLS_PORT", "80a"}}), Catch::Contains("CROSSBAR_TLS_PORT=80a"));
    connection_settings s;
    s.url = "ws://127.0.0.1:8001/ws";
    s.user = "me";
    REQUIRE_THROWS_WITH(make(s), Catch::Contains("WAMP_SECRET"));
}

TEST_CASE("connection: a pinned certificate needs no host name unless asked; other roots always do")
{
    connection_settings s;
    REQUIRE(make(s).connection.tls.verify_host);
    s.ca_file = CERRO_TEST_DATA "/transport/server.pem";
    REQUIRE_FALSE(make(s).connection.tls.verify_host);
    s.verify_host = true;
    REQUIRE(make(s).connection.tls.verify_host);
    s.ca_file = "/no/such/file.pem";
    REQUIRE_THROWS_WITH(make(s), Catch::Contains("/no/such/file.pem"));
}

TEST_CASE("connection: the secret may come from a file's first line")
{
    auto const path = (std::filesystem::temp_directory_path() / "cerro-dans-secret-test").string();
    std::ofstream(path) << "hush\r\nsecond line\n";
    connection_settings s;
    s.secret_file = path;
    REQUIRE(cra(make(s)).secret == "hush");
    std::filesystem::remove(path);
    REQUIRE_THROWS_WITH(make(s), Catch::Contains(path));
}

}  // namespace
