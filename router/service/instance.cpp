#include "connection.hpp"
#include "listeners.hpp"
#include "web/site.hpp"
#include <cerro/auth/compare.hpp>
#include <cerro/http/server.hpp>
#include <cerro/log/log.hpp>
#include <cerro/router/disk_history.hpp>
#include <cerro/router/instance.hpp>
#include <cerro/router/log_text.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

namespace cerro::router {

namespace {

constexpr std::string_view component = "router";
constexpr std::chrono::milliseconds look_again{10};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class running final : public instance, public std::enable_shared_from_this<running> {
public:
    running(asio::any_io_executor ex, settings s, metrics::registry& metrics)
        : ex_(std::move(ex)),
          settings_(std::move(s)),
          shared_(std::make_shared<shared_core>(metrics, auth::random_id())),
          deadline_timer_(ex_),
          all_gone_(ex_)
    {
        auto& env = logic().env();
        env.limits = settings_.sessions;
        env.names = {settings_.node, settings_.worker, static_cast<int>(getpid())};
        env.secret = auth::random_token(32);
        for (auto const& realm : settings_.realms) {
            std::vector<std::shared_ptr<role>> roles;
            for (auto const& [name, permissions] : realm.roles) {
                roles.push_back(std::make_shared<role>(name, permissions));
                roles.back()->set_drop_oldest(
                    std::count(realm.drop_oldest.begin(), realm.drop_oldest.end(), name) != 0);
            }
            auto& made = logic().add_realm(realm.name, std::move(roles), realm.options);
            keep_history(made, realm.kept, metrics);
        }
    }

    ~running() override { stop(); }

    void begin(metrics::registry& metrics)
    {
        // Both reach for this object by a weak pointer: the registry outlives it.
        auto const gauge = [&](std::string_view name, std::string_view help, auto ask) {
            metrics.make_gauge(name, help, [weak = weak_from_this(), ask]() -> double {
                auto const self = weak.lock();
                return self ? static_cast<double>(ask(*self)) : 0.0;
            });
        };
        gauge("cerro_router_sessions", "joined sessions", [](running const& r) { return r.session_count(); });
        gauge("cerro_router_connections", "open connections", [](running const& r) {
            return r.connections_.size();
        });
        gauge("cerro_router_calls_open", "calls sent to a callee and not answered", [](running const& r) {
            std::size_t open = 0;
            for (auto const& realm : r.logic().realms()) {
                open += realm->dealer().calls_open();
            }
            return open;
        });
        logic().env().deadlines.on_earlier([weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->arm();
            }
        });
        listeners_ = std::make_shared<class listeners>(ex_, settings_, metrics, owner());
        auto const upgrade = [weak = std::weak_ptr(listeners_)](auto w, auto stream, bytes head, bytes rest) {
            if (auto const doors = weak.lock()) {
                doors->upgrade(std::move(stream), std::move(head), std::move(rest), *w);
            } else {
                stream->close();
            }
        };
        site_ = std::make_unique<site>(ex_, std::shared_ptr<core>(shared_, &shared_->logic), upgrade);
        for (auto const& l : settings_.listeners) {
            listeners_->open(l);
        }
    }

    std::vector<listening> const& listeners() const override { return listeners_->all(); }

    std::size_t session_count() const override
    {
        std::size_t n = 0;
        for (auto const& realm : logic().realms()) {
            auto const& all = realm->members();
            n += static_cast<std::size_t>(
                std::count_if(all.begin(), all.end(), [](auto const& m) { return !m.second->internal; }));
        }
        return n;
    }

    std::string trouble() const override
    {
        std::string all;
        for (auto const& realm : logic().realms()) {
            auto const text = realm->history() != nullptr ? realm->history()->trouble() : std::string();
            all += (all.empty() || text.empty() ? "" : "; ") + text;
        }
        return all;
    }

    asio::awaitable<void> drain() override
    {
        auto const self = shared_from_this();
        stop_listening();
        for (auto* const c : snapshot()) {
            c->session().say_goodbye(
                ending::shutdown, wamp::uri::system_shutdown, "the router is shutting down");
        }
        auto const deadline = std::chrono::steady_clock::now() + settings_.drain_time;
        for (;;) {
            auto const now = std::chrono::steady_clock::now();
            bool const answering = listeners_->requests_open();
            if (now >= deadline || (connections_.empty() && !answering)) {
                break;
            }
            // The last session's end is told; the last HTTP answer is looked for.
            all_gone_.expires_at(connections_.empty() ? std::min(deadline, now + look_again) : deadline);
            [[maybe_unused]] auto const [ec] = co_await all_gone_.async_wait(as_result);
        }
        stop();
    }

    void stop() override
    {
        stop_listening();
        if (listeners_) {
            listeners_->stop();
        }
        for (auto* const c : snapshot()) {
            c->cut(transport::close_reason::shutdown);
        }
        deadline_timer_.cancel();
    }

private:
    /// @throws failure: the folder cannot be used
    void keep_history(realm& r, std::vector<history_entry> entries, metrics::registry& metrics)
    {
        using kind = history_settings::kind;
        auto const& h = settings_.history;
        std::unique_ptr<history_store> store;
        if (h.type == kind::disk && !h.entries.empty()) {
            disk_history_options o;
            o.folder = h.folder;
            o.realm = r.name();
            o.max_bytes = h.max_bytes;
            o.queue_bytes = h.queue_bytes;
            o.sync_period = h.sync_period;
            o.post = [ex = ex_](std::function<void()> f) { asio::post(ex, std::move(f)); };
            store = open_disk_history(std::move(o), metrics);
        }
        entries.insert(entries.end(), h.entries.begin(), h.entries.end());
        if (!entries.empty()) {
            r.keep_history(std::move(entries), std::move(store));
        }
    }

    [[nodiscard]] core& logic() const { return shared_->logic; }

    // --- what the listeners bring
    // ----------------------------------------------------------------------------------------------

    listener_owner owner()
    {
        listener_owner out;
        out.furnish = [this](http::server& server, listener_settings const& l) {  // while listening begins
            auto paths = l.paths;
            if (l.type == listener_settings::kind::websocket) {
                paths.push_back({"/", l.wamp});
            }
            site_->serve(server, paths);
        };
        out.take = [weak = weak_from_this()](auto channel, wamp_settings const& w) {
            if (auto const self = weak.lock()) {
                self->take(std::move(channel), w);
            } else {
                channel->close(transport::close_reason::shutdown);
            }
        };
        out.refused = [weak = weak_from_this()](std::string const& peer, std::string_view what) {
            if (auto const self = weak.lock()) {
                self->handshake_failed(peer, what);
            }
        };
        return out;
    }

    // --- connections
    // --------------------------------------------------------------------------------------------

    void handshake_failed(std::string const& peer, std::string_view what)
    {
        shared_->metrics.handshakes_failed.add();
        if (std::uint64_t suppressed = 0; handshake_limiter_.allow(suppressed)) {
            log::info(component,
                      "handshake_failed",
                      {{"peer", peer}, {"what", log_text(what)}, {"suppressed", suppressed}});
        }
    }

    void take(std::shared_ptr<transport::channel> channel, wamp_settings const& w)
    {
        if (draining_) {
            channel->close(transport::close_reason::shutdown);
            return;
        }
        auto const made = std::make_shared<connection>(
            shared_, std::move(channel), w.access, [weak = weak_from_this()](connection& c) {
                if (auto const self = weak.lock()) {
                    self->forget(c);
                }
            });
        connections_.emplace(made.get(), made);
        made->start();
    }

    void forget(connection& c)
    {
        // The connection is still on the stack: its channel holds it until on_closed() has returned.
        connections_.erase(&c);
        if (connections_.empty()) {
            all_gone_.cancel();
        }
    }

    std::vector<connection*> snapshot() const
    {
        std::vector<connection*> out;
        for (auto const& [c, owner] : connections_) {
            out.push_back(c);
        }
        return out;
    }

    void stop_listening()
    {
        draining_ = true;
        if (site_) {
            site_->stop_bridges();  // open calls get their answer, which the servers still write
        }
        if (listeners_) {
            listeners_->stop_listening();
        }
    }

    // --- time
    // ---------------------------------------------------------------------------------------------------

    void arm()
    {
        auto const next = logic().env().deadlines.next();
        if (!next) {
            return;
        }
        deadline_timer_.expires_at(*next);
        deadline_timer_.async_wait([weak = weak_from_this()](boost::system::error_code ec) {
            auto const self = weak.lock();
            if (!ec && self) {
                self->logic().env().deadlines.run(std::chrono::steady_clock::now());
                self->arm();
            }
        });
    }

    asio::any_io_executor ex_;
    settings settings_;
    std::shared_ptr<shared_core> shared_;
    asio::steady_timer deadline_timer_;
    asio::steady_timer all_gone_;
    std::shared_ptr<class listeners> listeners_;
    std::unique_ptr<site> site_;
    flat_map<connection*, std::shared_ptr<connection>> connections_;
    log::limiter handshake_limiter_{1.0};
    bool draining_ = false;
};

}  // namespace

std::shared_ptr<instance> instance::start(asio::any_io_executor ex, settings s, metrics::registry& metrics)
{
    for (auto const& w : s.warnings) {
        log::warn(component, "configuration", {{"what", w}});
    }
    auto const made = std::make_shared<running>(std::move(ex), std::move(s), metrics);
    made->begin(metrics);
    return made;
}

std::uint16_t instance::port(std::string_view transport) const
{
    for (auto const& l : listeners()) {
        if (l.transport == transport) {
            return l.port;
        }
    }
    return 0;
}

}  // namespace cerro::router
