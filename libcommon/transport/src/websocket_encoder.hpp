#pragma once

// What a WebSocket server writes to its client: messages to frames. No I/O.

#include "deflate.hpp"
#include "outbox.hpp"
#include "subprotocol.hpp"
#include "websocket_frame.hpp"

namespace cerro::transport {

class websocket_encoder {
public:
    /// @param fragment longest frame of a message in several [bytes]; 0: messages are never cut
    websocket_encoder(subprotocol p, std::optional<deflate_agreement> const& deflate, std::size_t fragment)
        : protocol_(p), fragment_(fragment)
    {
        if (deflate) {
            deflater_ = std::make_unique<deflater>(*deflate);
        }
    }

    /// The piece of a frame made by wamp::frame() that goes on this wire.
    [[nodiscard]] outbox::piece piece_of(shared_bytes frame, bool droppable) const;

    /// Moves what one write may take from `queue`, as frames, to `out`. Long messages are not copied.
    /// @param separator of batched JSON
    /// @return false: no memory to compress
    [[nodiscard]] bool encode(outbox& queue, outbox& out, char separator);

private:
    class writer;
    [[nodiscard]] std::size_t room_for(std::vector<outbox::piece> const& batch, std::size_t total) const;
    [[nodiscard]] bool compress(std::vector<outbox::piece> const& batch, byte_view end, writer& w);
    [[nodiscard]] opcode op() const { return protocol_.text() ? opcode::text : opcode::binary; }

    subprotocol protocol_;
    std::size_t fragment_;
    std::unique_ptr<deflater> deflater_;
};

}  // namespace cerro::transport
