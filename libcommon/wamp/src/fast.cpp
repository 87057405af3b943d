#include "assemble.hpp"
#include "layout.hpp"
#include <cerro/wamp/fast.hpp>

#include <initializer_list>

namespace cerro::wamp {

namespace {

/// [type, ids..., details, (uri,) args, kwargs]
shared_bytes assemble(codec::serializer s,
                      message_type type,
                      std::initializer_list<std::uint64_t> ids,
                      dict const& details,
                      std::string_view const* uri,
                      payload_view const& p)
{
    payload_parts const payload(s, p);
    // 40: type, ids, empty details and the list's head in JSON
    frame_builder builder(40 + ids.size() * 10 + (uri != nullptr ? uri->size() + 5 : 0) + payload.size() +
                          details.size() * 48);
    codec::list_writer list(s, builder.out(), 2 + ids.size() + (uri != nullptr ? 1 : 0) + payload.count());
    list.add_unsigned(wire_code(type));
    for (auto const number : ids) {
        list.add_unsigned(number);
    }
    list.add_dict(details);
    if (uri != nullptr) {
        list.add_text(*uri);
    }
    payload.add_to(list);
    list.finish();
    return builder.finish();
}

}  // namespace

shared_bytes frame_event(
    codec::serializer s, id subscription, id publication, dict const& details, payload_view const& p)
{
    return assemble(s, message_type::event, {subscription, publication}, details, nullptr, p);
}

shared_bytes frame_invocation(
    codec::serializer s, id request, id registration, dict const& details, payload_view const& p)
{
    return assemble(s, message_type::invocation, {request, registration}, details, nullptr, p);
}

shared_bytes frame_result(codec::serializer s, id request, dict const& details, payload_view const& p)
{
    return assemble(s, message_type::result, {request}, details, nullptr, p);
}

shared_bytes frame_error(codec::serializer s,
                         message_type request_type,
                         id request,
                         dict const& details,
                         std::string_view error_uri,
                         payload_view const& p)
{
    return assemble(
        s, message_type::error, {static_cast<std::uint64_t>(request_type), request}, details, &error_uri, p);
}

}  // namespace cerro::wamp
