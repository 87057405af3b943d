#pragma once

// A WebSocket client that writes what it is told, right or wrong.

#include "support.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace cerro::transport {

using boost::asio::ip::tcp;

struct raw_client {
    boost::asio::io_context& io;
    tcp::socket socket;
    std::string got;
    std::array<char, 4096> buffer{};
    bool ended = false;

    raw_client(boost::asio::io_context& context, std::uint16_t port) : io(context), socket(context)
    {
        socket.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        read_on();
    }
    void write(std::string const& octets) { boost::asio::write(socket, boost::asio::buffer(octets)); }
    void read_on()
    {
        socket.async_read_some(boost::asio::buffer(buffer),
                               [this](boost::system::error_code ec, std::size_t n) {
                                   got.append(buffer.data(), n);
                                   if (ec) {
                                       ended = true;
                                   } else {
                                       read_on();
                                   }
                               });
    }
    void upgrade(std::string const& protocols, std::string const& more = "")
    {
        write(
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
            (protocols.empty() ? "" : "Sec-WebSocket-Protocol: " + protocols + "\r\n") + more + "\r\n");
    }
    bool has(std::string const& text)
    {
        return testing::run_until(io, [&] { return got.find(text) != std::string::npos; });
    }
};

/// A masked client frame (mask 0 0 0 0).
inline std::string frame(int opcode, std::string const& payload)
{
    std::string f;
    f.push_back(static_cast<char>(0x80 | opcode));
    auto const n = payload.size();
    if (n < 126) {
        f.push_back(static_cast<char>(0x80U | n));
    } else {
        bool const two = n < 65'536;
        f.push_back(static_cast<char>(two ? 0xfe : 0xff));
        for (int shift = two ? 8 : 56; shift >= 0; shift -= 8) {
            f.push_back(static_cast<char>(std::uint64_t{n} >> static_cast<unsigned>(shift)));
        }
    }
    return f + std::string(4, '\0') + payload;
}

}  // namespace cerro::transport
