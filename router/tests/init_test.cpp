#include "commands/init.hpp"

#include "commands/certificates.hpp"
#include "support.hpp"
#include <cerro/auth/wampcra.hpp>
#include <cerro/testing/process.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;
using cerro::testing::temp_dir;

namespace {

init_options options_for(temp_dir const& folder)
{
    init_options o;
    o.folder = folder / "node";
    o.names = {"router.example.org"};
    o.interface = "127.0.0.1";
    o.tls_port = o.rawsocket_port = o.plain_port = 0;
    return o;
}

unsigned mode_of(std::string const& path)
{
    struct stat s {};
    REQUIRE(::stat(path.c_str(), &s) == 0);
    return s.st_mode & 0777U;
}

}  // namespace

TEST_CASE("init: the configuration is right, and a client joins over TLS with the secret that was made")
{
    temp_dir const folder;
    auto const o = options_for(folder);
    auto const told = write_node(o);
    CHECK_THAT(told, Catch::Contains("cerro-router start --cbdir " + o.folder));
    auto loaded = load_settings(o.folder + "/config.json");
    if (!loaded) {
        FAIL(loaded.error().what);
    }
    CHECK(loaded->warnings.empty());
    auto const shown = describe(*loaded);
    for (auto const* name : {"agent.secret", "controller.secret"}) {
        auto secret = cerro::testing::read_file(o.folder + "/" + name);
        secret.pop_back();
        CHECK(secret.size() >= 32);
        CHECK(shown.find(secret) == std::string::npos);
        CHECK(told.find(secret) == std::string::npos);
    }

    std::ifstream file(o.folder + "/agent.secret");
    std::string secret;
    std::getline(file, secret);
    metrics::registry metrics;
    asio::io_context io;
    auto const router = instance::start(io.get_executor(), std::move(*loaded), metrics);
    transport::connect_options c;
    auto const& listening = router->listeners();
    REQUIRE(listening.size() == 3);
    c.url = "wss://localhost:" + std::to_string(listening[0].port) + "/ws";
    c.tls.ca_file = o.folder + "/ca_cert.pem";
    auto agent = client::connect(io, c);
    agent->say("[1,'test_realm',{'roles':{'callee':{}},'authmethods':['wampcra'],'authid':'agent'}]");
    auto const challenge = agent->next();
    REQUIRE(challenge.at(0)->as_int() == 4);
    auto const answer = auth::wampcra_answer(secret, *challenge.at(2)->as_dict());
    REQUIRE(answer.has_value());
    agent->say("[5,'" + *answer + "',{}]");
    REQUIRE(agent->next().at(0)->as_int() == 2);
    agent->say("[64,1,{},'observatory.x']");
    CHECK(agent->next().at(0)->as_int() == 65);

    auto local = client::connect(io, "ws://127.0.0.1:" + std::to_string(listening[2].port) + "/ws");
    local->say("[1,'test_realm',{'roles':{'caller':{}}}]");
    CHECK(local->next().at(0)->as_int() == 2);
    local->say("[48,1,{},'observatory.x']");
    CHECK(agent->next().at(0)->as_int() == 68);
    auto stranger = client::connect(io, c);
    stranger->say("[1,'test_realm',{'roles':{'caller':{}}}]");
    CHECK(stranger->next().at(0)->as_int() == 3);
    CHECK(stranger->wait_closed());
    router->stop();
    run_until(io, [&] { return client::open == 0; });
}

TEST_CASE("init: keys and secrets are for their owner alone, and nothing is overwritten")
{
    temp_dir const folder;
    auto const o = options_for(folder);
    [[maybe_unused]] auto const told = write_node(o);
    for (auto const* name : {"ca_key.pem", "server_key.pem", "agent.secret", "controller.secret"}) {
        INFO(name);
        CHECK(mode_of(o.folder + "/" + name) == 0600);
    }
    auto const before = cerro::testing::read_file(o.folder + "/server_key.pem");
    CHECK_THROWS_WITH(write_node(o), Catch::Contains("config.json: is there already"));
    std::filesystem::remove(o.folder + "/config.json");
    CHECK_THROWS_WITH(write_node(o), Catch::Contains("ca_cert.pem: is there already"));
    CHECK_FALSE(std::filesystem::exists(o.folder + "/config.json"));
    CHECK(cerro::testing::read_file(o.folder + "/server_key.pem") == before);
}

TEST_CASE("init: names that cannot stand in a certificate are refused")
{
    CHECK_THROWS_WITH(make_certificates({"a b"}, std::chrono::hours(1)), Catch::Contains("'a b'"));
    CHECK_THROWS_WITH(make_certificates({"x,IP:1.2.3.4"}, std::chrono::hours(1)),
                      Catch::Contains("no host name"));
    CHECK_THROWS(make_certificates({}, std::chrono::hours(1)));
}
