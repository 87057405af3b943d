#include <cerro/base/time.hpp>
#include <cerro/dans/node.hpp>
#include <cerro/dans/registration.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cerro::dans {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds hub_timeout{5'000};
constexpr std::chrono::seconds start_up(5);
constexpr auto component = "dans";

void log_end(std::string const& task, std::exception_ptr e)
{
    if (e) {
        try {
            std::rethrow_exception(e);
        } catch (std::exception const& x) {
            log::error(component, "task_failed", {{"task", task}, {"error", x.what()}});
        }
    }
}

client::error bad_arguments(problem const& p)
{
    return client::error(wamp::uri::runtime_error, p.what);
}

client::error ended()
{
    return client::error(wamp::uri::canceled, "this data node has ended");
}

class node_impl : public node, public std::enable_shared_from_this<node_impl> {
public:
    node_impl(asio::any_io_executor ex,
              std::shared_ptr<client::session> s,
              node_options o,
              std::shared_ptr<source> src)
        : options_(std::move(o)), session_(std::move(s)), source_(std::move(src)), executor_(ex), wake_(ex)
    {
        if (!options_.now) {
            options_.now = unix_now;
        }
    }

    void start()
    {
        auto self = shared_from_this();
        // The session must not keep alive what keeps the session alive.
        std::weak_ptr<node_impl> const weak = self;
        session_->on_join([weak] {
            if (auto n = weak.lock()) {
                n->joined();
            }
        });
        session_->on_leave([weak](std::string const& reason) {
            if (auto n = weak.lock()) {
                n->left(reason);
            }
        });
        session_->on_restore_error([weak](std::string const& what, client::error const& e) {
            if (auto n = weak.lock()) {
                n->refused(what, &e);
            }
        });
        session_->on_restored([weak](std::string const& what) {
            if (auto n = weak.lock()) {
                n->refused(what, nullptr);
            }
        });
        auto const name = options_.name;
        asio::co_spawn(
            executor_, set_up(self), [name](std::exception_ptr e) { log_end("set-up of " + name, e); });
        asio::co_spawn(
            executor_, stay_listed(self), [name](std::exception_ptr e) { log_end("hub of " + name, e); });
    }

    [[nodiscard]] bool is_listed() const override { return listed_; }

    [[nodiscard]] std::string trouble() const override
    {
        if (!session_->is_joined()) {
            return "no session with the router";
        }
        if (auto text = missing_.trouble(); !text.empty()) {
            return text;
        }
        return listed_ ? std::string() : "the hub does not list " + options_.name;
    }

    void on_change(std::function<void()> f) override { changed_ = std::move(f); }

    asio::awaitable<void> stop() override
    {
        stopping_ = true;
        wake_.cancel();
        if (session_->is_joined() && listed_) {
            client::arguments a(list{options_.name, session_->id()});
            client::call_options timed;
            timed.timeout = std::chrono::milliseconds(1'000);
            auto const done = co_await session_->call(uri::subtract(options_.base), std::move(a), timed);
            if (!done) {
                // A hub that has ended before us has nothing to forget.
                bool const no_hub = done.error().uri == wamp::uri::no_such_procedure;
                log::write(no_hub ? log::level::info : log::level::warn,
                           component,
                           "subtract_failed",
                           {{"node", options_.name}, {"error", done.error().what()}});
            }
        }
        co_await session_->leave();
    }

private:
    void changed()
    {
        if (changed_) {
            changed_();
        }
    }

    void set_listed(bool listed)
    {
        if (listed != listed_) {
            listed_ = listed;
            changed();
        }
    }

    void joined()
    {
        joined_ = std::chrono::steady_clock::now();
        missing_.clear();
        set_listed(false);
        hub_called_ = true;
        wake_.cancel();
        changed();
    }

    void left(std::string const& reason)
    {
        log::warn(component, "router_lost", {{"node", options_.name}, {"reason", reason}});
        set_listed(false);
        changed();
    }

    void refused(std::string const& what, client::error const* e)
    {
        if (e != nullptr) {
            missing_.failed(what, e->what());
        } else {
            missing_.works(what);
        }
        changed();
    }

    /// Keeps trying beside everything else.
    static void keep_registering(std::shared_ptr<node_impl> self,
                                 std::string const& uri,
                                 client::procedure_handler handler)
    {
        std::weak_ptr<node_impl> const weak = self;
        auto const told = [weak, uri](client::error const* e) {
            auto const n = weak.lock();
            if (!n || n->stopping_) {
                return false;
            }
            n->refused(uri, e);
            return true;
        };
        asio::co_spawn(self->executor_,
                       register_until_done(self->session_, component, uri, std::move(handler), told),
                       [uri](std::exception_ptr e) { log_end("registration of " + uri, e); });
    }

    void hub_restarted()
    {
        log::info(component, "hub_started", {{"node", options_.name}});
        set_listed(false);
        hub_called_ = true;
        wake_.cancel();
    }

    static asio::awaitable<void> set_up(std::shared_ptr<node_impl> self)
    {
        std::weak_ptr<node_impl> const weak = self;
        client::procedure_handler const fields = [weak](client::invocation i) {
            return get_fields(weak, std::move(i));
        };
        client::procedure_handler const data = [weak](client::invocation i) {
            return get_data(weak, std::move(i));
        };
        client::event_handler const restarted = [weak](client::event const&) {
            if (auto n = weak.lock()) {
                n->hub_restarted();
            }
        };
        auto const& o = self->options_;
        keep_registering(self, uri::get_fields(o.base, o.name), fields);
        keep_registering(self, uri::get_data(o.base, o.name), data);
        auto const third = co_await self->session_->subscribe(uri::hub_started(o.base), restarted);
        if (!third) {
            log::warn(component, "subscribe_failed", {{"node", o.name}, {"error", third.error().what()}});
        }
    }

    asio::awaitable<void> pause(std::chrono::milliseconds t)
    {
        wake_.expires_after(t);
        [[maybe_unused]] auto [ec] = co_await wake_.async_wait(as_result);
    }

    static asio::awaitable<void> stay_listed(std::shared_ptr<node_impl> self)
    {
        while (!self->stopping_) {
            if (self->session_->is_joined()) {
                self->hub_called_ = false;
                if (self->listed_) {
                    co_await check(self);
                } else {
                    co_await add(self);
                }
            }
            // A call of the hub, or a join, while we were asking: ask again at once.
            if (!self->hub_called_ && !self->stopping_) {
                co_await self->pause(self->listed_ ? self->options_.watch : self->options_.retry);
            }
        }
    }

    static asio::awaitable<void> add(std::shared_ptr<node_impl> self)
    {
        auto const& o = self->options_;
        auto const session = self->session_->id();
        client::arguments a(list{o.name, o.description, session});
        client::call_options timed;
        timed.timeout = hub_timeout;
        auto const answer = co_await self->session_->call(uri::add(o.base), std::move(a), timed);
        if (session != self->session_->id()) {
            co_return;
        }
        bool const taken = answer && !answer->args.empty() && answer->args[0].as_bool() == true;
        if (taken) {
            log::info(component, "listed", {{"node", o.name}});
            self->told_early_ = false;
            self->told_ = log::limiter(60);
            self->set_listed(true);
            co_return;
        }
        // Programs may start in any order: a hub that is not there yet is ordinary.
        bool const early = !answer && answer.error().uri == wamp::uri::no_such_procedure &&
                           std::chrono::steady_clock::now() - self->joined_ < start_up;
        std::uint64_t suppressed = 0;
        bool const tell = early ? !std::exchange(self->told_early_, true) : self->told_.allow(suppressed);
        if (tell) {
            log::write(early ? log::level::info : log::level::warn,
                       component,
                       "not_listed",
                       {{"node", o.name},
                        {"reason",
                         answer ? "the hub says that this name is taken: by another server, or by a session "
                                  "that has not ended yet"
                                : answer.error().what()},
                        {"next", "trying again until it works"},
                        {"suppressed", suppressed}});
        }
    }

    /// Looks whether the hub still knows us.
    static asio::awaitable<void> check(std::shared_ptr<node_impl> self)
    {
        auto const& o = self->options_;
        client::call_options timed;
        timed.timeout = hub_timeout;
        auto const answer =
            co_await self->session_->call(uri::get_data_node(o.base), client::arguments(), timed);
        if (!answer) {
            self->set_listed(false);
            co_return;
        }
        bool found = false;
        if (!answer->args.empty() && answer->args[0].as_list() != nullptr) {
            for (auto const& n : *answer->args[0].as_list()) {
                auto const* name = n.find("name");
                found =
                    found || (name != nullptr && name->as_text() != nullptr && *name->as_text() == o.name);
            }
        }
        if (!found) {
            log::info(component, "forgotten_by_hub", {{"node", o.name}});
            self->set_listed(false);
            self->hub_called_ = true;
        }
    }

    static asio::awaitable<client::outcome<client::arguments>> get_fields(std::weak_ptr<node_impl> weak,
                                                                          client::invocation i)
    {
        auto const self = weak.lock();
        if (!self) {
            co_return ended();
        }
        signature const s{self->options_.name + ".get_fields", {"start", "end"}, 2};
        auto const bound = bind(s, std::move(i.payload.args), std::move(i.payload.kwargs));
        if (!bound) {
            co_return bad_arguments(bound.error());
        }
        auto const range = parse_range((*bound)[0], (*bound)[1], self->options_.now());
        if (!range) {
            co_return bad_arguments(range.error());
        }
        // A Python tuple of two: one result, a list.
        co_return client::arguments(list{value(fields_reply(self->source_->fields(*range)))});
    }

    static asio::awaitable<client::outcome<client::arguments>> get_data(std::weak_ptr<node_impl> weak,
                                                                        client::invocation i)
    {
        auto const self = weak.lock();
        if (!self) {
            co_return ended();
        }
        auto const& o = self->options_;
        signature const s{o.name + ".get_data", {"field", "start", "end", "min_stride", "max_points"}, 3};
        auto const bound = bind(s, std::move(i.payload.args), std::move(i.payload.kwargs));
        if (!bound) {
            co_return bad_arguments(bound.error());
        }
        auto const request = parse_data_request(*bound, o.now());
        if (!request) {
            co_return bad_arguments(request.error());
        }
        co_return client::arguments(list{data_reply(*self->source_, *request, o.allowance)});
    }

    node_options options_;
    std::shared_ptr<client::session> session_;
    std::shared_ptr<source> source_;
    asio::any_io_executor executor_;
    asio::steady_timer wake_;
    std::function<void()> changed_;
    bool listed_ = false;
    missing_procedures missing_;
    std::chrono::steady_clock::time_point joined_{};
    bool hub_called_ = false;  ///< somebody asked for a look at the hub while we were busy with it
    bool told_early_ = false;
    log::limiter told_{60};
    bool stopping_ = false;
};

}  // namespace

std::shared_ptr<node> node::create(asio::any_io_executor ex,
                                   std::shared_ptr<client::session> session,
                                   node_options o,
                                   std::shared_ptr<source> s)
{
    auto n = std::make_shared<node_impl>(ex, std::move(session), std::move(o), std::move(s));
    n->start();
    return n;
}

}  // namespace cerro::dans
