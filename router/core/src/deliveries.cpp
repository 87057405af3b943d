#include "replies.hpp"
#include <cerro/router/deliveries.hpp>

#include <utility>
#include <vector>

namespace cerro::router {

bool deliveries::room_for(member const& publisher) const
{
    auto const at = by_publisher_.find(&publisher);
    return at == by_publisher_.end() || at->second < env_.limits.max_deliveries_open;
}

void deliveries::wait(member& publisher,
                      wamp::id request,
                      wamp::id publication,
                      boost::unordered_flat_set<wamp::id> asked,
                      std::function<void()> published)
{
    ++by_publisher_[&publisher];
    auto& w = open_[publication];
    w.publisher = &publisher;
    w.request = request;
    w.asked = std::move(asked);
    w.published = std::move(published);
    w.timer = env_.deadlines.add(env_.now() + env_.limits.delivery_timeout, [this, publication] {
        open_.at(publication).timer = 0;
        env_.stats.limited(limit_reached::delivery_timeout);
        finish(publication);
    });
}

void deliveries::received(member const& from, wamp::id publication)
{
    auto const at = open_.find(publication);
    if (at != open_.end() && at->second.asked.erase(from.who.session) > 0 && at->second.asked.empty()) {
        finish(publication);
    }
}

void deliveries::leave(member const& who)
{
    if (open_.empty()) {
        return;
    }
    std::vector<wamp::id> done;
    for (auto& [publication, w] : open_) {
        if (w.asked.erase(who.who.session) > 0) {
            ++w.lost;
        }
        if (w.publisher == &who) {
            w.publisher = nullptr;
        }
        if (w.publisher == nullptr || w.asked.empty()) {
            done.push_back(publication);
        }
    }
    by_publisher_.erase(&who);
    for (auto const publication : done) {
        finish(publication);
    }
}

void deliveries::finish(wamp::id publication)
{
    auto const at = open_.find(publication);
    auto const w = std::move(at->second);
    open_.erase(at);
    env_.deadlines.cancel(w.timer);
    if (w.publisher == nullptr) {
        return;
    }
    if (auto const count = by_publisher_.find(w.publisher); --count->second == 0) {
        by_publisher_.erase(count);
    }
    constexpr auto type = wamp::message_type::publish;
    if (!w.asked.empty()) {
        send_error(*w.publisher,
                   type,
                   w.request,
                   wamp::uri::timeout,
                   std::to_string(w.asked.size()) + " subscribers have not acknowledged the event in time");
    } else if (w.lost > 0) {
        send_error(*w.publisher,
                   type,
                   w.request,
                   wamp::uri::canceled,
                   std::to_string(w.lost) + " subscribers left before they acknowledged the event");
    } else {
        w.published();
    }
}

}  // namespace cerro::router
