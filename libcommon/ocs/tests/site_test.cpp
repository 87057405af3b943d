#include <cerro/ocs/site.hpp>

#include <catch2/catch.hpp>

using namespace cerro;
using namespace cerro::ocs;

namespace {

constexpr auto* example = R"(hub:
  wamp_server: ws://hub:8001/ws
  wamp_http: http://hub:8001/call
  wamp_realm: test_realm
  address_root: observatory
  registry_address: observatory.registry
hosts:
  host-1:
    log-dir: logs
    crossbar-timeout: 20
    crossbar: {config-dir: /etc/crossbar}
    wamp_server: rs://127.0.0.1:8081
    agent-instances:
      - agent-class: FakeDataAgent
        instance-id: fake1
        manage: yes
        arguments: [[--mode, acq], [--num-channels, 3], '--frame-length=10']
      - {agent-class: TwinAgent, instance-id: twin-1, manage: docker}
      - {agent-class: TwinAgent, instance-id: twin-2, manage: no}
  localhost:
    agent-instances:
      - {agent-class: FakeDataAgent, instance-id: local-fake}
)";

site_config parsed(std::string_view yaml)
{
    auto site = parse_site(yaml, "site.yaml");
    REQUIRE(site.has_value());
    return *site;
}

std::string error_of(std::string_view yaml)
{
    auto const site = parse_site(yaml, "site.yaml");
    REQUIRE_FALSE(site.has_value());
    return site.error().what;
}

agent_identity const fake("FakeDataAgent");

}  // namespace

TEST_CASE("site file: hosts, instances and their arguments are read")
{
    auto const site = parsed(example);
    CHECK(site.warnings.empty());
    auto const* host = site.find_host("host-1");
    REQUIRE(host != nullptr);
    REQUIRE(host->instances.size() == 3);
    CHECK(host->instances[0].arguments ==
          std::vector<std::string>{"--mode", "acq", "--num-channels", "3", "--frame-length=10"});
    CHECK(host->instances[0].manage == "host/up");
    CHECK(host->instances[1].manage == "docker/up");
    CHECK(host->instances[2].manage == "ignore");
    CHECK(host->crossbar_timeout == 20);
    REQUIRE(host->crossbar.has_value());
    CHECK(host->crossbar->config_dir == "/etc/crossbar");
    CHECK_FALSE(site.find_host("localhost")->crossbar.has_value());
}

TEST_CASE("site file: errors name the place and the cure")
{
    CHECK_THAT(error_of("hosts: {}"), Catch::Contains("site.yaml:1:") && Catch::Contains("'hub' is missing"));
    CHECK_THAT(error_of("hub:\n  wamp_server: ws://x\n"),
               Catch::Contains("site.yaml:1:1: hub: ") && Catch::Contains("wamp_realm"));
    std::string const hub = "hub: {wamp_server: a, wamp_realm: b, address_root: c}\n";
    CHECK_THAT(error_of(hub + "hosts:\n  h:\n    log-dir: x\n"), Catch::Contains("agent-instances"));
    CHECK_THAT(error_of(hub + "hosts:\n  h:\n    agent-instances:\n    - {agent-class: A}\n"),
               Catch::Contains("site.yaml:5:") && Catch::Contains("instance-id"));
    CHECK_THAT(error_of(hub + "hosts:\n  h:\n    agent-instances:\n    - {instance-id: a, manage: maybe}\n"),
               Catch::Contains("site.yaml:5:") && Catch::Contains("'maybe'"));
    CHECK_THAT(error_of(hub + "hosts:\n  h:\n    crossbar_timeout: -1\n    agent-instances: []\n"),
               Catch::Contains("site.yaml:4:"));
    CHECK_THAT(error_of("[1, 2]"), Catch::Contains("hub and hosts"));
}

TEST_CASE("site file: unknown keys are warnings with a suggestion")
{
    auto const site = parsed("hub: {wamp_server: a, wamp_realm: b, address_root: c, wamp_htpp: d}\n");
    REQUIRE(site.warnings.size() == 1);
    CHECK_THAT(site.warnings[0].what, Catch::Contains("wamp_htpp") && Catch::Contains("wamp_http"));
}

TEST_CASE("site file: both spellings of crossbar_timeout are read, the one with the underscore first")
{
    std::string const hub = "hub: {wamp_server: a, wamp_realm: b, address_root: c}\nhosts:\n";
    auto const dashed = parsed(hub + "  h: {agent-instances: [], crossbar-timeout: 7}\n");
    CHECK(dashed.hosts[0].crossbar_timeout == 7);
    auto const both = parsed(hub + "  h: {agent-instances: [], crossbar-timeout: 7, crossbar_timeout: 8}\n");
    CHECK(both.hosts[0].crossbar_timeout == 8);
    auto const none = parsed(hub + "  h: {agent-instances: []}\n");
    CHECK_FALSE(none.hosts[0].crossbar_timeout.has_value());
}

TEST_CASE("site settings: the command line beats the host, the host beats the hub")
{
    auto const site = parsed(example);
    site_options o;
    o.instance_id = "fake1";
    o.working_dir = "/srv";
    auto const s = settings_for_agent(site, o, fake, "host-1");
    REQUIRE(s.has_value());
    CHECK(s->host == "host-1");
    CHECK(s->hub.wamp_server == "rs://127.0.0.1:8081");
    CHECK(s->hub.wamp_http == "http://hub:8001/call");
    CHECK(s->log_dir == "/srv/logs");
    CHECK(s->crossbar_timeout == 20);

    o.site_hub = "wss://elsewhere:443/ws";
    o.site_realm = "other";
    o.address_root = "lab";
    o.log_dir = "/var/log/ocs";
    o.crossbar_timeout = 0;
    auto const t = settings_for_agent(site, o, fake, "host-1");
    REQUIRE(t.has_value());
    CHECK(t->hub.wamp_server == "wss://elsewhere:443/ws");
    CHECK(t->hub.wamp_realm == "other");
    CHECK(t->hub.address_root == "lab");
    CHECK(t->log_dir == "/var/log/ocs");
    CHECK(t->crossbar_timeout == 0);
}

TEST_CASE("site settings: a host that the file does not know falls back to localhost")
{
    auto const site = parsed(example);
    auto const s = settings_for_agent(site, site_options(), fake, "unknown");
    REQUIRE(s.has_value());
    CHECK(s->host == "localhost");
    CHECK(s->instance_id == "local-fake");
    CHECK(s->crossbar_timeout == 0);

    auto const lonely =
        parsed("hub: {wamp_server: a, wamp_realm: b, address_root: c}\nhosts: {h: {agent-instances: []}}\n");
    auto const none = settings_for_agent(lonely, site_options(), fake, "unknown");
    REQUIRE_FALSE(none.has_value());
    CHECK_THAT(none.error().what, Catch::Contains("neither a host 'unknown' nor 'localhost'"));
    CHECK(settings_for_client(lonely, site_options(), "unknown").has_value());
}

TEST_CASE("site settings: the instance is chosen by id, else by class")
{
    auto const site = parsed(example);
    auto const by_class = settings_for_agent(site, site_options(), fake, "host-1");
    REQUIRE(by_class.has_value());
    CHECK(by_class->instance_id == "fake1");

    auto const twins = settings_for_agent(site, site_options(), agent_identity("TwinAgent"), "host-1");
    REQUIRE_FALSE(twins.has_value());
    CHECK_THAT(twins.error().what,
               Catch::Contains("Multiple matches found for agent-class=TwinAgent") &&
                   Catch::Contains("twin-1, twin-2"));

    auto const nobody = settings_for_agent(site, site_options(), agent_identity("NoAgent"), "host-1");
    REQUIRE_FALSE(nobody.has_value());
    CHECK_THAT(nobody.error().what, Catch::StartsWith("Could not find matching device description."));

    site_options typo;
    typo.instance_id = "fake2";
    auto const wrong = settings_for_agent(site, typo, fake, "host-1");
    REQUIRE_FALSE(wrong.has_value());
    CHECK_THAT(wrong.error().what, Catch::Contains("did you mean 'fake1'?"));
}

TEST_CASE("site settings: without a site file the command line says it all")
{
    site_options o;
    o.site = "none";
    auto const path = site_file_path(o, "/etc/ocs");
    REQUIRE(path.has_value());
    CHECK(path->empty());
    auto const lacking = settings_for_agent(site_config(), o, fake, "h");
    REQUIRE_FALSE(lacking.has_value());
    CHECK_THAT(lacking.error().what, Catch::Contains("--site-hub") && Catch::Contains("--address-root"));
    o.site_hub = "ws://127.0.0.1:8001/ws";
    o.site_realm = "test_realm";
    o.address_root = "observatory";
    CHECK_FALSE(settings_for_agent(site_config(), o, fake, "h").has_value());
    o.instance_id = "fake1";
    CHECK(settings_for_agent(site_config(), o, fake, "h").has_value());
    o.instance_id = "fa.ke1";
    CHECK_FALSE(settings_for_agent(site_config(), o, fake, "h").has_value());
}

TEST_CASE("site file: the look-up follows --site-file, --site and OCS_CONFIG_DIR")
{
    site_options o;
    CHECK(site_file_path(o, "/etc/ocs").value() == "/etc/ocs/default.yaml");
    CHECK_FALSE(site_file_path(o, "").has_value());
    o.site = "yard";
    CHECK(site_file_path(o, "/etc/ocs").value() == "/etc/ocs/yard.yaml");
    o.site_file = "my.yaml";
    CHECK_FALSE(site_file_path(o, "/etc/ocs").has_value());
    o.site.clear();
    CHECK(site_file_path(o, "").value() == "my.yaml");
}

TEST_CASE("arguments: options of the command line replace those of the file")
{
    using words = std::vector<std::string>;
    CHECK(merge_arguments({"--mode", "acq", "--x", "1", "2"}, {"--mode", "idle"}) ==
          words{"--mode", "idle", "--x", "1", "2"});
    CHECK(merge_arguments({"--mode=acq"}, {"--mode", "idle"}) == words{"--mode", "idle"});
    CHECK(merge_arguments({"pos", "--a", "-5"}, {"more", "--b"}) == words{"pos", "more", "--a", "-5", "--b"});
    CHECK(merge_arguments({}, {}) == words{});
}
