#include "event_frames.hpp"

#include <cerro/wamp/fast.hpp>

namespace cerro::router {

wamp::payload_view const* event_frames::payload_in(codec::serializer s)
{
    if (s == payload_.serializer) {
        return &payload_;
    }
    auto& other = others_[static_cast<std::size_t>(s)];
    if (!other) {
        other = std::make_unique<transcoded>();
        auto const convert = [&](byte_view from, bytes& out) {
            return from.empty() || codec::transcode(payload_.serializer, from, s, out).has_value();
        };
        other->good = convert(payload_.args, other->args) && convert(payload_.kwargs, other->kwargs);
    }
    if (!other->good) {
        return nullptr;
    }
    other_ = {s, other->args, other->kwargs};
    return &other_;
}

void event_frames::make(codec::serializer s, shared_bytes& into)
{
    auto const* payload = payload_in(s);
    if (payload == nullptr) {
        return;
    }
    if (topic_.empty()) {
        into = wamp::frame_event(s, subscription_, publication_, details_, *payload);
        return;
    }
    dict details = details_;
    details.append("topic", topic_);
    into = wamp::frame_event(s, subscription_, publication_, details, *payload);
}

}  // namespace cerro::router
