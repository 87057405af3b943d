#include "agent_program.hpp"

#include "device_lock.hpp"
#include <cerro/base/time.hpp>
#include <cerro/log/log.hpp>
#include <cerro/log/spawn.hpp>
#include <cerro/ocs/python_text.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <stdexcept>

namespace cerro::agent {
namespace {

constexpr std::size_t worker_threads = 10;

}  // namespace

agent_program::agent_program(app::context& context,
                             std::shared_ptr<client::session> session,
                             agent_settings settings)
    : context_(context),
      session_(std::move(session)),
      settings_(std::move(settings)),
      started_(unix_now()),
      operations_(context.io(), settings_.policy),
      records_(std::make_shared<record_publisher>(context.io().get_executor(), session_, context.metrics())),
      workers_(worker_threads),
      stop_(context.io().get_executor()),
      beat_timer_(context.io())
{
    identity_.address = ocs::agent_address(settings_.site.hub.address_root, settings_.site.instance_id);
    identity_.agent_class = settings_.agent_class;
    identity_.session_id = ocs::python_float(started_);
    procedures_[0].uri = ocs::ops_address(identity_.address);
    procedures_[1].uri = identity_.address;
}

void agent_program::task(std::string name, parameters p, body run, operation_options o)
{
    operations_.add({std::move(name), op_kind::task, std::move(p), std::move(run), std::move(o), nullptr});
}

void agent_program::process(std::string name, parameters p, body run, operation_options o)
{
    operations_.add({std::move(name), op_kind::process, std::move(p), std::move(run), std::move(o), nullptr});
}

std::shared_ptr<feed> agent_program::make_feed(std::string name, feed_options o)
{
    bool const taken =
        std::any_of(feeds_.begin(), feeds_.end(), [&](auto const& f) { return f->name() == name; });
    if (taken) {
        throw std::invalid_argument("feed " + name + " is made twice");
    }
    feeds_.push_back(std::make_shared<feed_publisher>(
        io().get_executor(), identity_, std::move(name), o, session_, records_));
    return feeds_.back();
}

std::shared_ptr<device_lock> agent_program::make_lock()
{
    return std::make_shared<fifo_lock>(io().get_executor());
}

void agent_program::subscribe(std::string topic, wamp::match_policy m, client::event_handler f)
{
    subscription s{std::move(topic), m, std::move(f)};
    if (begun_) {
        spawn("subscription", subscribe_now(std::move(s)));
    } else {
        subscriptions_.push_back(std::move(s));
    }
}

void agent_program::quit(int code)
{
    exit_code_ = code;
    context_.stop();
    stop_.happen();
}

void agent_program::spawn(std::string what, asio::awaitable<void> work)
{
    asio::co_spawn(io(),
                   std::move(work),
                   [self = shared_from_this(), what = std::move(what)](std::exception_ptr failure) {
                       log::log_exception("agent", what, failure);
                   });
}

asio::awaitable<int> agent_program::run(std::function<void(agent&)> setup)
{
    auto const self = shared_from_this();
    setup(*this);
    log::info("agent",
              "ocs: starting " + identity_.agent_class + " @ " + identity_.address,
              {{"router", settings_.site.hub.wamp_server}, {"realm", settings_.site.hub.wamp_realm}});
    // The session may outlive us; it must not keep us alive.
    std::weak_ptr<agent_program> const weak = self;
    session_->on_join([weak] {
        if (auto const me = weak.lock()) {
            me->on_join();
        }
    });
    session_->on_leave([weak](std::string const& reason) {
        if (auto const me = weak.lock()) {
            me->on_leave(reason);
        }
    });
    session_->on_restore_error([weak](std::string const& uri, client::error const& e) {
        if (auto const me = weak.lock()) {
            me->on_restore_error(uri, e);
        }
    });
    spawn("waiting for the end", watch_stop());
    context_.set_health("not connected to the router at " + settings_.site.hub.wamp_server);
    session_->start();
    spawn("waiting for the router", give_up_later(losses_));
    co_await stop_.wait_until(std::chrono::steady_clock::time_point::max());
    co_await shut_down();
    co_return exit_code_;
}

asio::awaitable<void> agent_program::watch_stop()
{
    auto const self = shared_from_this();
    co_await context_.stopped();
    stop_.happen();
}

void agent_program::on_join()
{
    log::info("agent", "session joined", {{"session", session_->id()}});
    context_.set_health({});
    if (!begun_) {
        if (!beginning_) {
            spawn("joining", begin());
        }
        return;
    }
    beat_timer_.cancel();
    records_->pump();
}

void agent_program::on_leave(std::string const& reason)
{
    ++losses_;
    context_.set_health("not connected to the router at " + settings_.site.hub.wamp_server);
    if (stop_.happened()) {
        return;
    }
    log::warn("agent", "transport disconnected", {{"reason", reason}});
    log::info("agent", "waiting for reconnection");
    if (begun_ && !forced_) {
        forced_ = true;
        spawn("renewing the registrations", force_registrations());
    }
    spawn("waiting for the router", give_up_later(losses_));
}

/// After the first join: procedures, heartbeat, subscriptions, start-up operations, in the order of OCS.
asio::awaitable<void> agent_program::begin()
{
    auto const self = shared_from_this();
    beginning_ = true;
    take_over_at_.reset();
    for (auto& p : procedures_) {
        bool const registered = co_await register_first(p);
        if (!registered) {
            beginning_ = false;
            co_return;
        }
    }
    if (session_->is_joined()) {
        context_.set_health({});  // it may have told of another session with our address
    }
    beginning_ = false;
    begun_ = true;
    heartbeat_ = std::make_shared<feed_publisher>(
        io().get_executor(), identity_, std::string(ocs::heartbeat_feed), feed_options(), session_, records_);
    feeds_.push_back(heartbeat_);
    spawn("heartbeat", beat());
    auto const wanted = subscriptions_;
    for (auto const& s : wanted) {
        co_await subscribe_now(s);
    }
    if (running()) {
        operations_.start_up();
    }
    records_->pump();
}

asio::awaitable<void> agent_program::subscribe_now(subscription s)
{
    client::subscribe_options how;
    how.match = s.match;
    auto const subscribed = co_await session_->subscribe(s.topic, s.handler, how);
    if (!subscribed && subscribed.error().uri != wamp::uri::transport_lost) {
        log::error("agent",
                   "a subscription failed; the agent cannot do its work without it",
                   {{"topic", s.topic}, {"error", subscribed.error().what()}});
        quit(app::exit_code::failed);
    }
}

asio::awaitable<void> agent_program::beat()
{
    auto const self = shared_from_this();
    auto next = std::chrono::steady_clock::now();
    while (!stop_.happened() || session_->is_joined()) {
        if (heartbeat_on_ && session_->is_joined()) {
            heartbeat_->message(operations_.op_codes());
        }
        next += settings_.heartbeat;
        beat_timer_.expires_at(next);
        auto const [ec] = co_await beat_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (ec) {
            next = std::chrono::steady_clock::now();  // joined again: the first one at once
        }
    }
}

asio::awaitable<void> agent_program::give_up_later(std::uint64_t loss)
{
    auto const self = shared_from_this();
    int const limit_s = settings_.site.crossbar_timeout;
    if (limit_s == 0) {
        co_return;
    }
    log::info("agent", "waiting at least " + std::to_string(limit_s) + " more seconds before giving up");
    [[maybe_unused]] bool const ended = co_await stop_.wait_until(after(std::chrono::seconds(limit_s)));
    if (running() && loss == losses_ && !session_->is_joined()) {
        log::error("agent",
                   "no connection to the router within --crossbar-timeout; giving up",
                   {{"router", settings_.site.hub.wamp_server}, {"seconds", limit_s}});
        quit(app::exit_code::failed);
    }
}

asio::awaitable<void> agent_program::shut_down()
{
    log::info("agent", "stopping all operations");
    operations_.stop_all();
    auto const stubborn = co_await operations_.wait_idle(after(settings_.stop_limit));
    for (auto const& op : stubborn) {
        log::error("agent", "an operation did not end in time", {{"op", op}});
    }
    for (auto const& f : feeds_) {
        f->flush();
    }
    auto const left = co_await records_->drain(after(settings_.drain_limit));
    if (left > 0) {
        log::error("agent", "feed messages were not delivered and are lost", {{"messages", left}});
    }
    co_await session_->leave();
    beat_timer_.cancel();
}

}  // namespace cerro::agent
