#pragma once

// What a WebSocket server reads from its client (RFC 6455, 5 to 7): frames to messages. No I/O.

#include "deflate.hpp"
#include "websocket_frame.hpp"

#include <cstdint>
#include <string>

namespace cerro::transport {

/// Codes of close frames (RFC 6455, 7.4.1).
enum class close_code : std::uint16_t {
    none = 0,
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    no_code = 1005,  ///< never travels: a close frame without one came
    bad_payload = 1007,
    policy = 1008,
    too_big = 1009,
    internal = 1011,
};

class websocket_decoder {
public:
    struct rules {
        bool text = false;            ///< the kind of message that the subprotocol has
        std::size_t max_message = 0;  ///< after fragments and inflation [bytes]
        std::size_t max_frame = 0;    ///< as it comes [bytes]
        bool require_mask = true;
        bool validate_utf8 = true;
    };

    enum class kind : std::uint8_t {
        more,       ///< the octets end within a frame
        nothing,    ///< a frame was taken that is not the last of its message
        message,    ///< whole, in the octets given
        assembled,  ///< whole, in memory of the decoder: valid until the next call
        ping,
        pong,
        close,
        fault,  ///< the connection must end with `code`
    };
    struct event {
        kind what = kind::more;
        std::size_t consumed = 0;  ///< of the octets given; they belong to the event's frame
        byte_view data;            ///< message, or payload of a control frame (of close: the reason)
        close_code code = close_code::none;
        std::string text;  ///< fault: what is wrong
    };

    websocket_decoder(rules r, std::optional<deflate_agreement> const& deflate) : rules_(r)
    {
        if (deflate) {
            inflater_ = std::make_unique<inflater>(*deflate);
        }
    }

    /// Takes the frame at the front of `in`, unmasking it in place. After close or fault nothing more may be
    /// given.
    [[nodiscard]] event next(char* in, std::size_t size);

private:
    event on_data(frame_head const& head, char* payload);
    event on_control(frame_head const& head, char* payload);
    [[nodiscard]] event judge(frame_head const& head) const;
    event take(frame_head const& head, byte_view payload, bool ascii);

    rules rules_;
    std::unique_ptr<inflater> inflater_;
    bool within_ = false;      // a message was begun and not ended
    bool compressed_ = false;  // that message
    bool ascii_ = true;        // all of it so far
    bool done_ = false;        // assembled_ was handed out
    bytes assembled_;          // the message that was begun
};

}  // namespace cerro::transport
