#pragma once

// WebSocket subprotocols (wamp protocol, 4.2) and the batches of the .batched ones: pure functions, no I/O.

#include <cerro/base/bytes.hpp>
#include <cerro/base/result.hpp>
#include <cerro/codec/codec.hpp>

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cerro::transport {

struct subprotocol {
    codec::serializer serializer = codec::serializer::json;
    bool batched = false;
    [[nodiscard]] bool text() const { return serializer == codec::serializer::json; }
};

/// "wamp.2.cbor.batched" and the five others; nothing for any other name.
[[nodiscard]] std::optional<subprotocol> parse_subprotocol(std::string_view name);
[[nodiscard]] std::string name(subprotocol p);

/// The elements of a comma-separated header value, trimmed, in order.
[[nodiscard]] std::vector<std::string_view> split_header_list(std::string_view value);
/// The first of the client's offer that a server with these abilities knows.
[[nodiscard]] std::optional<subprotocol> choose_subprotocol(std::string_view offer,
                                                            std::span<codec::serializer const> known,
                                                            bool batched);

/// The separators of batched JSON: the reference implementation writes 0x18, the specification says 0x1E.
inline constexpr char separator_reference = '\x18';
inline constexpr char separator_specification = '\x1E';

/// Cuts one WebSocket message into WAMP messages, appended to `out` as views into it.
/// @param separator set to the separator that a batched JSON message used
[[nodiscard]] result<void> split_batch(subprotocol p,
                                       byte_view message,
                                       std::size_t max_message,
                                       std::vector<byte_view>& out,
                                       std::optional<char>& separator);

}  // namespace cerro::transport
