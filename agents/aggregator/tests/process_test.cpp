// The programs themselves: router, a publishing agent, the aggregator.

#include "messages.hpp"
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
    process start(std::string const& program, std::vector<std::string> more = {}) const
    {
        std::vector<std::string> argv{
            binary(program), "--site-file", (dir / "site.yaml").string(), "--site-host", "localhost"};
        argv.insert(argv.end(), more.begin(), more.end());
        return process(std::move(argv));
    }
    process start_aggregator() const
    {
        return start("cerro-aggregator", {"--data-dir", (dir / "hk").string()});
    }

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
