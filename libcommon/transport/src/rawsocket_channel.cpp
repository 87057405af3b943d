#include "rawsocket_channel.hpp"

#include "byte_channel.hpp"
#include "rawsocket_frame.hpp"

namespace cerro::transport {

namespace {

using rawsocket::frame_type;

class rawsocket_channel final : public byte_channel {
public:
    rawsocket_channel(std::shared_ptr<io_stream> s, channel_info info, limits lim, bytes rest)
        : byte_channel(std::move(s), std::move(info), lim, false, std::move(rest)),
          receive_limit_(rawsocket_receive_limit(lim))
    {}

    bool send(shared_bytes frame, bool droppable) override
    {
        if (current() != state::open || frame->size() - rawsocket::header_size > info_.max_outgoing) {
            return false;
        }
        return enqueue(std::move(frame), droppable);
    }

    void ping_peer() override
    {
        if (current() == state::open && !pings()) {
            send_ping();
            start_pinging();
        }
    }

private:
    /// Hands over all complete messages in the buffer.
    void on_octets() override
    {
        auto messages = take_batch();
        auto problem_found = close_reason::none;
        std::string problem_text;
        while (unread_size() >= rawsocket::header_size) {
            auto const header = rawsocket::parse_header(unread());
            if (!header) {
                problem_found = close_reason::protocol_error;
                problem_text = "reserved bits or type in a RawSocket frame header";
                break;
            }
            if (header->length > receive_limit_) {
                problem_found = close_reason::message_too_big;
                problem_text = "a frame of " + std::to_string(header->length) + " bytes; the limit is " +
                               std::to_string(receive_limit_);
                break;
            }
            if (unread_size() - rawsocket::header_size < header->length) {
                break;
            }
            byte_view const body(unread() + rawsocket::header_size, header->length);
            consume(rawsocket::header_size + header->length);
            if (header->type == frame_type::message) {
                messages.push_back(body);
            } else if (header->type == frame_type::ping) {
                answer_ping(body);
            }
        }
        hand_over(messages);
        give_back(std::move(messages));
        if (problem_found != close_reason::none) {
            close(problem_found, std::move(problem_text), true);
        }
    }

    void answer_ping(byte_view payload)
    {
        if (current() != state::open) {
            return;
        }
        enqueue(control(frame_type::pong, payload), false);
        if (!pings()) {
            start_pinging();  // who pings can be pinged
        }
    }

    void send_ping() override { enqueue(control(frame_type::ping, "cerro"), false); }

    static shared_bytes control(frame_type type, byte_view payload)
    {
        auto const head = rawsocket::make_header(type, payload.size());
        auto frame = std::make_shared<bytes>(head.data(), head.size());
        frame->append(payload);
        return frame;
    }

    std::size_t receive_limit_;
};

}  // namespace

std::size_t rawsocket_receive_limit(limits const& lim)
{
    return rawsocket::size_of(rawsocket::exponent_for(lim.max_message));
}

std::shared_ptr<channel> make_rawsocket_channel(std::shared_ptr<io_stream> s,
                                                channel_info info,
                                                limits lim,
                                                bytes rest)
{
    return std::make_shared<rawsocket_channel>(std::move(s), std::move(info), lim, std::move(rest));
}

}  // namespace cerro::transport
