#pragma once

/// @file
/// Publish and subscribe within one realm (wamp protocol, 7).

#include <cerro/router/environment.hpp>
#include <cerro/router/member.hpp>
#include <cerro/router/pattern_table.hpp>
#include <cerro/wamp/uri.hpp>

#include <memory>
#include <string>
#include <vector>

namespace cerro::router {

/// All subscribers of one (uri, match).
struct subscription {
    wamp::id id = 0;
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    std::vector<member*> subscribers;
};

class broker {
public:
    broker(environment& env, wamp::uri_rule rule) : env_(env), rule_(rule) {}

    void subscribe(member& who, wamp::message const& m);
    void unsubscribe(member& who, wamp::message const& m);
    void publish(member& who, wamp::message const& m);
    /// An event of the router itself, to all who subscribed.
    void publish_own(std::string_view topic, list const& args);
    [[nodiscard]] bool has_subscribers(std::string_view topic) { return !match(topic).empty(); }

    /// Removes all that `who` had.
    void leave(member& who);

    [[nodiscard]] std::size_t subscription_count() const { return by_id_.size(); }

private:
    struct filter;
    class event_frames;

    std::vector<subscription*> const& match(std::string_view topic);
    void remove(member& who, subscription& s);
    void forget_matches(subscription const& s);
    void dispatch(member const* excluded,
                  member const* shown,
                  std::string_view topic,
                  wamp::id publication,
                  wamp::payload_view payload,
                  filter const& chosen);

    environment& env_;
    wamp::uri_rule rule_;
    pattern_table<subscription> table_;
    flat_map<wamp::id, subscription*> by_id_;
    string_map<std::vector<subscription*>>
        matches_;  // what each topic published of late matches; until tables change
    wamp::id last_id_ = 0;
};

}  // namespace cerro::router
