#pragma once

// What the transport tests share: an owner that records, a server that accepts channels.

#include <cerro/testing/loop.hpp>
#include <cerro/transport/stream.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cerro::transport {

/// Records what a channel tells its owner; echoes if asked to.
struct recorder : channel_events {
    std::weak_ptr<channel> echo_to;
    std::vector<std::string> messages;
    std::vector<std::size_t> batches;
    std::optional<close_reason> closed;
    std::string detail;

    void on_messages(std::span<byte_view const> batch) override
    {
        batches.push_back(batch.size());
        for (auto const m : batch) {
            messages.emplace_back(m);
            if (auto const line = echo_to.lock()) {
                line->send(frame_of(m));
            }
        }
    }
    void on_closed(close_reason why, std::string const& text) override
    {
        closed = why;
        detail = text;
    }

    static shared_bytes frame_of(byte_view m)
    {
        bytes f;
        for (int shift : {24, 16, 8, 0}) {
            f.push_back(static_cast<char>((m.size() >> static_cast<unsigned>(shift)) & 0xFFU));
        }
        return std::make_shared<bytes const>(f.append(m));
    }
};

/// Accepts RawSocket and WebSocket (by the first octet) on one listener and records every channel.
struct server {
    boost::asio::io_context& io;
    accept_options accept;
    std::shared_ptr<listener> door;
    bool echo = false;
    std::vector<std::shared_ptr<channel>> channels;
    std::vector<std::shared_ptr<recorder>> owners;
    std::vector<std::string> refusals;

    server(boost::asio::io_context& context, listen_options where = {}) : io(context)
    {
        door = listen(io.get_executor(), std::move(where), [this](std::shared_ptr<stream> s) {
            boost::asio::co_spawn(io, serve(this, std::move(s)), [](std::exception_ptr e) {
                if (e) {
                    std::rethrow_exception(e);
                }
            });
        });
    }

    static asio::awaitable<void> serve(server* self, std::shared_ptr<stream> s)
    {
        bytes got;
        bool raw = false;
        while (!raw && got.find("\r\n\r\n") == bytes::npos) {
            char buffer[4096];
            std::span<char> const into(buffer, sizeof buffer);
            auto const n = co_await s->read_some(into, self->accept.lim.handshake_timeout);
            if (!n) {
                self->refusals.push_back(n.error().what);
                co_return;
            }
            got.append(buffer, *n);
            raw = got[0] != 'G';
        }
        result<std::shared_ptr<channel>> made = fail(errc::closed, "");
        if (raw) {
            made = co_await accept_rawsocket(s, self->accept, got);
        } else {
            auto const split = got.find("\r\n\r\n") + 4;
            made = co_await accept_websocket(s, got.substr(0, split), got.substr(split), self->accept);
        }
        if (!made) {
            self->refusals.push_back(made.error().what);
            co_return;
        }
        auto const owner = std::make_shared<recorder>();
        if (self->echo) {
            owner->echo_to = *made;
        }
        self->channels.push_back(*made);
        self->owners.push_back(owner);
        (*made)->start(owner);
    }
};

struct client {
    std::shared_ptr<channel> line;
    std::shared_ptr<recorder> owner = std::make_shared<recorder>();
};

inline client open_client(boost::asio::io_context& io, connect_options o)
{
    auto made = testing::run(io, connect(std::move(o)));
    client c;
    c.line = made.value();  // throws with the problem's text
    c.line->start(c.owner);
    return c;
}

inline std::string url(std::string const& scheme, server const& s, std::string const& host = "127.0.0.1")
{
    return scheme + "://" + host + ":" + std::to_string(s.door->port()) + (scheme[0] == 'w' ? "/ws" : "");
}

}  // namespace cerro::transport
