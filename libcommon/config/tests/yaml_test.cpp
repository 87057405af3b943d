#include <cerro/config/node.hpp>

#include <catch2/catch.hpp>
#include <unistd.h>

#include <filesystem>
#include <fstream>

using namespace cerro;
using config::node;
using config::parse_yaml;

namespace {

node tree(std::string_view text)
{
    return parse_yaml(text, "s.yaml").value();
}

problem refused(std::string_view text)
{
    auto const r = parse_yaml(text, "s.yaml");
    REQUIRE_FALSE(r.has_value());
    return r.error();
}

}  // namespace

TEST_CASE("config yaml: a site file with types and places")
{
    node const site = tree(
        "hub:\n"
        "  wamp_server: ws://localhost:8001/ws\n"
        "  wamp_realm: 'test_realm'\n"
        "hosts:\n"
        "  localhost:\n"
        "    crossbar: {}\n"
        "    agent-instances:\n"
        "    - instance-id: fake1\n"
        "      arguments: [['--mode', acq], 17]\n");
    CHECK(site.find("hub")->find("wamp_server")->as_string().value() == "ws://localhost:8001/ws");
    CHECK(site.find("hub")->find("wamp_realm")->quoted());
    node const* const host = site.find("hosts")->find("localhost");
    CHECK(host->find("crossbar")->is_map());
    node const& instance = host->find("agent-instances")->items().at(0);
    CHECK(instance.find("instance-id")->where() ==
          "s.yaml:8:7: hosts.localhost.agent-instances[0].instance-id");
    CHECK(instance.find("arguments")->items().at(0).items().at(1).text() == "acq");
    CHECK(instance.find("arguments")->items().at(1).as_int().value() == 17);
}

TEST_CASE("config yaml: an empty text and ~ are null")
{
    CHECK(tree("").is_null());
    CHECK(tree("# only a comment\n").is_null());
    CHECK(tree("a: ~\nb:\nc: null\n").find("b")->is_null());
    CHECK(tree("a: ~\nb:\nc: null\n").find("a")->is_null());
    CHECK(tree("a: ~\nb:\nc: null\n").find("c")->is_null());
    CHECK_FALSE(tree("a: 'null'").find("a")->is_null());
}

TEST_CASE("config yaml: the last of repeated keys wins")
{
    node const n = tree("a: 1\nb: 2\na: 3\n");
    REQUIRE(n.members().size() == 2);
    CHECK(n.find("a")->as_int().value() == 3);
}

TEST_CASE("config yaml: anchors, aliases and merges")
{
    node const n = tree(
        "base: &base {x: 1, y: 2}\n"
        "more: &more {z: 9, x: 8}\n"
        "copy: *base\n"
        "own: {<<: *base, y: 3}\n"
        "both:\n"
        "  <<: [*base, *more]\n"
        "  '<<': text\n");
    CHECK(n.find("copy")->find("y")->as_int().value() == 2);
    CHECK(n.find("copy")->find("y")->where() == "s.yaml:1:20: copy.y");
    CHECK(n.find("own")->find("x")->as_int().value() == 1);
    CHECK(n.find("own")->find("y")->as_int().value() == 3);
    CHECK(n.find("both")->find("x")->as_int().value() == 1);
    CHECK(n.find("both")->find("z")->as_int().value() == 9);
    CHECK(n.find("both")->find("<<")->as_string().value() == "text");
    CHECK(refused("<<: 3\n").what == "s.yaml:1:5: '<<' takes a mapping or a list of mappings");
}

TEST_CASE("config yaml: an alias bomb is refused at the limit of values")
{
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        std::string const before = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 9; ++k) {
            bomb += before + ", ";
        }
        bomb += before + "]\n";
    }
    CHECK(refused(bomb).code == errc::limit_exceeded);
}

TEST_CASE("config yaml: depth is limited, also through aliases")
{
    CHECK(refused(std::string(1000, '[') + std::string(1000, ']')).code == errc::limit_exceeded);
    std::string chain = "a0: &a0 [x]\n";
    for (int i = 1; i < 80; ++i) {
        chain +=
            "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
    }
    CHECK(refused(chain).code == errc::limit_exceeded);
}

TEST_CASE("config yaml: errors say line and column")
{
    CHECK(refused("a: [1, 2\nb: 3\n").what.rfind("s.yaml:", 0) == 0);
    CHECK(refused("a: 1\n b: 2\n").what.rfind("s.yaml:2:", 0) == 0);
    CHECK(refused("a: *nothing\n").what.rfind("s.yaml:1:4: ", 0) == 0);
    CHECK(refused("[a, b]: 1\n").what == "s.yaml:1:1: a key must be plain text");
    CHECK(refused("a: 1\n---\nb: 2\n").what.find("a second document") != std::string::npos);
    CHECK(refused(std::string((4U << 20U) + 1, '#')).code == errc::limit_exceeded);
}

TEST_CASE("config: a file is read, a missing one is named")
{
    auto const path = std::filesystem::temp_directory_path() / ("cerro-config-" + std::to_string(::getpid()));
    std::ofstream(path) << "{\"a\": 1}";
    auto const yaml = config::load_yaml(path);
    auto const json = config::load_json(path);
    std::filesystem::remove(path);
    CHECK(yaml.value().find("a")->as_int().value() == 1);
    CHECK(json.value().find("a")->where() == path.string() + ":1:2: a");
    auto const missing = config::load_json("/nowhere/config.json");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().what == "/nowhere/config.json: cannot open: No such file or directory");
    CHECK_FALSE(config::load_yaml("/tmp").has_value());
}
