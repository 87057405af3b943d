#include <cerro/testing/process.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace cerro::testing {

namespace {

[[noreturn]] void system_failure(std::string const& what, int error = errno)
{
    throw std::runtime_error(what + ": " + std::generic_category().message(error));
}

class descriptor {
public:
    explicit descriptor(int fd = -1) : fd_(fd) {}
    ~descriptor() { reset(); }
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    void reset(int fd = -1)
    {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

private:
    int fd_;
};

void make_pipe(descriptor& read_end, descriptor& write_end)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        system_failure("pipe");
    }
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
}

std::vector<std::string> environment(std::map<std::string, std::string> const& added)
{
    std::vector<std::string> all;
    for (char** one = environ; *one != nullptr; ++one) {
        std::string const entry = *one;
        if (added.find(entry.substr(0, entry.find('='))) == added.end()) {
            all.push_back(entry);
        }
    }
    for (auto const& [name, value] : added) {
        all.push_back(name + "=" + value);
    }
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts)
{
    std::vector<char*> all;
    for (auto& text : texts) {
        all.push_back(text.data());
    }
    all.push_back(nullptr);
    return all;
}

}  // namespace

class process::state {
public:
    state(std::vector<std::string> argv, process_options const& options) : name_(argv.at(0))
    {
        descriptor write_end;
        descriptor error_read;
        descriptor error_write;
        make_pipe(output_, write_end);
        make_pipe(error_read, error_write);
        wake_.reset(::eventfd(0, EFD_CLOEXEC));
        auto env = environment(options.env);
        auto const arguments = pointers(argv);
        auto const variables = pointers(env);
        pid_ = ::fork();
        if (pid_ < 0) {
            system_failure("fork");
        }
        if (pid_ == 0) {  // from here on only what is safe in a copy of a threaded process
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::setpgid(0, 0);
            ::dup2(write_end.get(), 1);
            ::dup2(write_end.get(), 2);
            int const null_input = ::open("/dev/null", O_RDONLY);
            ::dup2(null_input, 0);
            if (options.cwd.empty() || ::chdir(options.cwd.c_str()) == 0) {
                ::execvpe(arguments[0], arguments.data(), variables.data());
            }
            int const error = errno;
            [[maybe_unused]] auto const n = ::write(error_write.get(), &error, sizeof error);
            ::_exit(127);
        }
        ::setpgid(pid_, pid_);  // whoever of both comes first
        write_end.reset();
        error_write.reset();
        int error = 0;
        if (::read(error_read.get(), &error, sizeof error) == sizeof error) {
            ::waitpid(pid_, nullptr, 0);
            system_failure("cannot start " + name_, error);
        }
        reader_ = std::thread([this] { read(); });
    }

    ~state()
    {
        ::kill(-pid_, SIGKILL);
        if (!code_) {
            ::waitpid(pid_, nullptr, 0);
        }
        std::uint64_t const one = 1;
        [[maybe_unused]] auto const n = ::write(wake_.get(), &one, sizeof one);
        reader_.join();
    }

    state(state const&) = delete;
    state& operator=(state const&) = delete;

    [[nodiscard]] int pid() const { return pid_; }

    [[nodiscard]] std::string output() const
    {
        std::lock_guard const lock(mutex_);
        return text_;
    }

    [[nodiscard]] std::size_t lines() const
    {
        std::lock_guard const lock(mutex_);
        return lines_.size();
    }

    std::string wait_for_line(std::string const& pattern, milliseconds deadline, std::size_t from)
    {
        std::optional<std::regex> expression;
        try {
            expression.emplace(pattern);
        } catch (std::regex_error const&) {
            expression.reset();  // plain text only
        }
        auto const end = std::chrono::steady_clock::now() + deadline;
        std::unique_lock lock(mutex_);
        for (std::size_t next = from;;) {
            for (; next < lines_.size(); ++next) {
                std::string const& line = lines_[next];
                if (line.find(pattern) != std::string::npos ||
                    (expression && std::regex_search(line, *expression))) {
                    return line;
                }
            }
            if (ended_) {
                throw std::runtime_error(name_ + " ended without the line \"" + pattern +
                                         "\"; its output:\n" + text_);
            }
            if (std::chrono::steady_clock::now() >= end) {
                throw std::runtime_error(name_ + " did not write the line \"" + pattern +
                                         "\" in time; its output:\n" + text_);
            }
            changed_.wait_until(lock, end);
        }
    }

    void signal(int number)
    {
        if (!code_) {
            ::kill(pid_, number);
        }
    }

    bool try_wait()
    {
        int status = 0;
        if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            // What it wrote last is still on its way; a grandchild may keep the pipe open for ever.
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, milliseconds(500), [this] { return ended_; });
        }
        return code_.has_value();
    }

    int wait(milliseconds deadline)
    {
        if (!eventually(deadline, [this] { return try_wait(); })) {
            throw std::runtime_error(name_ + " did not end in time; its output:\n" + output());
        }
        return *code_;
    }

private:
    void read()
    {
        std::array<char, 4096> buffer{};
        for (;;) {
            std::array<pollfd, 2> both{{{output_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
            if (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) {
                continue;
            }
            auto const n = both[0].revents != 0 ? ::read(output_.get(), buffer.data(), buffer.size()) : 0;
            std::lock_guard const lock(mutex_);
            if (n > 0) {
                append({buffer.data(), static_cast<std::size_t>(n)});
            } else {
                if (!partial_.empty()) {
                    lines_.push_back(std::exchange(partial_, {}));
                }
                ended_ = true;
            }
            changed_.notify_all();
            if (ended_) {
                return;
            }
        }
    }

    void append(std::string_view more)
    {
        text_ += more;
        for (char const c : more) {
            if (c == '\n') {
                lines_.push_back(std::exchange(partial_, {}));
            } else {
                partial_ += c;
            }
        }
    }

    std::string name_;
    int pid_ = -1;
    descriptor output_;
    descriptor wake_;
    std::optional<int> code_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;
    std::string partial_;
    std::vector<std::string> lines_;
    bool ended_ = false;
    std::thread reader_;
};

process::process(std::vector<std::string> argv, process_options options)
    : state_(std::make_unique<state>(std::move(argv), options))
{}
process::~process() = default;
process::process(process&&) noexcept = default;
process& process::operator=(process&&) noexcept = default;

int process::pid() const
{
    return state_->pid();
}
std::string process::wait_for_line(std::string const& pattern, milliseconds deadline, std::size_t from)
{
    return state_->wait_for_line(pattern, deadline, from);
}
std::size_t process::lines() const
{
    return state_->lines();
}
std::string process::output() const
{
    return state_->output();
}
void process::signal(int number)
{
    state_->signal(number);
}
bool process::running()
{
    return !state_->try_wait();
}
int process::wait(milliseconds deadline)
{
    return state_->wait(deadline);
}

temp_dir::temp_dir()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "cerro-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        system_failure("mkdtemp " + pattern);
    }
    path_ = pattern;
}

temp_dir::~temp_dir()
{
    std::error_code ignored;  // what cannot be removed does no harm
    std::filesystem::remove_all(path_, ignored);
}

unsigned short free_port()
{
    descriptor const s(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(s.get(), plain, length) != 0 || ::getsockname(s.get(), plain, &length) != 0) {
        system_failure("no free port");
    }
    return ntohs(address.sin_port);
}

bool eventually(milliseconds deadline, std::function<bool()> const& is_so)
{
    auto const end = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        if (is_so()) {
            return true;
        }
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        std::this_thread::sleep_for(milliseconds(5));
    }
}

void write_file(std::filesystem::path const& path, std::string const& contents)
{
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << contents;
    file.close();
    if (!file) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

std::string read_file(std::filesystem::path const& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + path.string());
    }
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

}  // namespace cerro::testing
