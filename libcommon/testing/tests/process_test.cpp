#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>

#include <csignal>

using namespace cerro::testing;
using namespace std::chrono_literals;

TEST_CASE("process: lines are awaited by text or expression, in order of the output")
{
    process p({"sh", "-c", "echo one 1; echo two 2 >&2; echo one 3; exec sleep 60"});
    CHECK(p.wait_for_line("two") == "two 2");
    CHECK(p.wait_for_line("one [0-9]") == "one 1");
    p.wait_for_line("one 3");
    CHECK(p.lines() == 3);
    CHECK(p.wait_for_line("one", 5s, 1) == "one 3");
    CHECK(p.running());
    CHECK_THROWS_WITH(p.wait_for_line("four(", 20ms), Catch::Contains("two 2"));
    CHECK_THROWS_WITH(p.wait(20ms), Catch::Contains("did not end in time"));
    p.signal(SIGTERM);
    CHECK(p.wait() == 128 + SIGTERM);
}

TEST_CASE("process: the end of the process ends the wait for a line")
{
    process p({"sh", "-c", "printf last; exit 3"});
    CHECK_THROWS_WITH(p.wait_for_line("never"), Catch::Contains("ended without"));
    CHECK(p.wait() == 3);
    CHECK(p.output() == "last");
    CHECK(p.wait_for_line("last") == "last");
}

TEST_CASE("process: environment and folder are those asked for")
{
    temp_dir const folder;
    process_options options;
    options.env = {{"CERRO_TEST_WORD", "a b"}};
    options.cwd = folder.path();
    process p({"sh", "-c", "echo \"<$CERRO_TEST_WORD>\"; pwd"}, options);
    CHECK(p.wait() == 0);
    CHECK(p.output() == "<a b>\n" + folder.path().string() + "\n");
}

TEST_CASE("process: what cannot be started is named")
{
    CHECK_THROWS_WITH(process({"/nowhere/program"}),
                      "cannot start /nowhere/program: No such file or directory");
}

TEST_CASE("process: its children die with it")
{
    int child = 0;
    {
        process p({"sh", "-c", "sleep 60 & echo child $!; wait"});
        child = std::stoi(p.wait_for_line("child ").substr(6));
        REQUIRE(::kill(child, 0) == 0);
    }
    CHECK(eventually(5s, [child] {
        // Without a parent it may stay a zombie for a while, where nobody reaps orphans.
        return ::kill(child, 0) != 0 ||
               read_file("/proc/" + std::to_string(child) + "/stat").find(") Z") != std::string::npos;
    }));
}

TEST_CASE("temp_dir: is there and goes with its contents")
{
    std::filesystem::path path;
    {
        temp_dir const folder;
        path = folder.path();
        write_file(folder / "a", "text");
        CHECK(read_file(folder / "a") == "text");
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("free_port: gives a port, eventually: gives up")
{
    CHECK(free_port() > 0);
    CHECK_FALSE(eventually(10ms, [] { return false; }));
}
