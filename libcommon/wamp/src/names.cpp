#include "layout.hpp"

namespace cerro::wamp {

namespace {

constexpr std::uint64_t autobahn_event_received = 337;

struct description {
    std::string_view name = "?";
    std::string_view layout;
};

description describe(message_type t) noexcept
{
    switch (t) {
        case message_type::hello: return {"HELLO", "ud"};
        case message_type::welcome: return {"WELCOME", "id"};
        case message_type::abort: return {"ABORT", "dup"};
        case message_type::challenge: return {"CHALLENGE", "td"};
        case message_type::authenticate: return {"AUTHENTICATE", "td"};
        case message_type::goodbye: return {"GOODBYE", "du"};
        case message_type::error: return {"ERROR", "irdup"};
        case message_type::publish: return {"PUBLISH", "rdup"};
        case message_type::published: return {"PUBLISHED", "ri"};
        case message_type::subscribe: return {"SUBSCRIBE", "rdu"};
        case message_type::subscribed: return {"SUBSCRIBED", "ri"};
        case message_type::unsubscribe: return {"UNSUBSCRIBE", "ri"};
        case message_type::unsubscribed: return {"UNSUBSCRIBED", "ro"};
        case message_type::event: return {"EVENT", "ridp"};
        case message_type::event_received: return {"EVENT_RECEIVED", "r"};
        case message_type::call: return {"CALL", "rdup"};
        case message_type::cancel: return {"CANCEL", "rd"};
        case message_type::result: return {"RESULT", "rdp"};
        case message_type::register_: return {"REGISTER", "rdu"};
        case message_type::registered: return {"REGISTERED", "ri"};
        case message_type::unregister: return {"UNREGISTER", "ri"};
        case message_type::unregistered: return {"UNREGISTERED", "ro"};
        case message_type::invocation: return {"INVOCATION", "ridp"};
        case message_type::interrupt: return {"INTERRUPT", "rd"};
        case message_type::yield: return {"YIELD", "rdp"};
    }
    return {};
}

}  // namespace

std::string_view name(message_type t) noexcept
{
    return describe(t).name;
}

std::string_view layout(message_type t) noexcept
{
    return describe(t).layout;
}

std::uint64_t wire_code(message_type t) noexcept
{
    return t == message_type::event_received ? autobahn_event_received : static_cast<std::uint64_t>(t);
}

bool from_wire_code(std::uint64_t code, message_type& t) noexcept
{
    if (code == autobahn_event_received) {
        t = message_type::event_received;
        return true;
    }
    if (code > 0xff) {
        return false;
    }
    t = static_cast<message_type>(code);
    return !layout(t).empty();
}

}  // namespace cerro::wamp
