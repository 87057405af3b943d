#pragma once

/// @file
/// Retained events of one realm (wamp protocol, 7): the latest of each topic, and besides those with lists of
/// receivers, kept until something newer takes their place or the router ends.

#include <cerro/router/receivers.hpp>
#include <cerro/wamp/message.hpp>
#include <cerro/wamp/uri.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cerro::router {

struct retained_event {
    wamp::id publication = 0;
    codec::serializer serializer = codec::serializer::json;
    bytes args;
    bytes kwargs;
    dict details;  ///< EVENT.Details, but for the topic
    receivers chosen;
    std::optional<std::string> rkey;
    bool passthru = false;

    [[nodiscard]] wamp::payload_view payload() const { return {serializer, args, kwargs}; }
};

class retained_events {
public:
    struct bounds {
        std::size_t events = 0;
        std::size_t bytes = 0;
    };

    /// Keeps `e`: an event for everybody in place of all of its topic, one with lists in place of one with
    /// the same lists.
    /// @return false when that would be more than `most`; what was kept is kept
    bool keep(std::string_view topic, retained_event e, bounds const& most);

    /// Calls `f` with the events of each topic that the pattern matches, the newest last.
    void visit(
        std::string_view pattern,
        wamp::match_policy match,
        std::function<void(std::string const& topic, std::vector<retained_event> const&)> const& f) const;

    [[nodiscard]] std::size_t count() const { return held_.events; }
    [[nodiscard]] std::size_t bytes_held() const { return held_.bytes; }

private:
    static std::size_t cost(std::string_view topic, retained_event const& e);

    std::map<std::string, std::vector<retained_event>, std::less<>> topics_;
    bounds held_;
};

}  // namespace cerro::router
