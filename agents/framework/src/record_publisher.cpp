#include "record_publisher.hpp"

#include <cerro/log/spawn.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cerro::agent {

record_publisher::record_publisher(asio::any_io_executor ex,
                                   std::shared_ptr<client::session> session,
                                   metrics::registry& metrics,
                                   record_limits limits)
    : executor_(std::move(ex)),
      session_(std::move(session)),
      queue_(limits),
      published_(metrics.make_counter("cerro_agent_records_published_total",
                                      "record feed messages that the router has acknowledged")),
      lost_(metrics.make_counter(
          "cerro_agent_records_lost_total",
          "record feed messages given up: refused, too old, or above the buffer's bound")),
      waiting_(metrics.make_gauge("cerro_agent_records_waiting", "record feed messages not yet acknowledged"))
{}

void record_publisher::publish(std::string topic, list args)
{
    queue_.push(std::move(topic), std::move(args), std::chrono::steady_clock::now());
    pump();
}

void record_publisher::pump()
{
    while (session_->is_joined()) {
        auto const* message = queue_.next(std::chrono::steady_clock::now());
        if (message == nullptr) {
            break;
        }
        asio::co_spawn(executor_,
                       send(message->number, message->topic, message->args),
                       [self = shared_from_this(), number = message->number](std::exception_ptr failure) {
                           if (failure) {
                               log::log_exception("agent", "publishing a record", failure);
                               self->queue_.refused(number);
                           }
                           self->count_losses();
                           self->pump();
                       });
    }
    count_losses();
}

asio::awaitable<void> record_publisher::send(std::uint64_t number, std::string topic, list args)
{
    auto const self = shared_from_this();
    client::arguments message(std::move(args));
    auto const answer = co_await session_->publish_acknowledged(topic, std::move(message));
    if (answer) {
        queue_.acknowledged(number);
        published_.add();
        co_return;
    }
    if (answer.error().uri == wamp::uri::transport_lost) {
        queue_.undelivered(number);
        co_return;
    }
    queue_.refused(number);
    std::uint64_t suppressed = 0;
    if (refusal_limiter_.allow(suppressed)) {
        log::error("agent",
                   "the router refused a feed message; its data are lost",
                   {{"topic", topic}, {"error", answer.error().what()}, {"suppressed", suppressed}});
    }
}

void record_publisher::count_losses()
{
    waiting_.set(static_cast<double>(queue_.size()));
    auto const fresh = queue_.lost() - told_lost_;
    if (fresh == 0) {
        return;
    }
    lost_.add(fresh);
    told_lost_ = queue_.lost();
    std::uint64_t suppressed = 0;
    if (loss_limiter_.allow(suppressed)) {
        log::warn("agent",
                  "feed messages were given up",
                  {{"lost_in_all", queue_.lost()}, {"kept", queue_.size()}});
    }
}

asio::awaitable<std::size_t> record_publisher::drain(std::chrono::steady_clock::time_point until)
{
    auto const self = shared_from_this();
    asio::steady_timer timer(executor_);
    while (!queue_.empty() && session_->is_joined() && std::chrono::steady_clock::now() < until) {
        timer.expires_after(std::chrono::milliseconds(10));
        [[maybe_unused]] auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return queue_.size();
}

}  // namespace cerro::agent
