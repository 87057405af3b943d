#pragma once

/// @file
/// What forwarder and load generator share: a TCP connection with RawSocket framing; the load generator can
/// also speak WebSocket on it, and both through TLS.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
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
    enum class framing : std::uint8_t { rawsocket, websocket_text, websocket_binary };

    explicit connection(int fd) : fd_(fd) {}
    [[nodiscard]] int fd() const { return fd_; }
    void speak(framing f) { framing_ = f; }
    /// Everything goes through this TLS connection from now on.
    void secure(SSL* tls) { tls_ = tls; }
    /// What the peer sent before its first frame, up to `end`; what follows is kept.
    std::string read_until(std::string_view end)
    {
        std::size_t at = std::string::npos;
        in_.resize(chunk);
        while ((at = std::string_view(in_.data(), kept_).find(end)) == std::string::npos) {
            ssize_t const n = receive(in_.data() + kept_, in_.size() - kept_);
            if (n <= 0) {
                die("handshake");
            }
            kept_ += static_cast<std::size_t>(n);
        }
        at += end.size();
        std::string head(in_.data(), at);
        kept_ -= at;
        std::memmove(in_.data(), in_.data() + at, kept_);
        return head;
    }
    void queue(std::string_view octets) { out_.append(octets); }

    /// One read of at most 64 KiB. @return false at end of file
    template <class F>
    bool read_frames(F f)
    {
        if (in_.size() < kept_ + chunk) {
            in_.resize(
                kept_ +
                chunk);  // never shrinks: filling 64 KiB with zeros for each read would cost more than it
        }
        ssize_t n = receive(in_.data() + kept_, chunk);
        if (n <= 0) {
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        }
        std::size_t have = kept_ + static_cast<std::size_t>(n);
        // A TLS record that is decrypted already makes no descriptor ready.
        while (tls_ != nullptr && SSL_pending(tls_) != 0) {
            in_.resize(have + chunk);
            n = receive(in_.data() + have, chunk);
            have += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        std::size_t at = 0;
        for (;;) {
            auto const [head, length] = frame_at(std::string_view(in_.data() + at, have - at));
            if (head == 0 || have - at - head < length) {
                break;
            }
            f(std::string_view(in_.data() + at + head, length));
            at += head + length;
        }
        kept_ = have - at;
        std::memmove(in_.data(), in_.data() + at, kept_);
        return true;
    }

    void queue_frame(std::string_view payload)
    {
        auto const n = payload.size();
        if (framing_ == framing::rawsocket) {
            char const head[4] = {
                0, static_cast<char>(n >> 16U), static_cast<char>(n >> 8U), static_cast<char>(n)};
            out_.append(head, 4);
            out_.append(payload);
            return;
        }
        out_.push_back(static_cast<char>(framing_ == framing::websocket_text ? 0x81 : 0x82));
        if (n < 126) {
            out_.push_back(static_cast<char>(0x80U | n));
        } else if (n < 65'536) {
            out_ += {static_cast<char>(0xfe), static_cast<char>(n >> 8U), static_cast<char>(n)};
        } else {
            out_.push_back(static_cast<char>(0xff));
            for (int shift = 56; shift >= 0; shift -= 8) {
                out_.push_back(static_cast<char>(std::uint64_t{n} >> static_cast<unsigned>(shift)));
            }
        }
        constexpr char key[4] = {0x37, 0x21, 0x5a, 0x0c};
        out_.append(key, 4);
        for (std::size_t i = 0; i < n; ++i) {
            out_.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
        }
    }

    [[nodiscard]] bool has_output() const { return written_ < out_.size(); }

    /// One write of all that is queued; the rest waits. @return false on an error
    bool flush()
    {
        while (written_ < out_.size()) {
            ssize_t const n = transmit(out_.data() + written_, out_.size() - written_);
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

    ssize_t receive(char* into, std::size_t n)
    {
        return tls_ == nullptr ? ::read(fd_, into, n) : SSL_read(tls_, into, static_cast<int>(n));
    }
    ssize_t transmit(char const* from, std::size_t n)
    {
        return tls_ == nullptr ? ::write(fd_, from, n) : SSL_write(tls_, from, static_cast<int>(n));
    }

    struct frame {
        std::size_t head;  ///< 0: not all of it is there
        std::size_t length;
    };
    [[nodiscard]] frame frame_at(std::string_view in) const
    {
        auto const* const o = reinterpret_cast<unsigned char const*>(in.data());
        if (framing_ == framing::rawsocket) {
            return in.size() < 4 ? frame{0, 0}
                                 : frame{4, std::size_t{o[1]} << 16U | std::size_t{o[2]} << 8U | o[3]};
        }
        if (in.size() < 2) {
            return {0, 0};
        }
        std::size_t const octets = o[1] < 126 ? 0 : o[1] == 126 ? 2 : 8;
        if (in.size() < 2 + octets) {
            return {0, 0};
        }
        std::size_t length = octets == 0 ? o[1] : 0;
        for (std::size_t i = 0; i < octets; ++i) {
            length = length << 8U | o[2 + i];
        }
        return {2 + octets, length};
    }

    int fd_;
    framing framing_ = framing::rawsocket;
    SSL* tls_ = nullptr;
    std::string in_;
    std::size_t kept_ = 0;
    std::string out_;
    std::size_t written_ = 0;
};

}  // namespace bench
