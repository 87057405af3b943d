/// @file
/// Load on a router (or on bench-forwarder) over RawSocket and MessagePack, and what it cost that process.
///
///   bench-load PORT PID rpc    SECONDS [--forwarder] [--realm R]   4 callers x 16 calls in flight, 32
///   octets, one callee bench-load PORT PID fanout SECONDS [--forwarder] [--realm R]   1 publisher, 10
///   subscribers, 256 octets, window 32
///
/// PID is the router's; its user + system CPU is read from /proc. Prints one line of JSON. All connections
/// live in this one process: one epoll loop, one gathered write for each connection and turn. The window of
/// the publisher is kept by counting what the last subscriber received, so publications need no
/// acknowledgement.

#include "sockets.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

namespace {

using bench::connection;
using clock_type = std::chrono::steady_clock;

constexpr int callers = 4;
constexpr int in_flight = 16;
constexpr int subscribers = 10;
constexpr std::uint64_t window = 32;
constexpr std::size_t call_octets = 32;
constexpr std::size_t event_octets = 256;

/// User + system CPU seconds of a process, all threads.
double cpu_seconds(int pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        rest >> skipped;
    }
    double user = 0;
    double system = 0;
    rest >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// ---- the little MessagePack that is needed

void put_uint(std::string& out, std::uint64_t v)
{
    out.push_back(static_cast<char>(0xcf));
    for (int shift = 56; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(v >> static_cast<unsigned>(shift)));
    }
}

void put_text(std::string& out, std::string_view s)
{
    out.push_back(static_cast<char>(0xd9));
    out.push_back(static_cast<char>(s.size()));
    out.append(s);
}

/// [ <octets> ]
void put_payload(std::string& out, std::size_t octets)
{
    out.push_back(static_cast<char>(0x91));
    out.push_back(static_cast<char>(0xc5));
    out.push_back(static_cast<char>(octets >> 8U));
    out.push_back(static_cast<char>(octets));
    out.append(octets, 'x');
}

std::uint64_t get_uint(std::string_view m, std::size_t& at)
{
    auto const first = static_cast<unsigned char>(m.at(at++));
    if (first < 0x80) {
        return first;
    }
    std::size_t const n = std::size_t{1} << (first - 0xccU);
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < n; ++i) {
        v = v << 8U | static_cast<unsigned char>(m.at(at++));
    }
    return v;
}

struct options {
    int port = 0;
    int pid = 0;
    bool rpc = true;
    double seconds = 5;
    bool forwarder = false;
    std::string realm = "test_realm";
};

class load {
public:
    explicit load(options o) : o_(std::move(o)), poll_(epoll_create1(0)) {}

    void run()
    {
        std::size_t const peers = o_.rpc ? callers + 1 : subscribers + 1;
        for (std::size_t i = 0; i < peers; ++i) {
            open();
        }
        if (o_.rpc) {
            prepare_rpc();
        } else {
            prepare_fanout();
        }
        turn_for(1.0);  // warm up
        done_ = 0;
        latencies_.clear();
        double const cpu = cpu_seconds(o_.pid);
        double const own = cpu_seconds(getpid());
        auto const begin = clock_type::now();
        turn_for(o_.seconds);
        double const wall = std::chrono::duration<double>(clock_type::now() - begin).count();
        report(wall, cpu_seconds(o_.pid) - cpu, cpu_seconds(getpid()) - own);
    }

private:
    void open()
    {
        int const fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in const address = bench::loopback(o_.port);
        if (connect(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
            bench::die("connect");
        }
        bench::no_delay(fd);
        char octets[4] = {0x7f, static_cast<char>(0xf2), 0, 0};
        if (send(fd, octets, 4, 0) != 4 || recv(fd, octets, 4, MSG_WAITALL) != 4) {
            bench::die("handshake");
        }
        peers_.push_back(std::make_unique<connection>(fd));
        if (!o_.forwarder) {
            std::string hello{static_cast<char>(0x93), 1};
            put_text(hello, o_.realm);
            hello += {static_cast<char>(0x81)};
            put_text(hello, "roles");
            hello += {static_cast<char>(0x84)};
            for (char const* role : {"caller", "callee", "publisher", "subscriber"}) {
                put_text(hello, role);
                hello += {static_cast<char>(0x80)};
            }
            peers_.back()->queue_frame(hello);
            ask(peers_.size() - 1, 2);
        }
        epoll_event watch{};
        watch.events = EPOLLIN;
        watch.data.u32 = static_cast<std::uint32_t>(peers_.size() - 1);
        epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &watch);
    }

    /// Sends what is queued and waits for one message of that type.
    void ask(std::size_t peer, int type)
    {
        peers_[peer]->flush();
        bool answered = false;
        while (!answered) {
            bool const alive = peers_[peer]->read_frames([&](std::string_view m) {
                if (static_cast<unsigned char>(m.at(1)) != type) {
                    std::fprintf(stderr, "unexpected message %d in place of %d\n", m.at(1), type);
                    std::exit(1);
                }
                answered = true;
            });
            if (!alive) {
                bench::die("router hung up");
            }
        }
    }

    void prepare_rpc()
    {
        if (!o_.forwarder) {
            std::string m{static_cast<char>(0x94), 64, 1, static_cast<char>(0x80)};
            put_text(m, "observatory.bench.echo");
            peers_[0]->queue_frame(m);
            ask(0, 65);
        }
        for (std::size_t i = 1; i <= callers; ++i) {
            sent_.emplace_back();
            for (int k = 0; k < in_flight; ++k) {
                call(i);
            }
        }
    }

    void call(std::size_t caller)
    {
        message_.clear();
        if (o_.forwarder) {
            message_.assign({0});
            put_payload(message_, call_octets);
        } else {
            message_.assign({static_cast<char>(0x95), 48});
            put_uint(message_, ++request_);
            message_.push_back(static_cast<char>(0x80));
            put_text(message_, "observatory.bench.echo");
            put_payload(message_, call_octets);
        }
        peers_[caller]->queue_frame(message_);
        sent_[caller - 1].push_back(clock_type::now());
    }

    void answer(std::string_view invocation)
    {
        if (o_.forwarder) {
            peers_[0]->queue_frame(invocation);
            return;
        }
        std::size_t at = 2;
        std::uint64_t const request = get_uint(invocation, at);
        message_.assign({static_cast<char>(0x94), 70});
        put_uint(message_, request);
        message_.push_back(static_cast<char>(0x80));
        put_payload(message_, call_octets);
        peers_[0]->queue_frame(message_);
    }

    void prepare_fanout()
    {
        received_.assign(subscribers + 1, 0);
        for (std::size_t i = 1; !o_.forwarder && i <= subscribers; ++i) {
            std::string m{static_cast<char>(0x94), 32, 1, static_cast<char>(0x80)};
            put_text(m, "observatory.bench.feeds.x");
            peers_[i]->queue_frame(m);
            ask(i, 33);
        }
        publish();
    }

    void publish()
    {
        std::uint64_t const slowest = *std::min_element(received_.begin() + 1, received_.end());
        while (published_ - slowest < window) {
            ++published_;
            message_.clear();
            if (!o_.forwarder) {
                message_.assign({static_cast<char>(0x95), 16});
                put_uint(message_, published_);
                message_.push_back(static_cast<char>(0x80));
                put_text(message_, "observatory.bench.feeds.x");
            }
            put_payload(message_, event_octets);
            peers_[0]->queue_frame(message_);
        }
    }

    void on_message(std::size_t peer, std::string_view m)
    {
        if (!o_.rpc) {
            ++received_[peer];
            ++done_;
        } else if (peer == 0) {
            answer(m);
        } else {
            auto& waiting = sent_[peer - 1];
            latencies_.push_back(
                std::chrono::duration<float, std::micro>(clock_type::now() - waiting.front()).count());
            waiting.erase(waiting.begin());  // at most 16, answered in order
            ++done_;
            call(peer);
        }
    }

    void turn_for(double seconds)
    {
        auto const end = clock_type::now() + std::chrono::duration<double>(seconds);
        while (clock_type::now() < end) {
            for (auto const& peer : peers_) {
                if (peer->has_output() && !peer->flush()) {
                    bench::die("write");
                }
            }
            epoll_event ready[64];
            int const n = epoll_wait(poll_, ready, 64, 100);
            for (int i = 0; i < n; ++i) {
                std::size_t const peer = ready[i].data.u32;
                if (!peers_[peer]->read_frames([&](std::string_view m) { on_message(peer, m); })) {
                    bench::die("router hung up");
                }
            }
            if (!o_.rpc) {
                publish();
            }
        }
    }

    void report(double wall, double cpu, double own)
    {
        float p50 = 0;
        float p99 = 0;
        if (!latencies_.empty()) {
            std::sort(latencies_.begin(), latencies_.end());
            p50 = latencies_[latencies_.size() / 2];
            p99 = latencies_[latencies_.size() * 99 / 100];
        }
        auto const done = static_cast<double>(done_);
        std::printf(
            "{\"scenario\": \"%s\", \"target\": \"%s\", \"operations\": %.0f, \"per_second\": %.0f, "
            "\"cpu_us\": %.3f, \"load_cpu_us\": %.3f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
            o_.rpc ? "rpc" : "fanout",
            o_.forwarder ? "forwarder" : "router",
            done,
            done / wall,
            cpu * 1e6 / done,
            own * 1e6 / done,
            static_cast<double>(p50),
            static_cast<double>(p99));
    }

    options o_;
    int poll_;
    std::vector<std::unique_ptr<connection>> peers_;
    std::string message_;
    std::uint64_t request_ = 0;
    std::vector<std::vector<clock_type::time_point>> sent_;
    std::vector<std::uint64_t> received_;
    std::uint64_t published_ = 0;
    std::uint64_t done_ = 0;
    std::vector<float> latencies_;
};

}  // namespace

int main(int argc, char** argv)
{
    if (argc < 5) {
        std::fputs("usage: bench-load PORT PID rpc|fanout SECONDS [--forwarder] [--realm REALM]\n", stderr);
        return 2;
    }
    options o;
    o.port = std::atoi(argv[1]);
    o.pid = std::atoi(argv[2]);
    o.rpc = std::strcmp(argv[3], "rpc") == 0;
    o.seconds = std::atof(argv[4]);
    for (int i = 5; i < argc; ++i) {
        if (std::strcmp(argv[i], "--forwarder") == 0) {
            o.forwarder = true;
        } else if (std::strcmp(argv[i], "--realm") == 0 && i + 1 < argc) {
            o.realm = argv[++i];
        }
    }
    load(std::move(o)).run();
    return 0;
}
