#include "bridge.hpp"

#include <cerro/wamp/uri.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

own_outcome stopped_outcome()
{
    own_outcome out;
    out.error = wamp::uri::canceled;
    out.args.emplace_back("the router is shutting down");
    return out;
}

}  // namespace

/// One request that waits. Its end without an outcome cancels the call.
struct bridge::wait {
    explicit wait(asio::any_io_executor const& ex) : ready(ex, asio::steady_timer::time_point::max()) {}

    void finish(own_outcome o)
    {
        outcome = std::move(o);
        ready.cancel();
    }

    asio::steady_timer ready;
    std::optional<own_outcome> outcome;
    own_caller::call_id id = 0;
};

bridge::bridge(asio::any_io_executor ex,
               std::shared_ptr<core> c,
               std::string const& realm_name,
               std::string const& role_name)
    : ex_(std::move(ex)), core_(std::move(c)), realm_(realm_name), role_(role_name)
{
    auto& home = *core_->find_realm(realm_);
    member_ = std::make_unique<own_caller>(*core_, home, home.find_role(role_), "http");
}

bridge::~bridge() = default;

wall_time bridge::now() const
{
    return core_->env().wall();
}

std::shared_ptr<bridge::wait> bridge::begin()
{
    std::erase_if(open_, [](auto const& w) { return w.expired(); });
    auto made = std::make_shared<wait>(ex_);
    open_.push_back(made);
    return made;
}

asio::awaitable<own_outcome> bridge::outcome_of(std::shared_ptr<bridge> self, std::shared_ptr<wait> w)
{
    while (!w->outcome) {
        [[maybe_unused]] auto const [ec] = co_await w->ready.async_wait(as_result);
        auto const state = co_await asio::this_coro::cancellation_state;
        if (!w->outcome && state.cancelled() != asio::cancellation_type::none) {
            if (self->member_) {
                self->member_->cancel(w->id);
            }
            throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    co_return std::move(*w->outcome);
}

asio::awaitable<own_outcome> bridge::call(std::shared_ptr<bridge> self,
                                          std::string procedure,
                                          list args,
                                          dict kwargs)
{
    if (!self->member_) {
        co_return stopped_outcome();
    }
    auto const w = self->begin();
    auto const done = [weak = std::weak_ptr<wait>(w)](own_outcome o) {
        if (auto const live = weak.lock()) {
            live->finish(std::move(o));
        }
    };
    w->id = self->member_->call(procedure, args, kwargs, std::nullopt, done);
    co_return co_await outcome_of(self, w);
}

asio::awaitable<own_outcome> bridge::publish(
    std::shared_ptr<bridge> self, std::string topic, list args, dict kwargs, dict options)
{
    if (!self->member_) {
        co_return stopped_outcome();
    }
    auto const w = self->begin();
    auto const done = [weak = std::weak_ptr<wait>(w)](own_outcome o) {
        if (auto const live = weak.lock()) {
            live->finish(std::move(o));
        }
    };
    self->member_->publish(topic, args, kwargs, std::move(options), done);
    co_return co_await outcome_of(self, w);
}

void bridge::stop()
{
    member_.reset();
    for (auto const& one : std::exchange(open_, {})) {
        if (auto const w = one.lock(); w && !w->outcome) {
            w->finish(stopped_outcome());
        }
    }
}

}  // namespace cerro::router
