#pragma once

/// @file
/// Publish and subscribe within one realm (wamp protocol, 7).

#include <cerro/router/deliveries.hpp>
#include <cerro/router/environment.hpp>
#include <cerro/router/member.hpp>
#include <cerro/router/pattern_table.hpp>
#include <cerro/router/realm_options.hpp>
#include <cerro/router/retained.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

class history;
struct kept_topic;
struct publish_options;

/// All subscribers of one (uri, match).
struct subscription {
    wamp::id id = 0;
    std::string uri;
    wamp::match_policy match = wamp::match_policy::exact;
    wall_time created{};
    std::vector<member*> subscribers;
    bool pinned = false;  ///< of the event history: stays without subscribers
    /// Option `nkey` of those that gave one; null: nobody did.
    std::unique_ptr<flat_map<member const*, std::string>> shards;
};

class broker {
public:
    /// Both must outlive the broker.
    broker(environment& env, realm_options const& options) : env_(env), options_(options), deliveries_(env) {}

    void subscribe(member& who, wamp::message const& m);
    void unsubscribe(member& who, wamp::message const& m);
    /// @param publication the event's id; 0: a new one
    /// @return what the publisher did against the protocol; empty: nothing
    [[nodiscard]] std::string_view publish(member& who, wamp::message const& m, wamp::id publication = 0);
    void event_received(member& who, wamp::message const& m) { deliveries_.received(who, m.request); }
    /// An event of the router itself, to all who subscribed but `excluded`.
    void publish_own(std::string_view topic, list const& args, member const* excluded = nullptr);
    [[nodiscard]] bool has_subscribers(std::string_view topic) { return !match(topic).subscriptions.empty(); }
    /// From now on publications go to `h` too, which must live as long; each of its entries gets a
    /// subscription.
    void keep_history(history& h);

    /// Removes all that `who` had.
    void leave(member& who);

    // What the meta API asks. Pointers are valid until the next change of subscriptions.

    [[nodiscard]] flat_map<wamp::id, subscription*> const& subscriptions() const { return by_id_; }
    /// Null pointer: there is no such subscription.
    [[nodiscard]] subscription* find_subscription(wamp::id id) const;
    [[nodiscard]] subscription* find_subscription(std::string_view uri, wamp::match_policy match);
    [[nodiscard]] std::vector<subscription*> matching(std::string_view topic);
    /// {id, created, uri, match}, as the meta API tells it
    [[nodiscard]] static dict details(subscription const& s);
    /// Ends a subscription of `who`, who has it; told with UNSUBSCRIBED if it can understand that.
    /// @param reason for UNSUBSCRIBED.Details; empty: none
    void revoke(member& who, subscription& s, std::string_view reason);

    [[nodiscard]] std::size_t subscription_count() const { return by_id_.size(); }
    [[nodiscard]] retained_events const& retained() const { return retained_; }
    [[nodiscard]] deliveries const& open_deliveries() const { return deliveries_; }

private:
    /// What is known of a topic; until subscriptions change.
    struct matched {
        std::vector<subscription*> subscriptions;
        kept_topic const* kept = nullptr;  // not null: its events go to the history
        bool disclosed = false;            // crossbar tells everybody who publishes there
    };
    /// An end of somebody's subscription.
    struct detached {
        wamp::id subscription = 0;
        bool last = false;  // it is gone
        bool told = false;  // worth meta events
    };
    struct event;
    using session_set = boost::unordered_flat_set<wamp::id>;

    matched const& match(std::string_view topic);
    void forget_matches(subscription const& s);

    subscription& add_subscription(std::string uri, wamp::match_policy match);
    subscription& attach(member& who, std::string const& uri, wamp::match_policy match);
    detached detach(member& who, subscription& s);
    void announce(member const& who, detached const& d);
    void send_retained(member& who, subscription const& s);

    bool may_publish(member& who, wamp::message const& m, publish_options const& options, bool known);
    bool within_limits(member& who, wamp::message const& m, event const& e);
    bool retain(event const& e);
    /// @param asked not null: subscribers that can are asked to acknowledge, and are put there
    void dispatch(event const& e, matched const& to, session_set* asked = nullptr);
    /// May `m`, one of the subscribers, get it? `shard` is the nkey that wins.
    bool wants(event const& e, subscription const& s, std::string_view shard, member const& m);
    bool deliver(member& m, shared_bytes const& frame);

    environment& env_;
    realm_options const& options_;
    pattern_table<subscription> table_;
    flat_map<wamp::id, subscription*> by_id_;
    string_map<matched> matches_;  // of the topics published to of late
    retained_events retained_;
    deliveries deliveries_;
    history* history_ = nullptr;
    wamp::id last_id_ = 0;
};

}  // namespace cerro::router
