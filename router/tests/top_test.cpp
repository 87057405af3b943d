#include <cerro/codec/codec.hpp>
#include <cerro/testing/process.hpp>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

using namespace cerro;
using namespace cerro::testing;

namespace {

/// The program at a terminal of its own.
class at_terminal {
public:
    at_terminal(std::vector<std::string> words, unsigned short columns, unsigned short rows)
    {
        winsize const size{rows, columns, 0, 0};
        pid_ = ::forkpty(&master_, nullptr, nullptr, &size);
        if (pid_ == 0) {
            std::vector<char*> argv;
            for (auto& w : words) {
                argv.push_back(w.data());
            }
            argv.push_back(nullptr);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        REQUIRE(pid_ > 0);
    }
    ~at_terminal()
    {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(master_);
    }
    at_terminal(at_terminal const&) = delete;
    at_terminal& operator=(at_terminal const&) = delete;

    /// Reads until `text` was shown since the last call.
    bool shows(std::string const& text)
    {
        shown.clear();
        return eventually(patience, [&] {
            pollfd p{master_, POLLIN, 0};
            std::array<char, 4096> buffer{};
            if (::poll(&p, 1, 20) == 1) {
                auto const n = ::read(master_, buffer.data(), buffer.size());
                shown.append(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
            }
            return shown.find(text) != std::string::npos;
        });
    }
    void resize(unsigned short columns, unsigned short rows)
    {
        winsize const size{rows, columns, 0, 0};
        REQUIRE(::ioctl(master_, TIOCSWINSZ, &size) == 0);
    }
    void type(char key) { REQUIRE(::write(master_, &key, 1) == 1); }
    int wait()
    {
        int status = 0;
        REQUIRE(::waitpid(std::exchange(pid_, -1), &status, 0) > 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    std::string shown;

private:
    int master_ = -1;
    pid_t pid_ = -1;
};

constexpr auto configuration = R"({"version":2,
    "workers":[{"type":"router","realms":[{"name":"realm1","roles":[]}],"transports":[
        {"type":"rawsocket","endpoint":{"type":"tcp","port":0,"interface":"127.0.0.1"}}]}],
    "cerro":{"admin":{"port":0}}})";

struct running_router {
    running_router() : program((write_file(dir / "config.json", configuration), command()))
    {
        auto const line = program.wait_for_line("admin_listening.*port=[0-9]+");
        url = "http://127.0.0.1:" + line.substr(line.find("port=") + 5);
        url.erase(url.find_first_of(" \n", 7));
    }
    std::vector<std::string> command() const
    {
        return {CERRO_ROUTER_PROGRAM, "start", "--config", (dir / "config.json").string()};
    }
    temp_dir dir;
    process program;
    std::string url;
};

}  // namespace

TEST_CASE("top: a live view at a terminal; it follows the window and ends with q")
{
    running_router const router;
    at_terminal top({CERRO_ROUTER_PROGRAM, "top", "--url", router.url, "--interval", "0.2"}, 80, 24);
    CHECK(top.shows("\033[?1049h"));
    CHECK(top.shows("messages/s in 0"));
    top.resize(30, 2);
    CHECK(top.shows("\033[Hcerro-router"));
    CHECK(top.shows("\033[Hcerro-router"));
    CHECK(top.shows("health: ok\033[K\033[J"));
    top.type('q');
    CHECK(top.shows("\033[?1049l"));
    CHECK(top.wait() == 0);
}

TEST_CASE("top: without a terminal, or with --once or --json, one reading is printed")
{
    running_router const router;
    process once({CERRO_ROUTER_PROGRAM, "top", "--url", router.url, "--interval", "0.1", "--once"});
    CHECK(once.wait() == 0);
    CHECK(once.output().find("sessions 0") != std::string::npos);
    CHECK(once.output().find('\033') == std::string::npos);
    process json({CERRO_ROUTER_PROGRAM, "top", "--url", router.url, "--json"});
    CHECK(json.wait() == 0);
    auto const v = codec::decode(codec::serializer::json, json.output());
    REQUIRE(v.has_value());
    CHECK(v->find("connections")->as_int() == 0);
}

TEST_CASE("top: what is wrong is said in one line")
{
    process nobody({CERRO_ROUTER_PROGRAM, "top", "--url", "http://127.0.0.1:1", "--once"});
    CHECK(nobody.wait() == 1);
    temp_dir const dir;
    write_file(dir / "config.json",
               R"({"version":2,"workers":[{"type":"router","realms":[],"transports":[
                  {"type":"rawsocket","endpoint":{"type":"tcp","port":0,"interface":"127.0.0.1"}}]}]})");
    process unnamed({CERRO_ROUTER_PROGRAM, "top", "--cbdir", dir.path().string(), "--once"});
    CHECK(unnamed.wait() == 3);
    CHECK(unnamed.output().find("\"admin\"") != std::string::npos);
}
