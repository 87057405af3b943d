#include "listeners.hpp"

#include "spawn.hpp"
#include <cerro/log/log.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::chrono::seconds refusal_time{5};  // to write 403

transport::accept_options accept_settings(wamp_settings const& w)
{
    transport::accept_options out;
    if (!w.serializers.empty()) {
        out.serializers = w.serializers;
    }
    out.batched = w.batched;
    out.lim = w.limits;
    out.websocket = w.websocket;
    return out;
}

/// The id of the cookie that a request brings, or a new one that the answer gives; empty where there are no
/// cookies.
std::string give_cookie(wamp_settings const& w, bytes const& head, transport::accept_options& how)
{
    auto const& store = w.access->cookies;
    if (!store) {
        return {};
    }
    std::vector<std::pair<std::string, std::string>> brought;
    for (auto const line : header_values(head, "cookie")) {
        brought.emplace_back("cookie", line);
    }
    auto id = store->known_id(brought, std::chrono::system_clock::now());
    if (id.empty()) {
        id = store->new_id();
        how.response_headers.emplace_back("Set-Cookie", store->header(id));
    }
    return id;
}

}  // namespace

listeners::listeners(asio::any_io_executor ex, settings const& s, listener_owner owner)
    : ex_(std::move(ex)), settings_(s), owner_(std::move(owner))
{}

void listeners::open(listener_settings const& l)
{
    bool const raw = l.type == listener_settings::kind::rawsocket;
    auto const port = raw ? open_rawsocket(l) : open_web(l);
    auto const& e = l.endpoint;
    listening_.push_back({std::string(name(l.type)), e.unix_path.empty() ? e.address : e.unix_path, port});
    log::info(component,
              "listening",
              {{"transport", name(l.type)},
               {"address", listening_.back().address},
               {"port", port},
               {"tls", e.tls.has_value()}});
}

transport::listen_options listeners::options(endpoint_settings const& e) const
{
    transport::listen_options out;
    out.address = e.address;
    out.port = e.port;
    out.unix_path = e.unix_path;
    out.backlog = e.backlog;
    out.max_connections = settings_.max_connections;
    if (e.tls) {
        out.tls = transport::make_server_tls(e.tls->certificate, e.tls->key, e.tls->chain);
    }
    return out;
}

std::uint16_t listeners::open_rawsocket(listener_settings const& l)
{
    auto const door =
        transport::listen(ex_, options(l.endpoint), [weak = weak_from_this(), w = l.wamp](auto stream) {
            if (auto const self = weak.lock()) {
                asio::co_spawn(self->ex_, accept_raw(self, std::move(stream), w), logged("accept_rawsocket"));
            } else {
                stream->close();
            }
        });
    doors_.push_back(door);
    return door->port();
}

std::uint16_t listeners::open_web(listener_settings const& l)
{
    http::server_limits const limits;
    auto server = http::server::create(ex_, std::string(component), limits);
    owner_.furnish(*server, l);
    auto const port = server->listen(options(l.endpoint));
    servers_.push_back(std::move(server));
    return port;
}

asio::awaitable<void> listeners::accept_raw(std::shared_ptr<listeners> self,
                                            std::shared_ptr<transport::stream> stream,
                                            wamp_settings w)
{
    auto const peer = stream->peer();
    auto const how = accept_settings(w);
    auto channel = co_await transport::accept_rawsocket(std::move(stream), how);
    self->take(std::move(channel), w, peer);
}

void listeners::upgrade(std::shared_ptr<transport::stream> stream,
                        bytes head,
                        bytes rest,
                        wamp_settings const& w)
{
    asio::co_spawn(ex_,
                   accept_web(shared_from_this(), std::move(stream), std::move(head), std::move(rest), w),
                   logged("accept_websocket"));
}

asio::awaitable<void> listeners::accept_web(std::shared_ptr<listeners> self,
                                            std::shared_ptr<transport::stream> stream,
                                            bytes head,
                                            bytes rest,
                                            wamp_settings w)
{
    auto const peer = stream->peer();
    for (auto const origin : header_values(head, "origin")) {
        if (!w.origins.admits(origin)) {
            self->owner_.refused(peer, "pages of origin '" + std::string(origin) + "' may not connect");
            constexpr byte_view refusal =
                "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                "Content-Length: 37\r\n\r\nthis origin is not in allowed_origins";
            [[maybe_unused]] auto const written = co_await stream->write(refusal, refusal_time);
            stream->close();
            co_return;
        }
    }
    auto how = accept_settings(w);
    auto cookie = give_cookie(w, head, how);
    auto channel =
        co_await transport::accept_websocket(std::move(stream), std::move(head), std::move(rest), how);
    self->take(std::move(channel), w, peer, std::move(cookie));
}

void listeners::take(result<std::shared_ptr<transport::channel>> channel,
                     wamp_settings const& w,
                     std::string const& peer,
                     std::string cookie)
{
    if (channel) {
        owner_.take(*channel, w, std::move(cookie));
    } else {
        owner_.refused(peer, channel.error().what);
    }
}

void listeners::stop_listening()
{
    for (auto const& s : servers_) {
        s->stop_listening();
    }
    for (auto const& d : std::exchange(doors_, {})) {
        d->stop();
    }
}

void listeners::stop()
{
    stop_listening();
    for (auto const& s : std::exchange(servers_, {})) {
        s->stop();
    }
}

bool listeners::requests_open() const
{
    return std::any_of(
        servers_.begin(), servers_.end(), [](auto const& s) { return s->requests_open() != 0; });
}

}  // namespace cerro::router
