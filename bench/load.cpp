/// @file
/// Load on a router (or on bench-forwarder), and what it cost that process.
///
///   bench-load PORT PID rpc|fanout SECONDS [--forwarder] [--realm R] [--websocket msgpack|json] [--tls]
///
/// rpc: 4 callers x 16 calls in flight, 32 octets, one callee. fanout: 1 publisher, 10 subscribers, 256
/// octets, window 32. RawSocket and MessagePack unless --websocket says otherwise. PID is the router's; its
/// user + system CPU is read from /proc. Prints one line of JSON. All connections live in this one process:
/// one epoll loop, one gathered write for each connection and turn. The window of the publisher is kept by
/// counting what the last subscriber received, so publications need no acknowledgement.

#include "messages.hpp"
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

struct options {
    int port = 0;
    int pid = 0;
    bool rpc = true;
    double seconds = 5;
    bool forwarder = false;
    std::string realm = "test_realm";
    bool websocket = false;
    bool json = false;
    bool tls = false;
};

constexpr char const* procedure = "observatory.bench.echo";
constexpr char const* topic = "observatory.bench.feeds.x";

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
        peers_.push_back(std::make_unique<connection>(fd));
        auto& peer = *peers_.back();
        if (o_.tls) {
            auto* const tls = SSL_new(tls_);
            if (SSL_set_fd(tls, fd) != 1 || SSL_connect(tls) != 1) {
                bench::die("TLS handshake");
            }
            peer.secure(tls);
        }
        if (o_.websocket) {
            upgrade(peer);
        } else {
            constexpr char rawsocket_msgpack[4] = {0x7f, static_cast<char>(0xf2), 0, 0};
            peer.queue({rawsocket_msgpack, 4});
            peer.flush();
            peer.read_until({"\0\0", 2});
        }
        if (!o_.forwarder) {
            peer.queue_frame(make_.hello(o_.realm));
            ask(peers_.size() - 1, 2);
        }
        epoll_event watch{};
        watch.events = EPOLLIN;
        watch.data.u32 = static_cast<std::uint32_t>(peers_.size() - 1);
        epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &watch);
    }

    void upgrade(connection& peer)
    {
        peer.queue(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: wamp.2." +
            std::string(o_.json ? "json" : "msgpack") + "\r\n\r\n");
        peer.flush();
        auto const answer = peer.read_until("\r\n\r\n");
        if (!answer.starts_with("HTTP/1.1 101")) {
            std::fputs(answer.c_str(), stderr);
            std::exit(1);
        }
        peer.speak(o_.json ? connection::framing::websocket_text : connection::framing::websocket_binary);
    }

    /// Sends what is queued and waits for one message of that type.
    void ask(std::size_t peer, int type)
    {
        peers_[peer]->flush();
        bool answered = false;
        while (!answered) {
            bool const alive = peers_[peer]->read_frames([&](std::string_view m) {
                if (make_.type(m) != type) {
                    std::fprintf(stderr, "unexpected message %d in place of %d\n", make_.type(m), type);
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
            peers_[0]->queue_frame(make_.enrol(64, procedure));
            ask(0, 65);
        }
        for (std::size_t i = 1; i <= callers; ++i) {
            sent_.emplace_back();
            for (int k = 0; k < in_flight; ++k) {
                call(i);
            }
        }
    }

    /// The forwarder reads no messages: the first octet of a call says where it goes.
    void call(std::size_t caller)
    {
        auto const& m = make_.ask(48, ++request_, procedure, call_octets);
        peers_[caller]->queue_frame(o_.forwarder ? std::string(1, '\0') + m.substr(m.size() - 36) : m);
        sent_[caller - 1].push_back(clock_type::now());
    }

    void answer(std::string_view invocation)
    {
        peers_[0]->queue_frame(o_.forwarder ? invocation
                                            : make_.yield(make_.request(invocation), call_octets));
    }

    void prepare_fanout()
    {
        received_.assign(subscribers + 1, 0);
        for (std::size_t i = 1; !o_.forwarder && i <= subscribers; ++i) {
            peers_[i]->queue_frame(make_.enrol(32, topic));
            ask(i, 33);
        }
        publish();
    }

    void publish()
    {
        std::uint64_t const slowest = *std::min_element(received_.begin() + 1, received_.end());
        while (published_ - slowest < window) {
            ++published_;
            auto const& m = make_.ask(16, published_, topic, event_octets);
            peers_[0]->queue_frame(o_.forwarder ? m.substr(m.size() - 260) : m);
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
    bench::messages make_{o_.json};
    SSL_CTX* tls_ = SSL_CTX_new(TLS_client_method());
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
            "usage: bench-load PORT PID rpc|fanout SECONDS [--forwarder] [--realm REALM] "
            "[--websocket msgpack|json] [--tls]\n",
            stderr);
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
        } else if (std::strcmp(argv[i], "--websocket") == 0 && i + 1 < argc) {
            o.websocket = true;
            o.json = std::strcmp(argv[++i], "json") == 0;
        } else if (std::strcmp(argv[i], "--tls") == 0) {
            o.tls = true;
        }
    }
    load(std::move(o)).run();
    return 0;
}
