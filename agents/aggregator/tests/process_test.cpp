// The programs themselves: router, a publishing agent, the aggregator.

#include "messages.hpp"
#include <cerro/codec/codec.hpp>
#include <cerro/g3/samples.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <optional>

using namespace cerro;
using namespace cerro::aggregator::test;
using testing::process;

namespace {

std::string binary(std::string const& name)
{
    return std::string(CERRO_BIN_DIR) + "/" + name;
}

struct site {
    site()
    {
        auto const port = std::to_string(testing::free_port());
        testing::write_file(dir / "router.json",
                            R"({"version": 2, "workers": [{"type": "router", "realms": [{"name": "test_realm",
            "roles": [{"name": "agent", "permissions": [{"uri": "", "match": "prefix",
            "allow": {"call": true, "register": true, "publish": true, "subscribe": true}}]}]}],
            "transports": [{"type": "websocket", "endpoint": {"type": "tcp", "port": )" +
                                port + R"(, "interface": "127.0.0.1"},
            "auth": {"anonymous": {"type": "static", "role": "agent"}}}]}]})");
        testing::write_file(dir / "site.yaml",
                            "hub: {wamp_server: 'ws://127.0.0.1:" + port +
                                "/ws', wamp_http: 'http://127.0.0.1:" + port +
                                "/call', wamp_realm: test_realm, address_root: observatory}\n"
                                "hosts: {localhost: {agent-instances: [\n"
                                "  {agent-class: AggregatorAgent, instance-id: aggregator, arguments: "
                                "[--initial-state, record]},\n"
                                "  {agent-class: FakeDataAgent, instance-id: fake1, arguments: [--mode, acq, "
                                "--num-channels, '2',\n"
                                "    --sample-rate, '50', --frame-length, '1']}]}}\n");
        router.emplace(std::vector<std::string>{
            binary("cerro-router"), "start", "--config", (dir / "router.json").string()});
    }
    process start(std::string const& program,
                  std::vector<std::string> more = {},
                  testing::process_options o = {}) const
    {
        std::vector<std::string> argv{
            binary(program), "--site-file", (dir / "site.yaml").string(), "--site-host", "localhost"};
        argv.insert(argv.end(), more.begin(), more.end());
        return process(std::move(argv), std::move(o));
    }
    process start_aggregator() const
    {
        return start("cerro-aggregator", {"--data-dir", (dir / "hk").string()});
    }

    /// On a disk that can be held up, see slow_disk.cpp.
    process start_aggregator_on_slow_disk() const
    {
        testing::process_options o;
        o.env = {{"LD_PRELOAD", CERRO_SLOW_DISK},
                 {"CERRO_HOLD", dir.path().string()},
                 {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
        return start("cerro-aggregator", {"--data-dir", (dir / "hk").string()}, o);
    }
    void hold(std::string const& call) const { testing::write_file(dir / call, ""); }
    void let_go(std::string const& call) const { std::filesystem::remove(dir / call); }
    [[nodiscard]] bool held() const { return std::filesystem::exists(dir / "held"); }

    [[nodiscard]] std::vector<std::filesystem::path> files() const
    {
        std::vector<std::filesystem::path> found;
        std::error_code none_yet;
        for (auto const& entry : std::filesystem::recursive_directory_iterator(dir / "hk", none_yet)) {
            if (entry.is_regular_file()) {
                found.push_back(entry.path());
            }
        }
        std::sort(found.begin(), found.end());
        return found;
    }
    [[nodiscard]] static std::size_t data_frames(std::filesystem::path const& path)
    {
        return archive_content(testing::read_file(path)).data().size();
    }

    testing::temp_dir dir;
    std::optional<process> router;
};

}  // namespace

TEST_CASE("killed in mid-file the aggregator leaves whole frames, and its next start begins a new file",
          "[aggregator]")
{
    site s;
    auto fake = s.start("cerro-fakedata");
    auto first = s.start_aggregator();
    REQUIRE(testing::eventually(testing::patience,
                                [&] { return s.files().size() == 1 && s.data_frames(s.files()[0]) >= 3; }));
    first.signal(SIGKILL);
    CHECK(first.wait() == 128 + SIGKILL);
    auto const left = testing::read_file(s.files()[0]);
    CHECK(archive_content(left).data().size() >= 3);

    auto second = s.start_aggregator();
    REQUIRE(testing::eventually(testing::patience,
                                [&] { return s.files().size() == 2 && s.data_frames(s.files()[1]) >= 2; }));
    second.signal(SIGTERM);
    CHECK(second.wait() == 0);
    CHECK(testing::read_file(s.files()[0]) == left);
    archive_content const whole(testing::read_file(s.files()[1]));
    CHECK(whole.trouble.empty());
    CHECK(whole.data().at(0)->address == "observatory.fake1.feeds.false_temperatures");
}

TEST_CASE("an aggregator that cannot write says why and ends", "[aggregator]")
{
    site s;
    auto aggregator = s.start("cerro-aggregator", {"--data-dir", "/proc/nowhere"});
    aggregator.wait_for_line("/proc/nowhere/.*cannot make the folder");
    aggregator.wait_for_line("Aggregation not started");
    CHECK(aggregator.wait() == 1);
}

TEST_CASE("a disk that does not answer keeps no aggregator from its end", "[aggregator]")
{
    site s;
    auto fake = s.start("cerro-fakedata");
    auto aggregator = s.start_aggregator_on_slow_disk();
    REQUIRE(testing::eventually(testing::patience,
                                [&] { return s.files().size() == 1 && s.data_frames(s.files()[0]) >= 1; }));
    s.hold("fsync");
    aggregator.signal(SIGTERM);
    CHECK(aggregator.wait() == 0);
    CHECK(s.held());
    INFO(aggregator.output());
    CHECK(aggregator.output().find("samples_lost") != std::string::npos);
}

TEST_CASE("samples that come while the first file is not open yet are recorded", "[aggregator]")
{
    site s;
    s.hold("mkdir");
    auto aggregator = s.start_aggregator_on_slow_disk();
    REQUIRE(testing::eventually(testing::patience, [&] { return s.held(); }));
    auto fake = s.start("cerro-fakedata");
    auto listener = s.start("ocs-client-cli",
                            {"listen",
                             "--json",
                             "--count",
                             "1",
                             "--seconds",
                             "20",
                             "observatory.fake1.feeds.false_temperatures"});
    auto const event = codec::from_json(listener.wait_for_line("timestamps"));
    REQUIRE(event.has_value());
    REQUIRE(s.files().empty());
    s.let_go("mkdir");

    auto const* const first_block = event->find("message")->at(0)->find("temps");
    auto const first = *first_block->find("timestamps")->at(0)->as_double();
    REQUIRE(testing::eventually(testing::patience,
                                [&] { return s.files().size() == 1 && s.data_frames(s.files()[0]) >= 1; }));
    archive_content const content(testing::read_file(s.files()[0]));
    CHECK(g3::to_seconds(content.data().at(0)->blocks.at(0).times().at(0)) <= first + 0.001);  // rounded
}
