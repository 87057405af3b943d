#include "listeners.hpp"

#include "spawn.hpp"
#include <cerro/log/log.hpp>
#include <cerro/transport/recognise.hpp>

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::chrono::seconds refusal_time{5};  // to write 403
constexpr std::size_t enough_to_recognise = 16;  // octets
constexpr char const* refused_total = "cerro_router_connections_refused_total";
constexpr char const* refused_help = "connections that carried neither WAMP nor HTTP, by reason";

std::string label(std::string_view reason)
{
    return "reason=\"" + std::string(reason) + "\"";
}

std::string_view kind_of(listener_settings const& l)
{
    switch (l.type) {
        case listener_settings::kind::rawsocket: return "RawSocket";
        case listener_settings::kind::universal: return "universal";
        default: return "web";
    }
}

/// Can a listener that is open become the other?
bool changes_live(listener_settings const& old, listener_settings const& now)
{
    auto const& a = old.endpoint;
    auto const& b = now.endpoint;
    return old.type == now.type && a.tls.has_value() == b.tls.has_value() && a.backlog == b.backlog &&
           a.shared == b.shared && a.unix_mode == b.unix_mode && a.user_timeout == b.user_timeout &&
           a.proxy_protocol == b.proxy_protocol && a.trusted == b.trusted;
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

/// One listener. Its connections find here what holds when they come.
struct listeners::place {
    listener_settings is;
    std::shared_ptr<transport::listener> door;
    std::shared_ptr<http::server> server;  // null: RawSocket only

    std::string const& address() const
    {
        return is.endpoint.unix_path.empty() ? is.endpoint.address : is.endpoint.unix_path;
    }
    void stop_listening() const
    {
        door->stop();
        if (server) {
            server->stop_listening();
        }
    }
};

class listeners::change {
public:
    struct kept {
        std::shared_ptr<place> where;
        listener_settings is;
        std::shared_ptr<asio::ssl::context> tls;
    };
    std::vector<kept> stay;
    std::vector<std::shared_ptr<place>> opened;
    std::vector<std::shared_ptr<place>> gone;
    bool made = false;

    change() = default;
    change(change const&) = delete;
    change& operator=(change const&) = delete;
    ~change()
    {
        if (!made) {
            for (auto const& p : opened) {
                p->stop_listening();
            }
        }
    }
};

listeners::listeners(asio::any_io_executor ex,
                     settings const& s,
                     metrics::registry& metrics,
                     listener_owner owner)
    : ex_(std::move(ex)),
      settings_(s),
      owner_(std::move(owner)),
      gate_(std::make_shared<transport::admission>(s.admission)),
      backlog_(std::make_shared<transport::backlog>(s.pending_total)),
      handshakes_wrong_(metrics.make_counter(refused_total, refused_help, label("handshake_failed"))),
      handshakes_late_(metrics.make_counter(refused_total, refused_help, label("handshake_timeout")))
{
    count_refusals(metrics);
    // The registry outlives this object.
    metrics.make_gauge("cerro_router_pending_bytes",
                       "bytes that wait for slow peers, all together",
                       [b = backlog_] { return static_cast<double>(b->bytes()); });
    metrics.make_gauge("cerro_router_events_dropped_slow",
                       "events that slow sessions of drop-oldest roles have lost",
                       [b = backlog_] { return static_cast<double>(b->frames_dropped()); });
}

void listeners::count_refusals(metrics::registry& metrics)
{
    std::array<metrics::counter*, static_cast<std::size_t>(transport::entry_refusal::count_)> counters{};
    for (std::size_t i = 0; i != counters.size(); ++i) {
        auto const reason = transport::name(static_cast<transport::entry_refusal>(i));
        counters[i] = &metrics.make_counter(refused_total, refused_help, label(reason));
    }
    gate_->on_refused(
        [counters](transport::entry_refusal why) { counters[static_cast<std::size_t>(why)]->add(); });
}

transport::listen_options listeners::options(endpoint_settings const& e) const
{
    transport::listen_options out;
    out.address = e.address;
    out.port = e.port;
    out.last_port = e.last_port;
    out.shared = e.shared;
    out.unix_path = e.unix_path;
    out.unix_mode = e.unix_mode;
    out.backlog = e.backlog;
    out.user_timeout = e.user_timeout;
    out.gate = gate_;
    out.tls_timeout = settings_.tls_timeout;
    if (e.tls) {
        out.tls = transport::make_server_tls(*e.tls);
    }
    if (e.proxy_protocol) {
        out.proxies = std::make_shared<transport::networks>(transport::networks::parse(e.trusted).value());
    }
    return out;
}

transport::accept_options listeners::accept_settings(wamp_settings const& w) const
{
    transport::accept_options out;
    if (!w.serializers.empty()) {
        out.serializers = w.serializers;
    }
    out.batched = w.batched;
    out.lim = w.limits;
    out.lim.total = backlog_;
    out.websocket = w.websocket;
    return out;
}

void listeners::open(listener_settings const& l)
{
    adopt(make_place(l));
    tell_all();
}

std::shared_ptr<listeners::place> listeners::make_place(listener_settings const& l)
{
    auto const made = std::make_shared<place>();
    made->is = l;
    if (l.type != listener_settings::kind::rawsocket) {
        made->server = http::server::create(ex_, std::string(component), http::server_limits());
    }
    made->door = transport::listen(
        ex_, options(l.endpoint), [weak = weak_from_this(), at = std::weak_ptr(made)](auto stream) {
            auto const self = weak.lock();
            auto const here = at.lock();
            if (self && here) {
                asio::co_spawn(self->ex_, sort_out(self, here, std::move(stream)), logged("sort_out"));
            } else {
                stream->close();
            }
        });
    return made;
}

void listeners::adopt(std::shared_ptr<place> p)
{
    if (p->server) {
        owner_.furnish(*p->server, p->is);  // at a reload: when realms and roles are there
    }
    log::info(component,
              "listening",
              {{"transport", name(p->is.type)},
               {"address", p->address()},
               {"port", p->door->port()},
               {"tls", p->is.endpoint.tls.has_value()}});
    places_.push_back(std::move(p));
}

void listeners::tell_all()
{
    listening_.clear();
    for (auto const& p : places_) {
        listening_.push_back({std::string(name(p->is.type)), p->address(), p->door->port()});
    }
    listening_.insert(listening_.end(), others_.begin(), others_.end());
}

std::shared_ptr<listeners::change> listeners::prepare(std::vector<listener_settings> const& wanted,
                                                      std::vector<std::string>& restart)
{
    auto out = std::make_shared<change>();
    auto present = places_;
    for (auto const& l : wanted) {
        auto const at = std::find_if(present.begin(), present.end(), [&](auto const& p) {
            // Port 0 is wherever the system says: there, those of one type are as good as each other.
            bool const anywhere = l.endpoint.unix_path.empty() && l.endpoint.port == 0;
            return p->is.endpoint.same_place(l.endpoint) && (!anywhere || p->is.type == l.type);
        });
        if (at == present.end()) {
            out->opened.push_back(make_place(l));
            continue;
        }
        auto const p = *at;
        present.erase(at);
        if (!changes_live(p->is, l)) {
            restart.push_back(l.name);
            continue;  // stays as it is
        }
        out->stay.push_back({p, l, options(l.endpoint).tls});
    }
    out->gone = std::move(present);
    return out;
}

void listeners::commit(std::shared_ptr<change> c)
{
    c->made = true;
    gate_->set_limits(settings_.admission);
    for (auto& k : c->stay) {
        k.where->is = k.is;
        k.where->door->set_tls(k.tls);
        if (k.where->server) {
            owner_.furnish(*k.where->server, k.is);
        }
    }
    for (auto const& p : c->gone) {
        p->stop_listening();
        std::erase(places_, p);
        closed_.push_back(p);
        log::info(component, "listening_ended", {{"transport", name(p->is.type)}, {"port", p->door->port()}});
    }
    for (auto const& p : c->opened) {
        adopt(p);
    }
    tell_all();
}

/// By its first octets a connection goes to RawSocket or HTTP, or is refused with a line that helps.
asio::awaitable<void> listeners::sort_out(std::shared_ptr<listeners> self,
                                          std::shared_ptr<place const> at,
                                          std::shared_ptr<transport::stream> stream)
{
    auto const w = at->is.wamp;  // a reload may change it meanwhile
    std::array<char, enough_to_recognise> first{};
    std::span<char> const into(first);
    auto const n = co_await stream->read_some(into, w.limits.handshake_timeout);
    auto const peer = stream->peer();
    if (!n) {
        bool const late = n.error().code == errc::timed_out;
        stream->close();
        if (late || at->is.rawsocket) {  // web clients open connections in advance, monitors knock
            self->refuse(peer, n.error().what, late);
        }
        co_return;
    }
    bytes octets(first.data(), *n);
    auto const what = transport::recognise(octets);
    if (what == transport::spoken::rawsocket && at->is.rawsocket) {
        auto const how = self->accept_settings(w);
        auto channel = co_await transport::accept_rawsocket(std::move(stream), how, std::move(octets));
        self->take(std::move(channel), w, peer);
        co_return;
    }
    bool const for_web = what == transport::spoken::http || what == transport::spoken::unknown;
    if (at->server && for_web) {
        at->server->serve(std::move(stream), std::move(octets));
        co_return;
    }
    stream->close();
    self->refuse(peer,
                 std::string(transport::describe(what)) + " on a " +
                     (at->is.endpoint.tls ? "TLS " : "plain ") + std::string(kind_of(at->is)) + " port",
                 false);
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
            self->refuse(peer, "pages of origin '" + std::string(origin) + "' may not connect", false);
            constexpr byte_view refusal =
                "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: text/plain\r\n"
                "Content-Length: 37\r\n\r\nthis origin is not in allowed_origins";
            [[maybe_unused]] auto const written = co_await stream->write(refusal, refusal_time);
            stream->close();
            co_return;
        }
    }
    auto how = self->accept_settings(w);
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
        refuse(peer, channel.error().what, channel.error().code == errc::timed_out);
    }
}

void listeners::refuse(std::string const& peer, std::string_view what, bool late)
{
    (late ? handshakes_late_ : handshakes_wrong_).add();
    owner_.refused(peer, what);
}

void listeners::stop_listening()
{
    for (auto const& p : places_) {
        p->stop_listening();
    }
}

void listeners::stop()
{
    stop_listening();
    for (auto const* const all : {&places_, &closed_}) {
        for (auto const& p : *all) {
            if (p->server) {
                p->server->stop();
            }
        }
    }
    places_.clear();
    closed_.clear();
}

bool listeners::requests_open() const
{
    auto const busy = [](auto const& p) { return p->server && p->server->requests_open() != 0; };
    return std::any_of(places_.begin(), places_.end(), busy) ||
           std::any_of(closed_.begin(), closed_.end(), busy);
}

}  // namespace cerro::router
