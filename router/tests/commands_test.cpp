#include "commands/command.hpp"
#include "commands/crossbar_options.hpp"
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

using namespace cerro::router;
using cerro::testing::temp_dir;
using cerro::testing::write_file;

namespace {

/// This process in another folder, without CROSSBAR_DIR.
class inside {
public:
    explicit inside(std::filesystem::path const& folder) : before_(std::filesystem::current_path())
    {
        std::filesystem::current_path(folder);
        unsetenv("CROSSBAR_DIR");
    }
    ~inside()
    {
        std::filesystem::current_path(before_);
        unsetenv("CROSSBAR_DIR");
    }
    inside(inside const&) = delete;
    inside& operator=(inside const&) = delete;

private:
    std::filesystem::path before_;
};

}  // namespace

TEST_CASE("crossbar's options for the log are understood")
{
    auto const t = translate_options({"--loglevel=debug",
                                      "--cbdir",
                                      "/node",
                                      "--logformat",
                                      "json",
                                      "--color",
                                      "auto",
                                      "--loglevel",
                                      "none",
                                      "--logdir",
                                      "/var/log",
                                      "--logtofile",
                                      "--config",
                                      "a.json"});
    CHECK(t.words == std::vector<std::string>{"--log-level",
                                              "debug",
                                              "--cbdir",
                                              "/node",
                                              "--log-json",
                                              "--log-level",
                                              "off",
                                              "--config",
                                              "a.json"});
    CHECK(t.warnings == std::vector<std::string>{"--logdir has no effect in this router",
                                                 "--logtofile has no effect in this router"});
    CHECK(translate_options({"--logformat=standard", "--color=true"}).words.empty());
    CHECK(translate_options({"--loglevel"}).words == std::vector<std::string>{"--log-level", ""});
}

TEST_CASE("which configuration is meant")
{
    temp_dir const folder;
    inside const here(folder.path());
    CHECK(config_path("", "") == ".crossbar/config.json");
    CHECK(config_path("/node", "") == "/node/config.json");
    CHECK(config_path("/node", "other.json") == "/node/other.json");
    CHECK(config_path("/node", "/etc/other.json") == "/etc/other.json");
    CHECK(config_path("", "missing.json") == "missing.json");
    write_file(folder / "here.json", "{}");
    CHECK(config_path("", "here.json") == "here.json");
    CHECK(config_path("here.json", "") == "here.json");
    std::filesystem::create_directory(folder / ".crossbar");
    CHECK(config_path("", "other.json") == ".crossbar/other.json");
    setenv("CROSSBAR_DIR", "/from/environment", 1);
    CHECK(config_path("", "") == "/from/environment/config.json");
    CHECK(config_path("/node", "") == "/node/config.json");
}

TEST_CASE("each command has its own name and a line of help")
{
    for (auto const& c : commands()) {
        INFO(c.name);
        CHECK(c.name.size() < 12);
        CHECK_FALSE(c.summary.empty());
        CHECK(std::count_if(commands().begin(), commands().end(), [&](auto const& other) {
                  return other.name == c.name;
              }) == 1);
    }
}
