#include "child.hpp"

#include "spawn.hpp"
#include <cerro/base/result.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

extern char** environ;

namespace cerro::router {

namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr std::string_view component = "router";
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr int cannot_run = 127;  // as shells say

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> out;
    for (auto& t : texts) {
        out.push_back(t.data());
    }
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> merged_environment(child_settings const& s)
{
    std::vector<std::string> out;
    for (char** e = environ; *e != nullptr; ++e) {
        std::string_view const entry(*e);
        auto const name = entry.substr(0, entry.find('='));
        if (std::none_of(s.environment.begin(), s.environment.end(), [&](auto const& set) {
                return set.first == name;
            })) {
            out.emplace_back(entry);
        }
    }
    for (auto const& [name, text] : s.environment) {
        out.push_back(name + "=" + text);
    }
    return out;
}

/// @return the process id, or -1 with errno
pid_t run_program(std::string const& path, child_settings const& s)
{
    std::vector<std::string> words{path};
    words.insert(words.end(), s.arguments.begin(), s.arguments.end());
    auto environment = merged_environment(s);
    auto const argv = pointers(words);
    auto const envp = pointers(environment);
    pid_t const parent = ::getpid();
    pid_t const pid = ::fork();
    if (pid != 0) {
        return pid;
    }
    // Nothing here may allocate or lock: other threads of the parent are gone in the midst of their work.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) {
        ::_exit(cannot_run);
    }
    for (int const number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
        std::signal(number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    ::execve(path.c_str(), argv.data(), envp.data());
    ::_exit(cannot_run);
}

}  // namespace

std::string find_program(std::string const& name)
{
    std::error_code ec;
    auto const path = name.find('/') != std::string::npos
                          ? fs::path(name)
                          : fs::read_symlink("/proc/self/exe", ec).parent_path() / name;
    if (ec || ::access(path.c_str(), X_OK) != 0) {
        throw failure(path.string() +
                      ": is not there or cannot be run; the configuration needs it (install it "
                      "beside cerro-router, or give --skip-components)");
    }
    return path.string();
}

namespace {

class child_impl final : public child, public std::enable_shared_from_this<child_impl> {
public:
    child_impl(asio::any_io_executor ex, child_settings s, metrics::registry& metrics, child_timing timing)
        : settings_(std::move(s)),
          path_(find_program(settings_.program)),
          timing_(timing),
          signals_(ex, SIGCHLD),
          pause_(ex),
          patience_(ex),
          starts_(metrics.make_counter("cerro_router_programs_started_total",
                                       "starts of programs beside the router",
                                       "program=\"" + fs::path(path_).filename().string() + "\""))
    {}
    ~child_impl() override { kill(); }

    static asio::awaitable<void> run(std::shared_ptr<child_impl> self)
    {
        auto pause = self->timing_.first_pause;
        while (!self->stopping_) {
            auto const began = clock::now();
            self->begin();
            while (self->pid_ != 0) {
                [[maybe_unused]] auto const [ec, number] = co_await self->signals_.async_wait(as_result);
                self->collect();
            }
            self->patience_.cancel();
            if (self->stopping_) {
                break;
            }
            if (clock::now() - began >= self->timing_.steady) {
                pause = self->timing_.first_pause;
            }
            self->pause_.expires_after(pause);
            pause = std::min(2 * pause, self->timing_.longest_pause);
            [[maybe_unused]] auto const [ec] = co_await self->pause_.async_wait(as_result);
        }
    }

    void stop() override
    {
        if (std::exchange(stopping_, true)) {
            return;
        }
        pause_.cancel();
        if (pid_ != 0) {
            ::kill(pid_, SIGTERM);
            patience_.expires_after(timing_.stop_patience);
            patience_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
                if (auto const self = weak.lock(); self && !ec) {
                    self->kill();
                }
            });
        }
    }

    void kill() override
    {
        stopping_ = true;
        pause_.cancel();
        if (pid_ != 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);  // at once, after SIGKILL
            pid_ = 0;
            signals_.cancel();
        }
    }

    [[nodiscard]] int pid() const override { return pid_; }

private:
    void begin()
    {
        pid_t const made = run_program(path_, settings_);
        if (made < 0) {
            int const reason = errno;
            log::error(component,
                       "program_not_started",
                       {{"program", path_}, {"what", std::system_category().message(reason)}});
            return;
        }
        pid_ = made;
        starts_.add();
        log::info(component, "program_started", {{"program", path_}, {"pid", pid_}});
    }

    /// Has it ended?
    void collect()
    {
        int status = 0;
        if (pid_ == 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) {
            return;
        }
        int const code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        auto const level = stopping_ ? log::level::info : log::level::warn;
        log::write(level,
                   component,
                   "program_ended",
                   {{"program", path_}, {"pid", std::exchange(pid_, 0)}, {"exit_code", code}});
    }

    child_settings settings_;
    std::string path_;
    child_timing timing_;
    asio::signal_set signals_;
    asio::steady_timer pause_;
    asio::steady_timer patience_;
    metrics::counter& starts_;
    int pid_ = 0;
    bool stopping_ = false;
};

}  // namespace

std::shared_ptr<child> child::start(asio::any_io_executor ex,
                                    child_settings s,
                                    metrics::registry& metrics,
                                    child_timing timing)
{
    auto const made = std::make_shared<child_impl>(ex, std::move(s), metrics, timing);
    asio::co_spawn(ex, child_impl::run(made), logged("program"));
    return made;
}

}  // namespace cerro::router
