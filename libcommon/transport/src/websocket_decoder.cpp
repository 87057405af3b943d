#include "websocket_decoder.hpp"

#include <cerro/codec/utf8.hpp>

namespace cerro::transport {

namespace {

constexpr std::size_t kept_capacity = 4U * 1024U;  // of the memory for a message in pieces

websocket_decoder::event fault(close_code code, std::string text)
{
    websocket_decoder::event e;
    e.what = websocket_decoder::kind::fault;
    e.code = code;
    e.text = std::move(text);
    return e;
}

std::string above(char const* what, std::uint64_t size, std::size_t limit)
{
    return std::string(what) + " of " + std::to_string(size) + " bytes; the limit is " +
           std::to_string(limit);
}

}  // namespace

websocket_decoder::event websocket_decoder::next(char* in, std::size_t size)
{
    if (done_) {
        done_ = false;
        if (assembled_.capacity() > kept_capacity) {
            assembled_ = {};
        }
        assembled_.clear();
    }
    frame_head head;
    if (char const* const wrong = read_frame_head({in, size}, head)) {
        return fault(close_code::protocol_error, wrong);
    }
    if (size >= 2) {
        // Judged as soon as possible: a length alone costs nothing.
        auto verdict = judge(head);
        if (verdict.what == kind::fault) {
            return verdict;
        }
    }
    if (head.size == 0) {
        return {};
    }
    if (head.length > size - head.size) {
        return {};
    }
    char* const payload = in + head.size;
    auto e = is_control(head.op) ? on_control(head, payload) : on_data(head, payload);
    e.consumed = head.size + static_cast<std::size_t>(head.length);
    return e;
}

websocket_decoder::event websocket_decoder::judge(frame_head const& head) const
{
    if (rules_.require_mask && !head.masked) {
        return fault(close_code::protocol_error, "a client's frame is not masked");
    }
    if (is_control(head.op)) {
        return {};
    }
    if ((head.op == opcode::continuation) != within_) {
        return fault(close_code::protocol_error,
                     within_ ? "a message begins within another one" : "a continuation of no message");
    }
    if (head.compressed && (!inflater_ || within_)) {
        return fault(close_code::protocol_error, "reserved bits are set in a frame");
    }
    if (!within_ && (head.op == opcode::text) != rules_.text) {
        return fault(close_code::protocol_error,
                     head.op == opcode::text ? "a text message under a binary subprotocol"
                                             : "a binary message under a text subprotocol");
    }
    if (head.size == 0) {
        return {};
    }
    if (head.length > rules_.max_frame) {
        return fault(close_code::too_big, above("a frame", head.length, rules_.max_frame));
    }
    // Of a compressed frame this bounds what comes; inflation has the same bound for the message.
    bool const compressed = within_ ? compressed_ : head.compressed;
    std::size_t const before = within_ && !compressed ? assembled_.size() : 0;
    if (head.length > rules_.max_message - before) {
        return fault(close_code::too_big, above("a message", before + head.length, rules_.max_message));
    }
    return {};
}

websocket_decoder::event websocket_decoder::on_data(frame_head const& head, char* payload)
{
    auto const length = static_cast<std::size_t>(head.length);
    bool const ascii = head.masked ? mask(payload, length, head.key) : false;
    if (!within_) {
        within_ = true;
        compressed_ = head.compressed;
        ascii_ = true;
    }
    return take(head, {payload, length}, ascii);
}

websocket_decoder::event websocket_decoder::take(frame_head const& head, byte_view payload, bool ascii)
{
    bool const in_place = head.last && !compressed_ && head.op != opcode::continuation;
    event e;
    e.what = kind::nothing;
    if (compressed_) {
        ascii_ = false;
        auto outcome = inflater_->add(payload, assembled_, rules_.max_message);
        if (outcome == inflater::outcome::ok && head.last) {
            outcome = inflater_->finish(assembled_, rules_.max_message);
        }
        if (outcome == inflater::outcome::too_big) {
            return fault(
                close_code::too_big,
                "a compressed message is longer than " + std::to_string(rules_.max_message) + " bytes");
        }
        if (outcome == inflater::outcome::corrupt) {
            return fault(close_code::bad_payload, "a compressed message cannot be inflated");
        }
    } else if (!in_place) {
        ascii_ = ascii_ && ascii;
        assembled_.append(payload);
    } else {
        ascii_ = ascii;
    }
    if (!head.last) {
        return e;
    }
    within_ = false;
    e.what = in_place ? kind::message : kind::assembled;
    e.data = in_place ? payload : byte_view(assembled_);
    done_ = !in_place;
    if (rules_.text && rules_.validate_utf8 && !ascii_ && !codec::valid_utf8(e.data)) {
        return fault(close_code::bad_payload, "a text message is not UTF-8");
    }
    return e;
}

websocket_decoder::event websocket_decoder::on_control(frame_head const& head, char* payload)
{
    auto const length = static_cast<std::size_t>(head.length);
    if (head.masked) {
        mask(payload, length, head.key);
    }
    event e;
    e.data = {payload, length};
    if (head.op != opcode::close) {
        e.what = head.op == opcode::ping ? kind::ping : kind::pong;
        return e;
    }
    e.what = kind::close;
    e.code = close_code::no_code;
    if (length == 1) {
        return fault(close_code::protocol_error, "a close frame with half a code");
    }
    if (length >= 2) {
        auto const octet = [payload](int i) { return unsigned{static_cast<unsigned char>(payload[i])}; };
        unsigned const code = octet(0) << 8U | octet(1);
        if (!valid_close_code(code)) {
            return fault(close_code::protocol_error, "close code " + std::to_string(code));
        }
        e.code = static_cast<close_code>(code);
        e.data.remove_prefix(2);
        if (!codec::valid_utf8(e.data)) {
            return fault(close_code::bad_payload, "the reason of a close frame is not UTF-8");
        }
    }
    return e;
}

}  // namespace cerro::transport
