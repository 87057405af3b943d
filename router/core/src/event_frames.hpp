#pragma once

/// @file
/// The frames of one publication.

#include <cerro/wamp/message.hpp>

#include <array>
#include <memory>
#include <string_view>

namespace cerro::router {

/// One frame for each (subscription, serializer), the payload transcoded at most once for each serializer.
class event_frames {
public:
    /// @param details of the EVENT, but for the topic; must outlive this
    event_frames(wamp::id publication, wamp::payload_view payload, dict const& details)
        : publication_(publication), payload_(payload), details_(details)
    {}

    /// The frames that follow are for this subscription.
    /// @param topic for EVENT.Details; empty for an exact subscription
    void begin(wamp::id subscription, std::string_view topic)
    {
        subscription_ = subscription;
        topic_ = topic;
        frames_ = {};
    }

    /// @return null when the payload cannot be written in that serializer
    [[nodiscard]] shared_bytes const& in(codec::serializer s)
    {
        auto& made = frames_[static_cast<std::size_t>(s)];
        if (!made) {
            make(s, made);
        }
        return made;
    }

private:
    struct transcoded {
        bool good = false;
        bytes args;
        bytes kwargs;
    };

    void make(codec::serializer s, shared_bytes& into);
    [[nodiscard]] wamp::payload_view const* payload_in(codec::serializer s);

    wamp::id publication_;
    wamp::payload_view payload_;
    wamp::payload_view other_;
    dict const& details_;
    wamp::id subscription_ = 0;
    std::string_view topic_;
    std::array<shared_bytes, 4> frames_;
    std::array<std::unique_ptr<transcoded>, 4> others_;
};

}  // namespace cerro::router
