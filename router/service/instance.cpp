#include "admin.hpp"
#include "certificates.hpp"
#include "companions.hpp"
#include "connection.hpp"
#include "kept_files.hpp"
#include "listeners.hpp"
#include "reload.hpp"
#include "router_view.hpp"
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
constexpr std::string_view close_realm = "wamp.close.close_realm";
constexpr std::chrono::milliseconds look_again{10};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class running final : public instance, public router_view, public std::enable_shared_from_this<running> {
public:
    running(asio::any_io_executor ex, settings s, metrics::registry& metrics)
        : ex_(std::move(ex)),
          settings_(std::move(s)),
          metrics_(metrics),
          shared_(std::make_shared<shared_core>(metrics, auth::random_id())),
          deadline_timer_(ex_),
          all_gone_(ex_)
    {
        open_access_log(metrics);
        logic().env().secret = auth::random_token(32);
        set_environment();
        for (auto const& realm : settings_.realms) {
            add_realm(realm);
        }
    }

    ~running() override { stop(); }

    void begin(metrics::registry& metrics)
    {
        health_.watch([this] { return std::string(draining_ ? "the router is shutting down" : ""); });
        health_.watch([this] { return history_trouble(); });
        health_.watch([this] { return certificate_trouble(settings_); });
        add_gauges(metrics, weak_from_this());
        logic().env().deadlines.on_earlier([weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->arm();
            }
        });
        files_ = kept_files::start(ex_, settings_);
        listeners_ = std::make_shared<class listeners>(ex_, settings_, metrics, owner());
        auto const upgrade = [weak = std::weak_ptr(listeners_)](auto w, auto stream, bytes head, bytes rest) {
            if (auto const doors = weak.lock()) {
                doors->upgrade(std::move(stream), std::move(head), std::move(rest), *w);
            } else {
                stream->close();
            }
        };
        site_ = std::make_unique<site>(ex_, std::shared_ptr<core>(shared_, &shared_->logic), upgrade);
        companions_ =
            std::make_unique<companions>(ex_, std::shared_ptr<core>(shared_, &shared_->logic), metrics);
        for (auto const& l : settings_.listeners) {
            listeners_->open(l);
        }
        if (settings_.admin) {
            admin_ = admin::start(ex_, *settings_.admin, weak_from_this(), metrics);
            listeners_->add({"admin", settings_.admin->address, admin_->port()});
        }
        companions_->apply(settings_);
    }

    std::vector<std::string> reload(settings now) override
    {
        auto restart = needs_restart(settings_, now);
        auto const changed = listeners_->prepare(now.listeners, restart);
        check_programs(now);
        now.history = settings_.history;  // needs a restart
        add_realms_of(now);
        // From here on nothing fails.
        auto const old = std::exchange(settings_, std::move(now));
        set_environment();
        for (auto const& realm : settings_.realms) {
            logic().find_realm(realm.name)->set_roles(make_roles(realm));
        }
        auto const gone = realms_gone(old, settings_);
        listeners_->commit(changed);
        for (auto const& name : gone) {
            site_->stop_bridges(name);
            companions_->leave_realm(name);
        }
        files_->stop();
        files_ = kept_files::start(ex_, settings_);
        companions_->apply(settings_);
        end_sessions(gone);
        for (auto const& name : gone) {
            logic().retire_realm(name);
        }
        add_gauges(metrics_, weak_from_this());
        return restart;
    }

    std::vector<listening> const& listeners() const override { return listeners_->all(); }

    std::size_t session_count() const override
    {
        std::size_t n = 0;
        for (auto const& realm : logic().realms()) {
            n += realm->session_count();
        }
        return n;
    }

    std::string trouble() const override { return health_.trouble(); }

    void reopen_logs() override
    {
        if (shared_->access) {
            shared_->access->reopen();
        }
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
            bool const answering = listeners_->requests_open() || companions_->running();
            if (now >= deadline || (connections_.empty() && !answering)) {
                break;
            }
            // The last session's end is told; the last HTTP answer, and the end of programs, are looked for.
            all_gone_.expires_at(connections_.empty() ? std::min(deadline, now + look_again) : deadline);
            [[maybe_unused]] auto const [ec] = co_await all_gone_.async_wait(as_result);
        }
        stop();
    }

    void stop() override
    {
        stop_listening();
        if (companions_) {
            companions_->kill();
        }
        if (listeners_) {
            listeners_->stop();
        }
        for (auto* const c : snapshot()) {
            c->cut(transport::close_reason::shutdown);
        }
        deadline_timer_.cancel();
        if (files_) {
            files_->stop();
        }
        if (admin_) {
            admin_->stop();
        }
    }

private:
    /// @throws failure: the folder cannot be used
    void keep_history(realm& r, std::vector<history_entry> entries)
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
            store = open_disk_history(std::move(o), metrics_);
        }
        entries.insert(entries.end(), h.entries.begin(), h.entries.end());
        if (!entries.empty()) {
            r.keep_history(std::move(entries), std::move(store));
        }
    }

    // --- seen from outside: router_view
    // ----------------------------------------------------------------------------------------------

    shared_core& shared() const override { return *shared_; }
    std::vector<connection*> connections() const override { return snapshot(); }
    settings const& current() const override { return settings_; }
    health const& condition() const override { return health_; }

    std::string history_trouble() const
    {
        std::string all;
        for (auto const& realm : logic().realms()) {
            auto const text = realm->history() != nullptr ? realm->history()->trouble() : std::string();
            all += (all.empty() || text.empty() ? "" : "; ") + text;
        }
        return all;
    }

    /// Its own section, or else only what crossbar's option of a web transport asks for.
    void open_access_log(metrics::registry& metrics)
    {
        auto const asked = std::any_of(settings_.listeners.begin(),
                                       settings_.listeners.end(),
                                       [](auto const& l) { return l.access_log; });
        if (settings_.access_log) {
            shared_->access = std::make_unique<access_log>(*settings_.access_log, metrics);
        } else if (asked) {
            access_log_settings only_http;
            only_http.joins = only_http.http = only_http.denied = false;
            shared_->access = std::make_unique<access_log>(only_http, metrics);
        }
    }

    [[nodiscard]] core& logic() const { return shared_->logic; }

    // --- what the configuration says
    // -------------------------------------------------------------------------------------------

    void set_environment()
    {
        auto& env = logic().env();
        env.limits = settings_.sessions;
        env.names = {settings_.node, settings_.worker, static_cast<int>(getpid())};
    }

    void add_realm(realm_settings const& realm)
    {
        auto& made = logic().add_realm(realm.name, make_roles(realm), realm.options);
        keep_history(made, realm.kept);
    }

    /// All or nothing.
    void add_realms_of(settings const& now)
    {
        std::vector<std::string> added;
        try {
            for (auto const& realm : now.realms) {
                if (logic().find_realm(realm.name) == nullptr) {
                    added.push_back(realm.name);
                    add_realm(realm);
                }
            }
        } catch (failure const&) {
            for (auto const& name : added) {
                logic().retire_realm(name);
            }
            throw;
        }
    }

    /// Sessions whose realm is among `gone`, or whose role is not there any more. One that is just logging in
    /// may be about to join what is gone: it has to begin anew.
    void end_sessions(std::vector<std::string> const& gone)
    {
        for (auto* const c : snapshot()) {
            auto& s = c->session();
            auto const* const realm = s.joined();
            if (realm == nullptr) {
                if (!gone.empty() && s.current() == session::state::challenging) {
                    s.say_goodbye(ending::config_changed, close_realm, "the configuration has changed");
                }
            } else if (std::find(gone.begin(), gone.end(), realm->name()) != gone.end()) {
                s.say_goodbye(
                    ending::realm_closed, close_realm, "this realm was taken out of the configuration");
            } else if (!realm->find_role(s.who().authrole)) {
                s.say_goodbye(
                    ending::config_changed, close_realm, "this role was taken out of the configuration");
            }
        }
    }

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
            if (shared_->access && (l.access_log || shared_->access->settings().http)) {
                server.on_answered([shared = shared_](http::answered const& a) { log_request(*shared, a); });
            }
        };
        out.take = [weak = weak_from_this()](auto channel, wamp_settings const& w, std::string cookie) {
            if (auto const self = weak.lock()) {
                self->take(std::move(channel), w, std::move(cookie));
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

    static void log_request(shared_core const& shared, http::answered const& a)
    {
        auto const* const agent = a.asked.header("user-agent");
        dict const about{{"peer", a.asked.peer},
                         {"method", a.asked.method},
                         {"path", log_text(a.asked.path)},
                         {"status", a.status},
                         {"seconds", a.seconds},
                         {"tls", a.asked.tls},
                         {"user_agent", agent != nullptr ? log_text(*agent) : std::string()},
                         {"sent", a.sent}};
        shared.access->write("http", about);
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

    void take(std::shared_ptr<transport::channel> channel, wamp_settings const& w, std::string cookie)
    {
        if (draining_) {
            channel->close(transport::close_reason::shutdown);
            return;
        }
        auto const made = std::make_shared<connection>(shared_,
                                                       std::move(channel),
                                                       w.access,
                                                       std::move(cookie),
                                                       [weak = weak_from_this()](connection& c) {
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
        if (companions_) {
            companions_->stop();
        }
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
    metrics::registry& metrics_;
    std::shared_ptr<shared_core> shared_;
    std::shared_ptr<kept_files> files_;
    asio::steady_timer deadline_timer_;
    asio::steady_timer all_gone_;
    std::shared_ptr<class listeners> listeners_;
    std::unique_ptr<site> site_;
    std::unique_ptr<companions> companions_;
    flat_map<connection*, std::shared_ptr<connection>> connections_;
    log::limiter handshake_limiter_{1.0};
    health health_;
    std::unique_ptr<admin> admin_;
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
