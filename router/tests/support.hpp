#pragma once

/// @file
/// A router in this process, and clients of it that speak WAMP as JSON text.

#include <cerro/codec/codec.hpp>
#include <cerro/http/client.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/testing/loop.hpp>
#include <cerro/transport/channel.hpp>
#include <cerro/wamp/message.hpp>

#include <boost/asio/io_context.hpp>

#include <catch2/catch.hpp>

#include <deque>
#include <memory>
#include <string>

namespace cerro::router::testing {

using cerro::testing::run;
using cerro::testing::run_until;
using namespace std::chrono_literals;

/// ' for "
inline std::string quoted(std::string text)
{
    for (auto& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

inline std::string site(std::string const& transports, std::string const& cerro = "{}")
{
    return quoted(
        "{'version':2,'workers':[{'type':'router','realms':[{'name':'realm1','roles':[{'name':'agent','"
        "permissions':["
        "{'uri':'observatory.','match':'prefix','allow':{'call':true,'register':true,'publish':true,'"
        "subscribe':true}}]},"
        "{'name':'controller','permissions':[{'uri':'observatory.','match':'prefix','allow':{'call':true}}]}]"
        "}],"
        "'transports':[" +
        transports + "]}],'cerro':" + cerro + "}");
}

inline constexpr auto rawsocket =
    "{'type':'rawsocket','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},"
    "'auth':{'anonymous':{'type':'static','role':'agent'}}}";
inline constexpr auto web =
    "{'type':'web','endpoint':{'type':'tcp','port':0,'interface':'127.0.0.1'},'paths':{"
    "'ws':{'type':'websocket','auth':{'anonymous':{'type':'static','role':'agent'}}},"
    "'call':{'type':'caller','realm':'realm1','role':'controller'},'old':{'type':'redirect','url':'/call'}}}";

class client final : public transport::channel_events, public std::enable_shared_from_this<client> {
public:
    client(asio::io_context& io, std::shared_ptr<transport::channel> channel)
        : io_(io), channel_(std::move(channel))
    {}

    static std::shared_ptr<client> connect(asio::io_context& io, transport::connect_options o)
    {
        auto channel = run(io, transport::connect(std::move(o)));
        if (!channel) {
            FAIL(channel.error().what);
        }
        auto made = std::make_shared<client>(io, *channel);
        ++open;
        (*channel)->start(made);
        return made;
    }
    static std::shared_ptr<client> connect(asio::io_context& io,
                                           std::string url,
                                           codec::serializer s = codec::serializer::json)
    {
        transport::connect_options o;
        o.url = std::move(url);
        o.serializers = {s};
        return connect(io, std::move(o));
    }

    void on_messages(std::span<byte_view const> batch) override
    {
        for (auto const m : batch) {
            auto v = codec::decode(channel_->info().serializer, m);
            REQUIRE(v.has_value());
            inbox.push_back(std::move(*v));
        }
    }
    void on_closed(transport::close_reason why, std::string const& /*detail*/) override
    {
        closed = why;
        --open;
    }

    void say(std::string const& text)
    {
        auto const s = channel_->info().serializer;
        bytes out(4, '\0');
        REQUIRE(codec::transcode(codec::serializer::json, quoted(text), s, out).has_value());
        auto const n = out.size() - 4;
        for (std::size_t i = 0; i < 4; ++i) {
            out[i] = static_cast<char>(n >> (24 - 8 * i) & 0xff);
        }
        channel_->send(std::make_shared<bytes const>(std::move(out)));
    }
    value next()
    {
        if (!run_until(io_, [this] { return !inbox.empty() || closed != transport::close_reason::none; })) {
            FAIL("no message has come");
        }
        if (inbox.empty()) {
            FAIL("closed: " << transport::name(closed));
        }
        auto v = std::move(inbox.front());
        inbox.pop_front();
        return v;
    }
    client& join()
    {
        say("[1,'realm1',{'roles':{'caller':{},'callee':{},'publisher':{},'subscriber':{}}}]");
        auto const m = next();
        REQUIRE(m.at(0)->as_int() == 2);
        id = m.at(1)->as_uint().value();
        return *this;
    }
    void cut() { channel_->close(transport::close_reason::closed_by_us, {}, false); }
    bool wait_closed()
    {
        return run_until(io_, [this] { return closed != transport::close_reason::none; });
    }

    inline static int open = 0;  ///< clients that have not seen their end
    std::deque<value> inbox;
    transport::close_reason closed = transport::close_reason::none;
    wamp::id id = 0;

private:
    asio::io_context& io_;
    std::shared_ptr<transport::channel> channel_;
};

/// A router that is drained at its end.
class host {
public:
    explicit host(std::string const& json)
    {
        auto s = parse_settings(json, "config.json");
        if (!s) {
            FAIL(s.error().what);
        }
        router = instance::start(io.get_executor(), std::move(*s), metrics);
    }
    ~host()
    {
        router->stop();
        // What is still open would be destroyed with the loop, without its end.
        run_until(io, [this] {
            return client::open == 0 &&
                   metrics.text().find("cerro_router_connections 0") != std::string::npos;
        });
    }
    host(host const&) = delete;
    host& operator=(host const&) = delete;

    std::string url(std::string_view transport, std::string const& scheme, std::string const& path = "")
    {
        return scheme + "://127.0.0.1:" + std::to_string(router->port(transport)) + path;
    }
    std::shared_ptr<client> raw(codec::serializer s = codec::serializer::msgpack)
    {
        auto c = client::connect(io, url("rawsocket", "rs"), s);
        c->join();
        return c;
    }
    http::response fetch(std::string method,
                         std::string path,
                         bytes body,
                         std::vector<std::pair<std::string, std::string>> headers = {})
    {
        auto r =
            run(io,
                http::fetch(
                    std::move(method), url("web", "http", path), std::move(body), std::move(headers), 5s));
        if (!r) {
            FAIL(r.error().what);
        }
        return std::move(*r);
    }

    metrics::registry metrics;  // outlives what the loop holds
    asio::io_context io;
    std::shared_ptr<instance> router;
};

}  // namespace cerro::router::testing
