/// @file
/// Load on a router (or on bench-forwarder), and what it cost that process: see README.md for the scenarios.
///
///   bench-load PORT PID SCENARIO SECONDS [--forwarder] [--realm R] [--link raw|raw-tls|ws|wss] [--json]
///   [--acknowledge]
///
/// PID is the router's; its user + system CPU is read from /proc. Prints one line of JSON. All connections
/// live in this one process: one epoll loop, one write for each connection and turn. The window of the
/// publisher is kept by counting what the last subscriber received, so publications need no acknowledgement.

#include "dialect.hpp"
#include "link.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace {

using bench::link;
using bench::writer;
using clock_type = std::chrono::steady_clock;

constexpr int subscribers = 10;
constexpr std::uint64_t window = 32;
constexpr std::string_view procedure = "observatory.bench.echo";

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

double resident_kib(int pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmRSS:")) {
            return std::atof(line.c_str() + 6);
        }
    }
    return 0;
}

struct options {
    int port = 0;
    int pid = 0;
    std::string scenario;
    double seconds = 5;
    bool forwarder = false;
    bool acknowledge = false;
    std::string realm = "test_realm";
    std::string topic = "observatory.bench.feeds.x";
    bench::link_kind kind;
    bench::dialect language = bench::dialect::msgpack;
};

class load {
public:
    explicit load(options o) : o_(std::move(o)), poll_(epoll_create1(0))
    {
        rpc_ = o_.scenario != "fanout";
        callers_ = o_.scenario == "rpc" ? 4 : 1;
        in_flight_ = o_.scenario == "rpc" ? 16 : o_.scenario == "big" ? 4 : 1;
        octets_ = o_.scenario == "big" ? 16'384 : rpc_ ? 32 : 256;
    }

    void run()
    {
        if (o_.scenario == "joins") {
            joins();
        } else if (o_.scenario == "idle") {
            idle();
        } else {
            traffic();
        }
    }

private:
    void traffic()
    {
        for (std::size_t i = 0; i < (rpc_ ? callers_ : subscribers) + 1; ++i) {
            open();
        }
        if (rpc_) {
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
        report(std::chrono::duration<double>(clock_type::now() - begin).count(),
               cpu_seconds(o_.pid) - cpu,
               cpu_seconds(getpid()) - own);
    }

    /// Sessions that come and go at once, one after the other on 16 connections' worth of sockets.
    void joins()
    {
        double const cpu = cpu_seconds(o_.pid);
        double const own = cpu_seconds(getpid());
        auto const begin = clock_type::now();
        auto const end = begin + std::chrono::duration<double>(o_.seconds);
        while (clock_type::now() < end) {
            std::deque<std::unique_ptr<link>> some;
            for (int i = 0; i < 16; ++i) {
                some.push_back(std::make_unique<link>(o_.port, o_.kind));
                hello(*some.back());
                some.back()->flush();
            }
            for (auto const& l : some) {
                expect(*l, 2);
                ++done_;
            }
        }
        report(std::chrono::duration<double>(clock_type::now() - begin).count(),
               cpu_seconds(o_.pid) - cpu,
               cpu_seconds(getpid()) - own);
    }

    /// What a session that does nothing holds in memory.
    void idle()
    {
        constexpr std::size_t sessions = 2000;
        for (int i = 0; i < 50; ++i) {
            open();  // what the first ones need once is not theirs
        }
        double const before = resident_kib(o_.pid);
        for (std::size_t i = 0; i < sessions; ++i) {
            open();
        }
        usleep(1'500'000);
        std::printf("{\"scenario\": \"idle\", \"sessions\": %zu, \"kib\": %.2f}\n",
                    sessions,
                    (resident_kib(o_.pid) - before) / static_cast<double>(sessions));
    }

    void hello(link& to)
    {
        writer w(o_.language, message_);
        w.list(3).number(1).text(o_.realm).dict(1).key("roles").dict(4);
        for (char const* role : {"caller", "callee", "publisher", "subscriber"}) {
            w.key(role).dict(0).close();
        }
        w.close().close().close();
        to.queue_frame(message_);
    }

    void open()
    {
        peers_.push_back(std::make_unique<link>(o_.port, o_.kind));
        if (!o_.forwarder) {
            hello(*peers_.back());
            peers_.back()->flush();
            expect(*peers_.back(), 2);
        }
        epoll_event watch{};
        watch.events = EPOLLIN;
        watch.data.u32 = static_cast<std::uint32_t>(peers_.size() - 1);
        epoll_ctl(poll_, EPOLL_CTL_ADD, peers_.back()->fd(), &watch);
    }

    [[nodiscard]] std::uint64_t type_of(std::string_view m) const
    {
        std::size_t at = 1;
        return bench::read_number(o_.language, m, at);
    }

    /// Waits for one message of that type.
    void expect(link& from, std::uint64_t type)
    {
        bool answered = false;
        while (!answered) {
            from.read_frames([&](std::string_view m) {
                if (type_of(m) != type) {
                    std::fprintf(stderr, "unexpected message of type %d\n", static_cast<int>(type_of(m)));
                    std::exit(1);
                }
                answered = true;
            });
        }
    }

    void ask(link& whom, int type, std::string_view uri)
    {
        writer w(o_.language, message_);
        w.list(4).number(static_cast<std::uint64_t>(type)).number(1).dict(0).close().text(uri).close();
        whom.queue_frame(message_);
        whom.flush();
        expect(whom, static_cast<std::uint64_t>(type) + 1);
    }

    void prepare_rpc()
    {
        if (!o_.forwarder) {
            ask(*peers_[0], 64, procedure);
        }
        for (std::size_t i = 1; i <= callers_; ++i) {
            sent_.emplace_back();
            for (int k = 0; k < in_flight_; ++k) {
                call(i);
            }
        }
    }

    void call(std::size_t caller)
    {
        if (o_.forwarder) {
            message_.assign(1 + octets_, 0);
        } else {
            writer w(o_.language, message_);
            w.list(5).number(48).number(++request_).dict(0).close().text(procedure).payload(octets_).close();
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
        std::size_t at = 1;
        bench::read_number(o_.language, invocation, at);
        auto const request = bench::read_number(o_.language, invocation, at);
        writer w(o_.language, message_);
        w.list(4).number(70).number(request).dict(0).close().payload(octets_).close();
        peers_[0]->queue_frame(message_);
    }

    void prepare_fanout()
    {
        received_.assign(subscribers + 1, 0);
        for (std::size_t i = 1; !o_.forwarder && i <= subscribers; ++i) {
            ask(*peers_[i], 32, o_.topic);
        }
        publish();
    }

    void publish()
    {
        std::uint64_t const slowest = *std::min_element(received_.begin() + 1, received_.end());
        while (published_ - slowest < window) {
            ++published_;
            if (o_.forwarder) {
                message_.assign(octets_, 'x');
            } else {
                writer w(o_.language, message_);
                w.list(5).number(16).number(published_);
                if (o_.acknowledge) {
                    w.dict(1).key("acknowledge").yes().close();
                } else {
                    w.dict(0).close();
                }
                w.text(o_.topic).payload(octets_).close();
            }
            peers_[0]->queue_frame(message_);
        }
    }

    void on_message(std::size_t peer, std::string_view m)
    {
        if (!rpc_) {
            if (peer != 0) {  // the publisher gets acknowledgements
                ++received_[peer];
                ++done_;
            }
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
                if (peer->has_output()) {
                    peer->flush();
                }
            }
            epoll_event ready[64];
            int const n = epoll_wait(poll_, ready, 64, 100);
            for (int i = 0; i < n; ++i) {
                std::size_t const peer = ready[i].data.u32;
                peers_[peer]->read_frames([&](std::string_view m) { on_message(peer, m); });
            }
            if (!rpc_) {
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
            "\"cpu_us\": %.3f, \"load_cpu_us\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
            o_.scenario.c_str(),
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
    bool rpc_ = true;
    std::size_t callers_ = 1;
    int in_flight_ = 1;
    std::size_t octets_ = 32;
    std::vector<std::unique_ptr<link>> peers_;
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
        std::fputs(
            "usage: bench-load PORT PID rpc|fanout|single|big|joins|idle SECONDS [--forwarder] [--realm "
            "REALM] "
            "[--topic TOPIC] [--link raw|raw-tls|ws|wss] [--json] [--acknowledge]\n",
            stderr);
        return 2;
    }
    options o;
    o.port = std::atoi(argv[1]);
    o.pid = std::atoi(argv[2]);
    o.scenario = argv[3];
    o.seconds = std::atof(argv[4]);
    for (int i = 5; i < argc; ++i) {
        std::string_view const word = argv[i];
        if (word == "--forwarder") {
            o.forwarder = true;
        } else if (word == "--acknowledge") {
            o.acknowledge = true;
        } else if (word == "--json") {
            o.kind.json = true;
            o.language = bench::dialect::json;
        } else if (i + 1 < argc) {
            std::string const given = argv[++i];
            if (word == "--realm") {
                o.realm = given;
            } else if (word == "--topic") {
                o.topic = given;
            } else if (word == "--link") {
                o.kind.web = given.starts_with("ws");
                o.kind.tls = given == "wss" || given == "raw-tls";
            }
        }
    }
    load(std::move(o)).run();
    return 0;
}
