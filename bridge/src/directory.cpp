#include <cerro/bridge/directory.hpp>
#include <cerro/dans/api.hpp>
#include <cerro/log/log.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace cerro::bridge {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto component = "bridge";
constexpr std::chrono::seconds start_up(5);
constexpr std::size_t most_cached = 10'000;  // names come from HTTP clients

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

std::string text_member(value const& v, std::string_view key)
{
    auto const* member = v.find(key);
    return member != nullptr && member->as_text() != nullptr ? *member->as_text() : std::string();
}

}  // namespace

asio::awaitable<void> in_parallel(std::vector<asio::awaitable<void>> work, std::string what)
{
    struct shared {
        shared(asio::any_io_executor ex, std::size_t n) : done(std::move(ex)), left(n) {}
        asio::steady_timer done;
        std::size_t left;
    };
    auto const executor = co_await asio::this_coro::executor;
    auto const state = std::make_shared<shared>(executor, work.size());
    for (auto& w : work) {
        asio::co_spawn(executor, std::move(w), [state, what](std::exception_ptr e) {
            log_end(what, e);
            if (--state->left == 0) {
                state->done.cancel();
            }
        });
    }
    while (state->left > 0) {
        state->done.expires_at(asio::steady_timer::time_point::max());
        [[maybe_unused]] auto [ec] = co_await state->done.async_wait(as_result);
    }
}

directory::directory(asio::any_io_executor ex, std::shared_ptr<client::session> s, directory_options o)
    : executor_(ex), session_(std::move(s)), options_(std::move(o)), wake_(ex)
{}

void directory::start()
{
    std::weak_ptr<directory> const weak = weak_from_this();
    session_->on_join([weak] {
        if (auto d = weak.lock()) {
            d->joined();
        }
    });
    session_->on_leave([weak](std::string const& reason) {
        if (weak.lock()) {
            log::warn(component, "router_lost", {{"reason", reason}});
        }
    });
    asio::co_spawn(
        executor_, watch(shared_from_this()), [](std::exception_ptr e) { log_end("node list", e); });
}

void directory::stop()
{
    stopping_ = true;
    wake_.cancel();
}

void directory::joined()
{
    joined_ = clock::now();
    // Other nodes may answer to the old names now.
    cache_.clear();
    wake_.cancel();
}

asio::awaitable<void> directory::watch(std::shared_ptr<directory> self)
{
    std::weak_ptr<directory> const weak = self;
    client::event_handler const changed = [weak](client::event const& e) {
        auto const d = weak.lock();
        if (!d) {
            return;
        }
        if (!e.payload.args.empty()) {
            d->forget(text_member(e.payload.args[0], "name"));
        }
        d->wake_.cancel();
    };
    for (auto const& topic :
         {dans::uri::node_added(self->options_.base), dans::uri::node_subtracted(self->options_.base)}) {
        auto const done = co_await self->session_->subscribe(topic, changed);
        if (!done) {
            log::warn(component, "not_subscribed", {{"topic", topic}, {"error", done.error().what()}});
        }
    }
    while (!self->stopping_) {
        if (self->session_->is_joined()) {
            co_await relist(self);
        }
        self->wake_.expires_after(self->options_.relist);
        [[maybe_unused]] auto [ec] = co_await self->wake_.async_wait(as_result);
    }
}

asio::awaitable<void> directory::relist(std::shared_ptr<directory> self)
{
    client::call_options timed;
    timed.timeout = self->options_.node_timeout;
    auto const answer = co_await self->session_->call(
        dans::uri::get_data_node(self->options_.base), client::arguments(), timed);
    auto const* all = answer && !answer->args.empty() ? answer->args[0].as_list() : nullptr;
    if (all == nullptr) {
        // The nodes may live on without a hub: keep what we know.
        // A hub that starts after us is ordinary.
        bool const early = !answer && answer.error().uri == wamp::uri::no_such_procedure &&
                           clock::now() - self->joined_ < start_up;
        if (!self->hub_missing_ || (self->hub_missed_early_ && !early)) {
            self->hub_missing_ = true;
            self->hub_missed_early_ = early;
            log::write(early ? log::level::info : log::level::warn,
                       component,
                       "hub_missing",
                       {{"error", answer ? std::string("its answer is no list") : answer.error().what()},
                        {"next", "asking again"}});
        }
        co_return;
    }
    self->hub_missing_ = false;
    std::vector<node_entry> nodes;
    for (auto const& n : *all) {
        node_entry e{text_member(n, "name"), text_member(n, "description")};
        if (!e.name.empty()) {
            nodes.push_back(std::move(e));
        }
    }
    if (nodes.size() != self->nodes_.size()) {
        log::info(component, "data_nodes", {{"count", nodes.size()}});
    }
    self->nodes_ = std::move(nodes);
}

void directory::forget(std::string const& node)
{
    cache_.erase(node);
}

std::shared_ptr<directory::cached> directory::entry(std::string const& node)
{
    if (cache_.size() > most_cached) {
        cache_.clear();
    }
    auto& c = cache_[node];
    if (!c) {
        c = std::make_shared<cached>(executor_);
    }
    return c;
}

asio::awaitable<void> directory::ask(std::shared_ptr<directory> self,
                                     std::string node,
                                     std::shared_ptr<cached> c)
{
    auto const uri = dans::uri::get_fields(self->options_.base, node);
    fields_answer got;
    if (!wamp::valid_uri(uri)) {
        got.error = "no possible name of a data node: " + node;
    } else {
        client::arguments a(list{1, 0});
        client::call_options timed;
        timed.timeout = self->options_.node_timeout;
        auto const answer = co_await self->session_->call(uri, std::move(a), timed);
        if (!answer) {
            got.error = answer.error().what();
        } else {
            auto const parsed = parse_fields(answer->args.empty() ? value() : answer->args[0]);
            if (parsed) {
                got.fields = std::make_shared<node_fields const>(*parsed);
            } else {
                got.error = parsed.error().what;
            }
        }
    }
    std::uint64_t suppressed = 0;
    if (!got.error.empty() && c->answer.error.empty() && self->failed_limit_.allow(suppressed)) {
        log::warn(
            component, "node_failed", {{"node", node}, {"error", got.error}, {"suppressed", suppressed}});
    }
    c->answer = std::move(got);
    c->asked = clock::now();
    c->asking = false;
    c->done.cancel();
}

asio::awaitable<fields_answer> directory::fields(std::shared_ptr<directory> self,
                                                 std::string node,
                                                 std::chrono::milliseconds max_age)
{
    auto const c = self->entry(node);
    bool const asked = c->asked != clock::time_point{};
    bool const failed = asked && !c->answer.fields;
    auto const age = clock::now() - c->asked;
    bool const fresh = asked && age < (failed ? std::min(max_age, self->options_.failed_again) : max_age);
    if (!fresh && !c->asking) {
        c->asking = true;
        asio::co_spawn(self->executor_, ask(self, node, c), [c](std::exception_ptr e) {
            log_end("get_fields", e);
            c->asking = false;
            c->done.cancel();
        });
    }
    // Nobody waits again for a node that let others wait in vain: it is asked, and the next request profits.
    if (fresh || failed) {
        co_return c->answer;
    }
    while (c->asking) {
        c->done.expires_at(asio::steady_timer::time_point::max());
        [[maybe_unused]] auto [ec] = co_await c->done.async_wait(as_result);
    }
    co_return c->answer;
}

fields_answer directory::known(std::string const& node) const
{
    auto const it = cache_.find(node);
    return it == cache_.end() ? fields_answer() : it->second->answer;
}

asio::awaitable<fields_answer> directory::fields_for(std::shared_ptr<directory> self,
                                                     std::string node,
                                                     std::vector<std::string> wanted)
{
    constexpr std::chrono::hours any_age(1);
    auto const known = co_await fields(self, node, any_age);
    bool const complete = known.fields && std::all_of(wanted.begin(), wanted.end(), [&](auto const& w) {
                              return known.fields->find(w) != nullptr;
                          });
    if (complete) {
        co_return known;
    }
    co_return co_await fields(self, node, self->options_.unknown_again);
}

asio::awaitable<std::vector<fields_answer>> directory::all_fields(std::shared_ptr<directory> self,
                                                                  std::vector<node_entry> nodes)
{
    auto const answers = std::make_shared<std::vector<fields_answer>>(nodes.size());
    std::vector<asio::awaitable<void>> work;
    auto const one = [](std::shared_ptr<directory> d,
                        std::string node,
                        std::shared_ptr<std::vector<fields_answer>> into,
                        std::size_t i) -> asio::awaitable<void> {
        auto answer = co_await fields(d, node, d->options_.stale);
        (*into)[i] = std::move(answer);
    };
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        work.push_back(one(self, nodes[i].name, answers, i));
    }
    co_await in_parallel(std::move(work), "get_fields");
    co_return *answers;
}

}  // namespace cerro::bridge
