/// @file
/// The cheapest router there can be: framing only, no protocol. It shows what sockets and copies alone cost.
///
///   bench-forwarder PORT rpc      the first connection is the callee: frames of the others go to it, marked
///   with the sender's
///                                 number in their first octet; its frames go to the connection of that
///                                 number
///   bench-forwarder PORT fanout   frames of the first connection go to all others
///
/// epoll, one read for each ready connection, one gathered write for each receiver and turn. Ends with the
/// first connection.

#include "sockets.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using bench::connection;

int listen_on(int port)
{
    int const fd = socket(AF_INET, SOCK_STREAM, 0);
    int const on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in const address = bench::loopback(port);
    if (bind(fd, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0 || listen(fd, 64) != 0) {
        bench::die("listen");
    }
    return fd;
}

/// Answers the RawSocket handshake, so that the load generator connects to a router and to this in the same
/// way.
void shake_hands(int fd)
{
    char octets[4];
    if (recv(fd, octets, 4, MSG_WAITALL) != 4 || send(fd, octets, 4, 0) != 4) {
        bench::die("handshake");
    }
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::fputs("usage: bench-forwarder PORT rpc|fanout\n", stderr);
        return 2;
    }
    bool const rpc = std::strcmp(argv[2], "rpc") == 0;
    int const acceptor = listen_on(std::atoi(argv[1]));
    int const poll = epoll_create1(0);
    epoll_event watch{};
    watch.events = EPOLLIN;
    watch.data.u32 = UINT32_MAX;
    epoll_ctl(poll, EPOLL_CTL_ADD, acceptor, &watch);
    std::vector<std::unique_ptr<connection>> peers;
    std::string marked;
    for (;;) {
        epoll_event ready[64];
        int const n = epoll_wait(poll, ready, 64, -1);
        for (int i = 0; i < n; ++i) {
            if (ready[i].data.u32 == UINT32_MAX) {
                int const fd = accept(acceptor, nullptr, nullptr);
                shake_hands(fd);
                bench::no_delay(fd);
                watch.data.u32 = static_cast<std::uint32_t>(peers.size());
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &watch);
                peers.push_back(std::make_unique<connection>(fd));
                continue;
            }
            std::size_t const from = ready[i].data.u32;
            bool const open = peers[from]->read_frames([&](std::string_view frame) {
                if (!rpc) {
                    for (std::size_t to = 1; from == 0 && to < peers.size(); ++to) {
                        peers[to]->queue_frame(frame);
                    }
                } else if (from == 0) {
                    peers[static_cast<unsigned char>(frame[0])]->queue_frame(frame);
                } else {
                    marked.assign(frame);
                    marked[0] = static_cast<char>(from);
                    peers[0]->queue_frame(marked);
                }
            });
            if (!open) {
                if (from == 0) {
                    return 0;
                }
                epoll_ctl(poll, EPOLL_CTL_DEL, peers[from]->fd(), nullptr);
            }
        }
        for (auto const& peer : peers) {
            if (peer->has_output()) {
                peer->flush();
            }
        }
    }
}
