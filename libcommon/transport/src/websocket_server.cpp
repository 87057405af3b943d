#include "websocket_server.hpp"

#include "byte_channel.hpp"
#include "websocket_decoder.hpp"
#include "websocket_encoder.hpp"

#include <algorithm>

namespace cerro::transport {

namespace {

constexpr std::size_t prefix_size = 4;  // the length before each frame of wamp::frame()
/// Inflated octets that one turn of the loop may bring before others have theirs.
constexpr std::size_t inflated_in_a_turn = 1024U * 1024U;
constexpr std::size_t most_close_reason = most_control_payload - 2;

websocket_decoder::rules rules_of(websocket_terms const& terms,
                                  limits const& lim,
                                  websocket_options const& options)
{
    websocket_decoder::rules r;
    r.text = terms.protocol.text();
    // A batch may hold several messages; what peers gather beyond one largest message is small.
    r.max_message = lim.max_message + (terms.protocol.batched ? gather_bytes + prefix_size : 0);
    r.max_frame = std::min(options.max_frame.value_or(r.max_message), r.max_message);
    r.require_mask = options.require_mask;
    r.validate_utf8 = options.validate_utf8;
    return r;
}

class websocket_channel final : public byte_channel {
    using kind = websocket_decoder::kind;

public:
    websocket_channel(std::shared_ptr<io_stream> s,
                      channel_info info,
                      limits const& lim,
                      websocket_options const& options,
                      websocket_terms const& terms,
                      bytes rest)
        : byte_channel(std::move(s), std::move(info), lim, true, std::move(rest)),
          close_timeout_(options.close_timeout),
          ping_size_(options.ping_size),
          fail_by_drop_(options.fail_by_drop),
          echo_close_(options.echo_close),
          protocol_(terms.protocol),
          decoder_(rules_of(terms, lim, options), terms.deflate),
          encoder_(terms.protocol, terms.deflate, options.fragment.value_or(0))
    {
        if (!options.any_traffic_is_life) {
            only_pongs_count();
        }
    }

    bool send(shared_bytes frame, bool droppable) override
    {
        if (current() != state::open || frame->size() - prefix_size > info_.max_outgoing) {
            return false;
        }
        auto const room = make_room(queue_, out_.pending(), frame->size(), droppable, false);
        if (room != slow_peer::verdict::take) {
            return room == slow_peer::verdict::leave_out;
        }
        queue_.push(encoder_.piece_of(std::move(frame), droppable));
        queued();
        return current() == state::open;
    }

    std::size_t pending_bytes() const override { return queue_.pending() + out_.pending(); }

private:
    // Reading

    void on_octets() override
    {
        auto messages = take_batch();
        std::size_t inflated = 0;
        while (current() == state::open) {
            auto const e = decoder_.next(unread(), unread_size());
            consume(e.consumed);
            if (e.what == kind::more) {
                break;
            }
            if (e.what == kind::message || e.what == kind::assembled) {
                take_message(e.data, messages);
            }
            if (e.what == kind::assembled) {
                // Its memory is the decoder's, which the next message wants.
                hand_over(messages);
                messages.clear();
                inflated += e.data.size();
                if (inflated > inflated_in_a_turn) {
                    rest();
                    break;
                }
            } else if (e.what == kind::close || e.what == kind::fault) {
                hand_over(messages);
                messages.clear();
                if (e.what == kind::close) {
                    on_close(e);
                } else {
                    fail_with(e.code, e.text);
                }
            } else {
                on_control(e);
            }
        }
        hand_over(messages);
        give_back(std::move(messages));
    }

    void take_message(byte_view whole, std::vector<byte_view>& messages)
    {
        auto const cut = split_batch(protocol_, whole, lim().max_message, messages, separator_);
        if (!cut) {
            hand_over(messages);
            messages.clear();
            bool const big = cut.error().code == errc::limit_exceeded;
            fail_with(big ? close_code::too_big : close_code::protocol_error, cut.error().what);
        }
    }

    void on_control(websocket_decoder::event const& e)
    {
        if (e.what == kind::ping && current() == state::open) {
            enqueue(control(opcode::pong, e.data), false);
        } else if (e.what == kind::pong) {
            heard();
        }
    }

    /// Only the peer's close frame is of interest any more.
    void on_late_octets() override
    {
        while (!close_received_ && !lost_) {
            auto const e = decoder_.next(unread(), unread_size());
            consume(e.consumed);
            if (e.what == kind::more) {
                return;
            }
            close_received_ = e.what == kind::close;
            lost_ = e.what == kind::fault;
        }
        consume_all();
        if (close_received_ && current() == state::lingering) {
            below()->shutdown_send();  // both have said their last word
        }
    }

    // The end

    void on_close(websocket_decoder::event const& e)
    {
        close_received_ = true;
        std::string text = "close code " + std::to_string(static_cast<unsigned>(e.code));
        if (!e.data.empty()) {
            text += ": " + std::string(e.data);
        }
        bool const echo = echo_close_ && e.code != close_code::no_code;
        code_ = echo ? e.code : close_code::normal;
        said_ = echo ? std::string(e.data) : std::string();
        queue_.clear();  // it does not read any more
        close(close_reason::closed_by_peer, std::move(text), true);
    }

    void fail_with(close_code code, std::string text)
    {
        if (current() != state::open) {
            return;
        }
        lost_ = true;
        code_ = code;
        said_ = text.substr(0, most_close_reason);
        auto const why =
            code == close_code::too_big ? close_reason::message_too_big : close_reason::protocol_error;
        close(why, std::move(text), !fail_by_drop_);
    }

    bool say_goodbye() override
    {
        if (code_ == close_code::none) {
            code_ = reason() == close_reason::protocol_error    ? close_code::protocol_error
                    : reason() == close_reason::message_too_big ? close_code::too_big
                    : reason() == close_reason::shutdown        ? close_code::going_away
                                                                : close_code::normal;
        }
        auto const number = static_cast<unsigned>(code_);
        std::string const payload{static_cast<char>(number >> 8U), static_cast<char>(number & 0xFFU)};
        out_.push(control(opcode::close, payload + said_));
        return true;
    }

    std::chrono::milliseconds linger_time() const override { return close_timeout_; }
    /// The side that closes the connection is the server, but not before the client had its say.
    bool half_closes() const override { return close_received_ || lost_; }

    // Writing

    void fill() override
    {
        if (!queue_.empty() && !encoder_.encode(queue_, out_, separator_.value_or(separator_reference))) {
            close(close_reason::connection_lost, "no memory to compress", false);
        }
    }

    void send_ping() override
    {
        bytes payload = std::to_string(++pings_sent_);
        payload.resize(ping_size_, ' ');
        enqueue(control(opcode::ping, payload), false);
    }

    static shared_bytes control(opcode op, byte_view payload)
    {
        auto frame = std::make_shared<bytes>();
        append_frame_head(*frame, op, payload.size());
        frame->append(payload);
        return frame;
    }

    std::chrono::milliseconds close_timeout_;
    std::size_t ping_size_;
    bool fail_by_drop_;
    bool echo_close_;
    subprotocol protocol_;
    websocket_decoder decoder_;
    websocket_encoder encoder_;
    std::optional<char> separator_;
    bool close_received_ = false;
    bool lost_ = false;  // nobody knows any more where a frame begins
    close_code code_ = close_code::none;
    std::string said_;
    std::uint64_t pings_sent_ = 0;
    outbox queue_;  // messages not yet encoded
};

}  // namespace

std::shared_ptr<channel> make_websocket_server_channel(std::shared_ptr<io_stream> s,
                                                       channel_info info,
                                                       limits const& lim,
                                                       websocket_options const& options,
                                                       websocket_terms const& terms,
                                                       bytes rest)
{
    return std::make_shared<websocket_channel>(
        std::move(s), std::move(info), lim, options, terms, std::move(rest));
}

}  // namespace cerro::transport
