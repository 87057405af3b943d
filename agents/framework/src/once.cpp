#include "once.hpp"

#include <cerro/base/time.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cerro::agent {
namespace {

using clock = std::chrono::steady_clock;

/// Takes the timer from the list, also when the coroutine ends while it waits.
class enlisted {
public:
    enlisted(std::shared_ptr<std::vector<asio::steady_timer*>> all, asio::steady_timer& mine)
        : all_(std::move(all)), mine_(mine)
    {
        all_->push_back(&mine_);
    }
    ~enlisted() { std::erase(*all_, &mine_); }
    enlisted(enlisted const&) = delete;
    enlisted& operator=(enlisted const&) = delete;

private:
    std::shared_ptr<std::vector<asio::steady_timer*>> all_;
    asio::steady_timer& mine_;
};

}  // namespace

void once::happen()
{
    happened_ = true;
    for (auto* timer : *waiting_) {
        timer->cancel();
    }
}

asio::awaitable<bool> once::wait_until(clock::time_point until)
{
    if (happened_) {
        co_return true;
    }
    if (waiting_->size() >= most_) {
        waiting_->front()->cancel();
        waiting_->erase(waiting_->begin());
    }
    asio::steady_timer timer(executor_, until);
    enlisted const entry(waiting_, timer);
    [[maybe_unused]] auto [ec] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return happened_;
}

clock::time_point after(std::chrono::nanoseconds d)
{
    auto const now = clock::now();
    return d < clock::time_point::max() - now ? now + d : clock::time_point::max();
}

clock::time_point after_seconds(double seconds)
{
    return seconds > 0 ? after(seconds_to_duration(seconds)) : clock::now();
}

}  // namespace cerro::agent
