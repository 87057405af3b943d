#include <cerro/router/timers.hpp>

#include <algorithm>

namespace cerro::router {

timers::timer_id timers::add(steady_time when, std::function<void()> f)
{
    auto const before = next();
    heap_.push_back({when, ++last_});
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
    live_.emplace(last_, std::move(f));
    if (on_earlier_ && (!before || when < *before)) {
        on_earlier_();
    }
    return last_;
}

void timers::cancel(timer_id t)
{
    if (live_.erase(t) != 0) {
        compact();
    }
}

std::optional<steady_time> timers::next()
{
    while (!heap_.empty() && !live_.contains(heap_.front().id)) {
        std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
        heap_.pop_back();
    }
    if (heap_.empty()) {
        return std::nullopt;
    }
    return heap_.front().when;
}

void timers::run(steady_time now)
{
    for (auto when = next(); when && *when <= now; when = next()) {
        auto const at = live_.find(heap_.front().id);
        auto const f = std::move(at->second);
        live_.erase(at);
        f();
    }
}

// A peer that sets a time limit for each call would otherwise fill the heap with calls long since answered.
void timers::compact()
{
    if (heap_.size() < 64 || heap_.size() < 2 * live_.size()) {
        return;
    }
    std::erase_if(heap_, [this](due const& d) { return !live_.contains(d.id); });
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
}

}  // namespace cerro::router
