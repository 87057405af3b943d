#pragma once

/// @file
/// WAMP messages (wamp protocol, 2): one flat struct whose payload stays encoded, scanned from and written to
/// bytes.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>
#include <cerro/codec/value.hpp>

#include <cstdint>

namespace cerro::wamp {

using id = std::uint64_t;  ///< 1 .. 2^53; 0 = none

enum class message_type : std::uint8_t {
    hello = 1,
    welcome = 2,
    abort = 3,
    challenge = 4,
    authenticate = 5,
    goodbye = 6,
    error = 8,
    publish = 16,
    published = 17,
    subscribe = 32,
    subscribed = 33,
    unsubscribe = 34,
    unsubscribed = 35,
    event = 36,
    event_received = 37,
    call = 48,
    cancel = 49,
    result = 50,
    register_ = 64,
    registered = 65,
    unregister = 66,
    unregistered = 67,
    invocation = 68,
    interrupt = 69,
    yield = 70,
};

/// "PUBLISH", ...; "?" for a number that is none
[[nodiscard]] std::string_view name(message_type t) noexcept;

/// Encoded payload: `args` one encoded list, `kwargs` one encoded dict, each empty when absent.
/// Views into the scanned buffer: valid as long as that is.
struct payload_view {
    codec::serializer serializer = codec::serializer::json;
    byte_view args;
    byte_view kwargs;
};

/// One message. Which members a type uses (others keep their defaults):
///
/// | type | request | id2 | uri | text | details |
/// |---|---|---|---|---|---|
/// | HELLO | | | realm | | Details |
/// | WELCOME | | session | | | Details |
/// | ABORT, GOODBYE | | | reason | | Details |
/// | CHALLENGE | | | | authmethod | Extra |
/// | AUTHENTICATE | | | | signature | Extra |
/// | ERROR | request | request's type | error | | Details |
/// | PUBLISH, SUBSCRIBE, CALL, REGISTER | request | | topic or procedure | | Options |
/// | PUBLISHED, SUBSCRIBED, REGISTERED | request | publication, subscription, registration | | | |
/// | UNSUBSCRIBE, UNREGISTER | request | subscription, registration | | | |
/// | UNSUBSCRIBED, UNREGISTERED | request | | | | Details (only when request is 0) |
/// | EVENT | subscription | publication | | | Details |
/// | EVENT_RECEIVED | publication | | | | |
/// | CANCEL, INTERRUPT | request | | | | Options |
/// | RESULT, YIELD | request | | | | Details, Options |
/// | INVOCATION | request | registration | | | Details |
struct message {
    message_type type = message_type::hello;
    id request = 0;
    id id2 = 0;
    std::string uri;
    std::string text;
    dict details;
    payload_view payload;
};

/// Reads a message without decoding its payload; the payload is checked for well-formedness and limits.
///
/// @param input one complete message; the result's payload points into it
/// @return errc::malformed (what says which field), errc::limit_exceeded, errc::unsupported for an unknown
/// type
[[nodiscard]] result<message> scan(codec::serializer s, byte_view input, codec::limits const& lim = {});

/// Writes a message, payload included (transcoded if it is of another serializer), behind `out`.
/// @throws failure if a payload to be transcoded is not well-formed: scan() and class payload give none such
void write(codec::serializer s, message const& m, bytes& out);

/// A message ready for any transport: 4 octets big-endian length, then the message. That prefix is at once
/// the RawSocket header and the prefix of `.batched` binary WebSocket framing; plain WebSocket skips it.
[[nodiscard]] shared_bytes frame(codec::serializer s, message const& m);

/// The payload as values; missing parts are empty.
[[nodiscard]] result<list> decode_args(payload_view const& p, codec::limits const& lim = {});
[[nodiscard]] result<dict> decode_kwargs(payload_view const& p, codec::limits const& lim = {});

/// An owned, encoded payload. `view()` points into it.
class payload {
public:
    payload() = default;
    /// Encodes; an empty list with empty dict gives an empty payload, kwargs without args an empty list
    /// before them.
    payload(codec::serializer s, list const& args, dict const& kwargs);
    [[nodiscard]] payload_view view() const noexcept { return {serializer_, args_, kwargs_}; }

private:
    codec::serializer serializer_ = codec::serializer::json;
    bytes args_;
    bytes kwargs_;
};

}  // namespace cerro::wamp
