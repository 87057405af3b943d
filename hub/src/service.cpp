#include <cerro/dans/api.hpp>
#include <cerro/dans/registration.hpp>
#include <cerro/hub/caller.hpp>
#include <cerro/hub/service.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/co_spawn.hpp>

namespace cerro::hub {

namespace {

namespace asio = boost::asio;
using answer = client::outcome<client::arguments>;

constexpr auto component = "hub";
constexpr auto on_leave_topic = "wamp.session.on_leave";
constexpr auto session_list = "wamp.session.list";
constexpr std::chrono::milliseconds router_timeout{5'000};

dict describe(data_node const& n)
{
    return {{"name", n.name}, {"description", n.description}};
}

client::error runtime_error(std::string text)
{
    return client::error(wamp::uri::runtime_error, std::move(text));
}

class service_impl : public service, public std::enable_shared_from_this<service_impl> {
public:
    service_impl(asio::any_io_executor ex, std::shared_ptr<client::session> s, std::string base)
        : executor_(std::move(ex)), session_(std::move(s)), base_(std::move(base))
    {}

    void start()
    {
        std::weak_ptr<service_impl> const weak = weak_from_this();
        session_->on_join([weak] {
            if (auto s = weak.lock()) {
                s->missing_.clear();
                s->changed();
                s->spawn("after the join", after_join(s));
            }
        });
        session_->on_leave([weak](std::string const& reason) {
            if (auto s = weak.lock()) {
                log::warn(component, "router_lost", {{"reason", reason}});
                s->changed();
            }
        });
        session_->on_restore_error([weak](std::string const& what, client::error const& e) {
            if (auto s = weak.lock()) {
                s->refused(what, &e);
            }
        });
        session_->on_restored([weak](std::string const& what) {
            if (auto s = weak.lock()) {
                s->refused(what, nullptr);
            }
        });
        spawn("set-up", set_up(shared_from_this()));
    }

    [[nodiscard]] registry const& nodes() const override { return nodes_; }
    [[nodiscard]] std::string trouble() const override
    {
        return session_->is_joined() ? missing_.trouble() : "no session with the router";
    }
    void on_change(std::function<void()> f) override { changed_ = std::move(f); }

private:
    void spawn(std::string task, asio::awaitable<void> work)
    {
        asio::co_spawn(executor_, std::move(work), [task = std::move(task)](std::exception_ptr e) {
            if (e) {
                try {
                    std::rethrow_exception(e);
                } catch (std::exception const& x) {
                    log::error(component, "task_failed", {{"task", task}, {"error", x.what()}});
                }
            }
        });
    }

    void changed()
    {
        if (changed_) {
            changed_();
        }
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

    /// A procedure whose coroutine is a member; refuses when the service has ended.
    client::procedure_handler procedure(answer (service_impl::*f)(client::invocation))
    {
        return [weak = weak_from_this(), f](client::invocation i) { return serve(weak, f, std::move(i)); };
    }

    static asio::awaitable<answer> serve(std::weak_ptr<service_impl> weak,
                                         answer (service_impl::*f)(client::invocation),
                                         client::invocation i)
    {
        auto const self = weak.lock();
        if (!self) {
            co_return client::error(wamp::uri::canceled, "the hub has ended");
        }
        co_return (self.get()->*f)(std::move(i));
    }

    static asio::awaitable<void> set_up(std::shared_ptr<service_impl> self)
    {
        std::weak_ptr<service_impl> const weak = self;
        std::vector<std::pair<std::string, client::procedure_handler>> procedures;
        procedures.emplace_back(dans::uri::add(self->base_), self->procedure(&service_impl::add));
        procedures.emplace_back(dans::uri::subtract(self->base_), self->procedure(&service_impl::subtract));
        procedures.emplace_back(dans::uri::get_data_node(self->base_),
                                self->procedure(&service_impl::get_data_node));
        for (auto const& [name, handler] : procedures) {
            auto const told = [weak, uri = name](client::error const* e) {
                auto const s = weak.lock();
                if (s) {
                    s->refused(uri, e);
                }
                return s != nullptr;
            };
            self->spawn("registration",
                        dans::register_until_done(self->session_, component, name, handler, told));
        }
        client::event_handler const left = [weak](client::event const& e) {
            auto const s = weak.lock();
            auto const id = e.payload.args.empty() ? std::nullopt : e.payload.args[0].as_uint();
            if (s && id) {
                s->removed(s->nodes_.leave(*id), "its session left");
            }
        };
        auto const done = co_await self->session_->subscribe(on_leave_topic, left);
        if (!done) {
            log::error(
                component, "not_subscribed", {{"uri", on_leave_topic}, {"error", done.error().what()}});
            client::error const e = done.error();
            self->refused(on_leave_topic, &e);
        }
    }

    /// Sessions may have left while we were away, and all have if the router was restarted.
    static asio::awaitable<void> after_join(std::shared_ptr<service_impl> self)
    {
        if (!self->nodes_.nodes().empty()) {
            client::call_options timed;
            timed.timeout = router_timeout;
            auto const list = co_await self->session_->call(session_list, client::arguments(), timed);
            if (list && !list->args.empty() && list->args[0].as_list() != nullptr) {
                std::vector<std::uint64_t> alive;
                for (auto const& id : *list->args[0].as_list()) {
                    alive.push_back(id.as_uint().value_or(0));
                }
                self->removed(self->nodes_.keep_only(alive), "its session left while the hub was away");
            } else {  // nobody knows who is there: the nodes stay, and add themselves again when they hear us
                log::warn(component, "sessions_not_listed", {{"procedure", session_list}});
            }
        }
        // A round trip to the router behind our registrations: whoever hears the event can add itself at
        // once.
        auto const done = co_await self->session_->publish_acknowledged(dans::uri::hub_started(self->base_),
                                                                        client::arguments());
        if (!done) {
            log::warn(component, "hub_started_not_published", {{"error", done.error().what()}});
        } else {
            log::info(component, "started", {{"session", self->session_->id()}});
        }
    }

    void publish(std::string const& topic, data_node const& n)
    {
        if (!session_->publish(topic, client::arguments(list{value(describe(n))}))) {
            log::debug(component, "event_lost", {{"topic", topic}, {"node", n.name}});
        }
    }

    void removed(std::vector<data_node> const& gone, std::string_view why)
    {
        for (auto const& n : gone) {
            log::info(component,
                      "data_node_subtracted",
                      {{"node", n.name}, {"session", n.session}, {"reason", why}});
            publish(dans::uri::node_subtracted(base_), n);
        }
    }

    /// Whose node it is: the router's word counts more than the caller's.
    std::optional<std::uint64_t> owner(client::invocation const& i, value const& claimed)
    {
        auto const c = caller_of(i.details, claimed);
        std::uint64_t suppressed = 0;
        if (c.lied && lies_.allow(suppressed)) {
            log::warn(component,
                      "other_session_claimed",
                      {{"session", c.session.value_or(0)},
                       {"claimed", claimed.as_uint().value_or(0)},
                       {"suppressed", suppressed}});
        }
        return c.session;
    }

    answer add(client::invocation i)
    {
        dans::signature const s{"hub.add_data_node", {"name", "description", "session_id"}, 3};
        auto const a = dans::bind(s, std::move(i.payload.args), std::move(i.payload.kwargs));
        if (!a) {
            return runtime_error(a.error().what);
        }
        auto const* name = (*a)[0].as_text();
        auto const* description = (*a)[1].as_text();
        auto const session = owner(i, (*a)[2]);
        if (name == nullptr || name->empty() || name->size() > 255) {
            return runtime_error("name must be a text of 1 to 255 bytes");
        }
        if ((description == nullptr && !(*a)[1].is_null()) ||
            (description != nullptr && description->size() > 4096)) {
            return runtime_error("description must be a text of at most 4096 bytes");
        }
        if (!session) {
            return runtime_error("session_id must be the caller's session id, an integer");
        }
        data_node n{*name, description == nullptr ? std::string() : *description, *session};
        if (!nodes_.add(n)) {
            log::warn(component, "data_node_denied", {{"node", n.name}, {"session", n.session}});
            return client::arguments(list{false});
        }
        log::info(component, "data_node_added", {{"node", n.name}, {"session", n.session}});
        publish(dans::uri::node_added(base_), n);
        return client::arguments(list{true});
    }

    answer subtract(client::invocation i)
    {
        dans::signature const s{"hub.subtract_data_node", {"name", "session_id"}, 2};
        auto const a = dans::bind(s, std::move(i.payload.args), std::move(i.payload.kwargs));
        if (!a) {
            return runtime_error(a.error().what);
        }
        auto const* name = (*a)[0].as_text();
        auto const session = owner(i, (*a)[1]);
        auto const gone =
            name != nullptr && session ? nodes_.subtract(*name, *session) : std::vector<data_node>();
        if (gone.empty()) {
            log::info(
                component, "nothing_to_subtract", {{"node", name == nullptr ? std::string("?") : *name}});
        }
        removed(gone, "it asked");
        return client::arguments(list{nullptr});
    }

    answer get_data_node(client::invocation i)
    {
        auto const a =
            dans::bind({"hub.get_data_node", {}, 0}, std::move(i.payload.args), std::move(i.payload.kwargs));
        if (!a) {
            return runtime_error(a.error().what);
        }
        list all;
        for (auto const& n : nodes_.nodes()) {
            all.emplace_back(describe(n));
        }
        return client::arguments(list{value(std::move(all))});
    }

    asio::any_io_executor executor_;
    std::shared_ptr<client::session> session_;
    std::string base_;
    registry nodes_;
    dans::missing_procedures missing_;
    log::limiter lies_;
    std::function<void()> changed_;
};

}  // namespace

std::shared_ptr<service> service::create(asio::any_io_executor ex,
                                         std::shared_ptr<client::session> session,
                                         std::string base)
{
    auto s = std::make_shared<service_impl>(std::move(ex), std::move(session), std::move(base));
    s->start();
    return s;
}

}  // namespace cerro::hub
