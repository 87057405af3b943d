#include "websocket_encoder.hpp"

#include <algorithm>
#include <array>

namespace cerro::transport {

namespace {

constexpr std::size_t prefix_size = 4;  // the length before each frame of wamp::frame()
/// Shorter messages are copied behind their heads: one piece of a gathered write costs more than that.
constexpr std::size_t copied_below = 512;
/// Shorter messages do not get shorter by compression.
constexpr std::size_t compressed_from = 64;
constexpr std::size_t spare_capacity = 2 * gather_bytes;

/// The octets of the latest write of this thread, for the next one when nobody holds them any more.
std::shared_ptr<bytes>& spare()
{
    static thread_local std::shared_ptr<bytes> octets;
    return octets;
}

std::shared_ptr<bytes> fresh_octets()
{
    auto& kept = spare();
    if (!kept || kept.use_count() != 1 || kept->capacity() > spare_capacity) {
        kept = std::make_shared<bytes>();
    }
    kept->clear();
    return kept;
}

}  // namespace

/// Collects heads and short messages in one string and puts it, in pieces, between the long messages.
class websocket_encoder::writer {
public:
    /// @param room octets of all heads and short messages together, at most: the views must stay valid
    writer(outbox& o, std::size_t room, std::size_t fragment)
        : out_(o), octets_(fresh_octets()), fragment_(fragment)
    {
        octets_->reserve(room);
    }
    writer(writer const&) = delete;
    writer& operator=(writer const&) = delete;
    ~writer() { cut(); }

    /// `length` octets follow, in any number of put().
    void begin_message(opcode op, std::size_t length, bool compressed)
    {
        op_ = op;
        compressed_ = compressed;
        message_left_ = length;
        begin_frame();
    }
    void put(shared_bytes const& owner, byte_view view)
    {
        while (!view.empty()) {
            if (frame_left_ == 0) {
                begin_frame();
            }
            auto const part = view.substr(0, frame_left_);
            view.remove_prefix(part.size());
            frame_left_ -= part.size();
            message_left_ -= part.size();
            if (part.size() < copied_below) {
                octets_->append(part);
            } else {
                cut();
                out_.push({owner, part});
            }
        }
    }

private:
    void begin_frame()
    {
        frame_left_ = fragment_ == 0 ? message_left_ : std::min(message_left_, fragment_);
        append_fragment_head(*octets_, op_, frame_left_ == message_left_, frame_left_, compressed_);
        op_ = opcode::continuation;
        compressed_ = false;
    }
    void cut()
    {
        if (octets_->size() != begin_) {
            out_.push({octets_, byte_view(*octets_).substr(begin_)});
            begin_ = octets_->size();
        }
    }

    outbox& out_;
    std::shared_ptr<bytes> octets_;
    std::size_t fragment_;
    std::size_t begin_ = 0;
    std::size_t frame_left_ = 0;
    std::size_t message_left_ = 0;
    opcode op_ = opcode::text;
    bool compressed_ = false;
};

outbox::piece websocket_encoder::piece_of(shared_bytes frame, bool droppable) const
{
    byte_view view(*frame);
    if (protocol_.text() || !protocol_.batched) {
        view.remove_prefix(prefix_size);
    }
    return {std::move(frame), view, droppable};
}

std::size_t websocket_encoder::room_for(std::vector<outbox::piece> const& batch, std::size_t total) const
{
    std::size_t room = most_frame_head;
    for (auto const& p : batch) {
        bool const whole = fragment_ == 0 && !deflater_;
        room += most_frame_head + 1 + (whole ? std::min(p.view.size(), copied_below) : 2 * copied_below);
    }
    if (fragment_ != 0) {
        room += total / fragment_ * most_frame_head + (fragment_ < copied_below ? total : 0);
    }
    return room;
}

bool websocket_encoder::encode(outbox& queue, outbox& out, char separator)
{
    static thread_local std::vector<outbox::piece> batch;
    batch.clear();
    std::size_t const separators = protocol_.batched && protocol_.text() ? 1 : 0;
    std::size_t total = 0;
    while (!queue.empty() && batch.size() < gather_buffers && total < gather_bytes) {
        batch.push_back(queue.take());
        total += batch.back().view.size() + separators;
    }
    bool made = true;
    {
        writer w(out, room_for(batch, total), fragment_);
        byte_view const end(&separator, separators);
        if (deflater_) {
            made = compress(batch, end, w);
        } else if (protocol_.batched) {
            w.begin_message(op(), total, false);
            for (auto const& p : batch) {
                w.put(p.owner, p.view);
                w.put(nullptr, end);
            }
        } else {
            for (auto const& p : batch) {
                w.begin_message(op(), p.view.size(), false);
                w.put(p.owner, p.view);
            }
        }
    }
    batch.clear();
    return made;
}

bool websocket_encoder::compress(std::vector<outbox::piece> const& batch, byte_view end, writer& w)
{
    static thread_local bytes made;
    for (std::size_t i = 0; i != batch.size();) {
        // A message is one of the batch, or all of it.
        std::size_t const stop = protocol_.batched ? batch.size() : i + 1;
        if (stop == i + 1 && batch[i].view.size() < compressed_from) {
            w.begin_message(op(), batch[i].view.size() + end.size(), false);
            w.put(batch[i].owner, batch[i].view);
            w.put(nullptr, end);
            i = stop;
            continue;
        }
        made.clear();
        for (; i != stop; ++i) {
            if (!deflater_->add(batch[i].view, made) || !deflater_->add(end, made)) {
                return false;
            }
        }
        if (!deflater_->finish(made)) {
            return false;
        }
        w.begin_message(op(), made.size(), true);
        if (made.size() < copied_below) {
            w.put(nullptr, made);
        } else {
            auto const owner = std::make_shared<bytes const>(made);
            w.put(owner, *owner);
        }
    }
    if (made.capacity() > spare_capacity) {
        made = {};
    }
    return true;
}

}  // namespace cerro::transport
