#include <cerro/router/retained.hpp>

#include <algorithm>
#include <utility>

namespace cerro::router {

std::size_t retained_events::cost(std::string_view topic, retained_event const& e)
{
    auto const details =
        e.details.empty() ? 0 : codec::encode(codec::serializer::msgpack, value(e.details)).size();
    return sizeof(e) + topic.size() + e.args.size() + e.kwargs.size() + details + e.chosen.cost();
}

bool retained_events::keep(std::string_view topic, retained_event e, bounds const& most)
{
    auto const at = topics_.find(topic);
    auto const superseded = [&](retained_event const& old) {
        return !e.chosen.chosen() || old.chosen == e.chosen;
    };
    bounds freed;
    if (at != topics_.end()) {
        for (auto const& old : at->second) {
            if (superseded(old)) {
                ++freed.events;
                freed.bytes += cost(topic, old);
            }
        }
    }
    bounds const then{held_.events - freed.events + 1, held_.bytes - freed.bytes + cost(topic, e)};
    if (then.events > most.events || then.bytes > most.bytes) {
        return false;
    }
    held_ = then;
    auto& events = at != topics_.end() ? at->second : topics_[std::string(topic)];
    events.erase(std::remove_if(events.begin(), events.end(), superseded), events.end());
    events.push_back(std::move(e));
    return true;
}

void retained_events::visit(
    std::string_view pattern,
    wamp::match_policy match,
    std::function<void(std::string const& topic, std::vector<retained_event> const&)> const& f) const
{
    switch (match) {
        case wamp::match_policy::exact:
            if (auto const at = topics_.find(pattern); at != topics_.end()) {
                f(at->first, at->second);
            }
            return;
        case wamp::match_policy::prefix:
            for (auto at = topics_.lower_bound(pattern);
                 at != topics_.end() && at->first.starts_with(pattern);
                 ++at) {
                f(at->first, at->second);
            }
            return;
        case wamp::match_policy::wildcard:
            for (auto const& [topic, events] : topics_) {
                if (wamp::matches(topic, pattern, match)) {
                    f(topic, events);
                }
            }
            return;
    }
}

}  // namespace cerro::router
