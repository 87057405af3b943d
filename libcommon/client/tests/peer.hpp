#pragma once

// A router of a few lines, whose every answer the test chooses.

#include <cerro/client/session.hpp>
#include <cerro/testing/gate.hpp>
#include <cerro/testing/loop.hpp>
#include <cerro/transport/stream.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cerro::client {

using wamp::message_type;

/// A message with its payload decoded, as the peer received it.
struct received {
    wamp::message m;
    list args;
    dict kwargs;
};

/// Accepts RawSocket. Answers HELLO with WELCOME, SUBSCRIBE with SUBSCRIBED and so on, unless `script` takes
/// a message (returns true). All that came is kept.
class peer {
public:
    explicit peer(boost::asio::io_context& io) : io_(io)
    {
        door_ = transport::listen(io.get_executor(), {}, [this](std::shared_ptr<transport::stream> s) {
            boost::asio::co_spawn(io_, accept(this, std::move(s)), [](std::exception_ptr e) {
                if (e) {
                    std::rethrow_exception(e);
                }
            });
        });
    }
    ~peer()
    {
        door_->stop();
        for (auto const& c : channels_) {
            c->close(transport::close_reason::shutdown, {}, false);
        }
    }

    std::uint16_t port() const { return door_->port(); }
    std::size_t connections() const { return channels_.size(); }
    void disconnect() { channels_.back()->close(transport::close_reason::closed_by_us, {}, false); }

    void send(wamp::message m, list const& args = {}, dict const& kwargs = {})
    {
        auto const& c = channels_.back();
        wamp::payload const p(c->info().serializer, args, kwargs);
        m.payload = p.view();
        c->send(wamp::frame(c->info().serializer, m));
    }
    /// With arguments as they are, right or wrong, in MessagePack.
    void send_encoded(wamp::message m, byte_view args)
    {
        m.payload = {codec::serializer::msgpack, args, {}};
        channels_.back()->send(wamp::frame(channels_.back()->info().serializer, m));
    }
    void refuse(received const& r, std::string uri)
    {
        send(make(message_type::error, r.m.request, static_cast<wamp::id>(r.m.type), std::move(uri)));
    }
    static wamp::message make(message_type t, wamp::id request = 0, wamp::id id2 = 0, std::string uri = {})
    {
        wamp::message m;
        m.type = t;
        m.request = request;
        m.id2 = id2;
        m.uri = std::move(uri);
        return m;
    }

    std::size_t count(message_type t) const
    {
        std::size_t n = 0;
        for (auto const& r : got) {
            n += r.m.type == t ? 1U : 0U;
        }
        return n;
    }
    received const* last(message_type t) const
    {
        for (auto at = got.rbegin(); at != got.rend(); ++at) {
            if (at->m.type == t) {
                return &*at;
            }
        }
        return nullptr;
    }

    /// One id for each uri in each connection.
    wamp::id id_of(std::string const& uri) const
    {
        return std::hash<std::string>{}(uri + std::to_string(channels_.size())) % 1'000'000U + 1;
    }

    std::vector<received> got;
    std::function<bool(received const&)> script;
    transport::limits limits;

private:
    struct owner final : transport::channel_events {
        explicit owner(peer* p, codec::serializer s) : self(p), serializer(s) {}
        void on_messages(std::span<byte_view const> batch) override
        {
            for (auto const one : batch) {
                auto m = wamp::scan(serializer, one).value();
                received r{m, wamp::decode_args(m.payload).value(), wamp::decode_kwargs(m.payload).value()};
                r.m.payload = {};
                self->got.push_back(r);
                if (!self->script || !self->script(r)) {
                    self->answer(r.m);
                }
            }
        }
        void on_closed(transport::close_reason, std::string const&) override {}
        peer* self;
        codec::serializer serializer;
    };

    static asio::awaitable<void> accept(peer* self, std::shared_ptr<transport::stream> s)
    {
        transport::accept_options o;
        o.lim = self->limits;
        auto made = co_await transport::accept_rawsocket(s, o);
        if (made) {
            self->channels_.push_back(*made);
            (*made)->start(std::make_shared<owner>(self, (*made)->info().serializer));
        }
    }

    void answer(wamp::message const& m)
    {
        switch (m.type) {
            case message_type::hello: {
                auto w = make(message_type::welcome, 0, 1'000 + channels_.size());
                w.details = {{"realm", value(m.uri)}, {"agent", "Cerro-test"}};
                send(w);
                break;
            }
            case message_type::goodbye:
                send(make(message_type::goodbye, 0, 0, "wamp.close.goodbye_and_out"));
                break;
            case message_type::subscribe:
                send(make(message_type::subscribed, m.request, id_of(m.uri)));
                break;
            case message_type::register_:
                send(make(message_type::registered, m.request, id_of(m.uri)));
                break;
            case message_type::unsubscribe: send(make(message_type::unsubscribed, m.request)); break;
            case message_type::unregister: send(make(message_type::unregistered, m.request)); break;
            default: break;
        }
    }

    boost::asio::io_context& io_;
    std::shared_ptr<transport::listener> door_;
    std::vector<std::shared_ptr<transport::channel>> channels_;
};

inline options options_for(std::uint16_t port)
{
    options o;
    o.connection.url = "rs://127.0.0.1:" + std::to_string(port);
    o.realm = "test_realm";
    o.backoff_first = std::chrono::milliseconds(10);
    o.backoff_max = std::chrono::milliseconds(50);
    return o;
}

inline std::shared_ptr<session> join(boost::asio::io_context& io, options o)
{
    auto s = session::create(io.get_executor(), std::move(o));
    s->start();
    testing::run(io, s->joined(std::chrono::seconds(5))).value();
    return s;
}

}  // namespace cerro::client
