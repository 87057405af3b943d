#pragma once

/// @file
/// A client's connection of the load generator: RawSocket or WebSocket framing, in the clear or over TLS.

#include "sockets.hpp"

#include <openssl/ssl.h>

#include <memory>

namespace bench {

struct link_kind {
    bool web = false;  ///< WebSocket, else RawSocket
    bool tls = false;
    bool json = false;
};

class link {
public:
    link(int port, link_kind kind) : kind_(kind), fd_(socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in const address = loopback(port);
        if (connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
            die("connect");
        }
        no_delay(fd_);
        if (kind_.tls) {
            static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
            ssl_ = SSL_new(context);
            SSL_set_fd(ssl_, fd_);
            if (SSL_connect(ssl_) != 1) {
                die("TLS handshake");
            }
        }
        if (kind_.web) {
            upgrade();
        } else {
            char octets[4] = {0x7f, static_cast<char>(kind_.json ? 0xf1 : 0xf2), 0, 0};
            put(octets, 4);
            take(octets, 4);
        }
    }
    link(link const&) = delete;
    link& operator=(link const&) = delete;
    ~link()
    {
        if (ssl_ != nullptr) {
            SSL_free(ssl_);
        }
        ::close(fd_);
    }

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] bool has_output() const { return !out_.empty(); }

    void queue_frame(std::string_view m)
    {
        auto const n = m.size();
        if (!kind_.web) {
            out_ += '\0';
            out_.append({static_cast<char>(n >> 16U), static_cast<char>(n >> 8U), static_cast<char>(n)});
        } else {
            out_ += static_cast<char>(kind_.json ? 0x81 : 0x82);
            if (n < 126) {
                out_ += static_cast<char>(0x80U | n);
            } else {
                out_.append(
                    {static_cast<char>(0x80 | 126), static_cast<char>(n >> 8U), static_cast<char>(n)});
            }
            out_.append(4, '\0');  // masked with zeros: legal, and free
        }
        out_.append(m);
    }

    void flush()
    {
        put(out_.data(), out_.size());
        out_.clear();
    }

    /// Reads what there is (waits for it if there is nothing), gives complete messages to `f`.
    template <class F>
    void read_frames(F f)
    {
        do {
            if (in_.size() < kept_ + chunk) {
                in_.resize(kept_ + chunk);
            }
            kept_ += some(in_.data() + kept_, chunk);
            std::size_t at = 0;
            for (std::size_t length = 0, head = header(at, length); head != 0; head = header(at, length)) {
                f(std::string_view(in_.data() + at + head, length));
                at += head + length;
            }
            kept_ -= at;
            std::memmove(in_.data(), in_.data() + at, kept_);
        } while (ssl_ != nullptr && SSL_pending(ssl_) > 0);
    }

private:
    /// Octets before the message at `at`, 0 if it is not complete.
    std::size_t header(std::size_t at, std::size_t& length) const
    {
        auto const* p = reinterpret_cast<unsigned char const*>(in_.data() + at);
        std::size_t const have = kept_ - at;
        std::size_t head = kind_.web ? 2 : 4;
        if (have < head) {
            return 0;
        }
        if (!kind_.web) {
            length = std::size_t{p[1]} << 16U | std::size_t{p[2]} << 8U | p[3];
        } else {
            length = p[1];
            if (length == 126) {
                head = 4;
                if (have < head) {
                    return 0;
                }
                length = std::size_t{p[2]} << 8U | p[3];
            }
        }
        return have - head < length ? 0 : head;
    }

    void upgrade()
    {
        std::string const request =
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
            "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "
            "wamp.2." +
            std::string(kind_.json ? "json" : "msgpack") + "\r\n\r\n";
        put(request.data(), request.size());
        std::string answer;
        while (!answer.ends_with("\r\n\r\n")) {
            char c = 0;
            take(&c, 1);
            answer += c;
        }
        if (answer.find(" 101 ") == std::string::npos) {
            std::fputs(answer.c_str(), stderr);
            std::exit(1);
        }
    }

    std::size_t some(char* into, std::size_t n)
    {
        auto const got = ssl_ != nullptr ? SSL_read(ssl_, into, static_cast<int>(n)) : ::read(fd_, into, n);
        if (got <= 0) {
            die("router hung up");
        }
        return static_cast<std::size_t>(got);
    }
    void take(char* into, std::size_t n)
    {
        for (std::size_t have = 0; have != n;) {
            have += some(into + have, n - have);
        }
    }
    void put(char const* from, std::size_t n)
    {
        while (n != 0) {
            auto const put =
                ssl_ != nullptr ? SSL_write(ssl_, from, static_cast<int>(n)) : ::write(fd_, from, n);
            if (put <= 0) {
                die("write");
            }
            from += put;
            n -= static_cast<std::size_t>(put);
        }
    }

    static constexpr std::size_t chunk = 65'536;
    link_kind kind_;
    int fd_;
    SSL* ssl_ = nullptr;
    std::string in_;
    std::size_t kept_ = 0;
    std::string out_;
};

}  // namespace bench
