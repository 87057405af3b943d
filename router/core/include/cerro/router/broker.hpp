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
    bool pinned = false;  ///< of the event history: stays without subscribers
};

class history;
struct kept_topic;

class broker {
public:
    broker(environment& env, wamp::uri_rule rule) : env_(env), rule_(rule) {}

    void subscribe(member& who, wamp::message const& m);
    void unsubscribe(member& who, wamp::message const& m);
    void publish(member& who, wamp::message const& m);
    /// An event of the router itself, to all who subscribed.
    void publish_own(std::string_view topic, list const& args);
    [[nodiscard]] bool has_subscribers(std::string_view topic) { return !match(topic).subscriptions.empty(); }
    /// From now on publications go to `h` too, which must live as long; each of its entries gets a
    /// subscription.
    void keep_history(history& h);
    /// Null pointer: there is no such subscription.
    [[nodiscard]] subscription* find_subscription(wamp::id id) const;

    /// Removes all that `who` had.
    void leave(member& who);

    [[nodiscard]] std::size_t subscription_count() const { return by_id_.size(); }

private:
    struct filter;
    class event_frames;
    /// What is known of a topic.
    struct matched {
        std::vector<subscription*> subscriptions;
        kept_topic const* kept = nullptr;  // not null: its events go to the history
    };

    matched const& match(std::string_view topic);
    subscription& add_subscription(std::string uri, wamp::match_policy match);
    void remove(member& who, subscription& s);
    void forget_matches(subscription const& s);
    void dispatch(member const* excluded,
                  member const* shown,
                  std::string_view topic,
                  wamp::id publication,
                  wamp::payload_view payload,
                  filter const& chosen,
                  std::uint64_t position = 0);

    environment& env_;
    wamp::uri_rule rule_;
    pattern_table<subscription> table_;
    flat_map<wamp::id, subscription*> by_id_;
    string_map<matched> matches_;  // of each topic published of late; until tables change
    history* history_ = nullptr;
    wamp::id last_id_ = 0;
};

}  // namespace cerro::router
