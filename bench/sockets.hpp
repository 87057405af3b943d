#pragma once

/// @file
/// What forwarder and load generator share: a non-blocking TCP connection with RawSocket framing, nothing
/// else.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] inline void die(char const* what)
{
    std::perror(what);
    std::exit(1);
}

inline void no_delay(int fd)
{
    int const on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

inline sockaddr_in loopback(int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

/// Reads what there is, gives complete frames to `f(payload)`, keeps the rest; writes what is queued in one
/// call.
class connection {
public:
    explicit connection(int fd) : fd_(fd) {}
    [[nodiscard]] int fd() const { return fd_; }

    /// One read of at most 64 KiB. @return false at end of file
    template <class F>
    bool read_frames(F f)
    {
        if (in_.size() < kept_ + chunk) {
            in_.resize(
                kept_ +
                chunk);  // never shrinks: filling 64 KiB with zeros for each read would cost more than it
        }
        ssize_t const n = ::read(fd_, in_.data() + kept_, chunk);
        if (n <= 0) {
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        }
        std::size_t const have = kept_ + static_cast<std::size_t>(n);
        std::size_t at = 0;
        while (have - at >= 4) {
            auto const* head = reinterpret_cast<unsigned char const*>(in_.data() + at);
            std::size_t const length = std::size_t{head[1]} << 16U | std::size_t{head[2]} << 8U | head[3];
            if (have - at - 4 < length) {
                break;
            }
            f(std::string_view(in_.data() + at + 4, length));
            at += 4 + length;
        }
        kept_ = have - at;
        std::memmove(in_.data(), in_.data() + at, kept_);
        return true;
    }

    void queue_frame(std::string_view payload)
    {
        auto const n = payload.size();
        char const head[4] = {
            0, static_cast<char>(n >> 16U), static_cast<char>(n >> 8U), static_cast<char>(n)};
        out_.append(head, 4);
        out_.append(payload);
    }

    [[nodiscard]] bool has_output() const { return written_ < out_.size(); }

    /// One write of all that is queued; the rest waits. @return false on an error
    bool flush()
    {
        while (written_ < out_.size()) {
            ssize_t const n = ::write(fd_, out_.data() + written_, out_.size() - written_);
            if (n < 0) {
                return errno == EAGAIN;
            }
            written_ += static_cast<std::size_t>(n);
        }
        out_.clear();
        written_ = 0;
        return true;
    }

private:
    static constexpr std::size_t chunk = 65'536;
    int fd_;
    std::string in_;
    std::size_t kept_ = 0;
    std::string out_;
    std::size_t written_ = 0;
};

}  // namespace bench
