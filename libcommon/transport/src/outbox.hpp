#pragma once

// The octets that wait for one peer. Memory of an empty one is nothing but itself.

#include <cerro/base/bytes.hpp>

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <vector>

namespace cerro::transport {

inline constexpr std::size_t gather_buffers = 64;
inline constexpr std::size_t gather_bytes = 256U * 1024U;

class outbox {
public:
    /// A piece of shared octets.
    struct piece {
        shared_bytes owner;
        byte_view view;
        bool droppable = false;  ///< may be left out when the peer is slow
    };

    void push(shared_bytes frame, bool droppable = false)
    {
        byte_view const whole(*frame);
        push({std::move(frame), whole, droppable});
    }
    /// Ignores an empty piece: no write would ever take it away.
    void push(piece p)
    {
        if (p.view.empty()) {
            return;
        }
        pending_ += p.view.size();
        pieces_.push_back(std::move(p));
    }
    [[nodiscard]] bool empty() const { return pending_ == 0; }
    [[nodiscard]] std::size_t pending() const { return pending_; }
    /// Places taken, with those of pieces written or left out that are not tidied away yet.
    [[nodiscard]] std::size_t slots() const { return pieces_.size(); }

    /// What the next write may take: up to gather_buffers pieces, no further one once gather_bytes are
    /// reached.
    template <class Out>
    std::size_t gather(Out out)
    {
        std::size_t bytes_now = 0;
        std::size_t count = 0;
        std::size_t i = head_;
        for (; i != pieces_.size() && count < gather_buffers && bytes_now < gather_bytes; ++i) {
            auto const& view = pieces_[i].view;
            if (!view.empty()) {
                *out++ = boost::asio::const_buffer(view.data(), view.size());
                bytes_now += view.size();
                ++count;
            }
        }
        gathered_ = i;
        return count;
    }

    /// n bytes of the gathered ones were written.
    void consume(std::size_t n)
    {
        pending_ -= n;
        while (n != 0) {
            auto& view = pieces_[head_].view;
            if (n < view.size()) {
                view.remove_prefix(n);
                pieces_[head_].droppable = false;  // its beginning is on the wire
                return;
            }
            n -= view.size();
            pieces_[head_++].owner.reset();
        }
        tidy();
    }

    /// Takes the first piece, whole or what is left of it.
    [[nodiscard]] piece take()
    {
        while (pieces_[head_].view.empty()) {
            ++head_;
        }
        piece p = std::move(pieces_[head_++]);
        pending_ -= p.view.size();
        tidy();
        return p;
    }

    /// Leaves out droppable pieces, the oldest first, until `needed` bytes are free below `limit` or none is
    /// left. Spares what a write that is under way may hold (`writing`).
    /// @return how many were left out
    std::size_t drop_oldest(std::size_t needed, std::size_t limit, bool writing)
    {
        std::size_t dropped = 0;
        std::size_t i = std::max({head_, searched_, writing ? gathered_ : 0});
        for (; i < pieces_.size() && pending_ + needed > limit; ++i) {
            auto& p = pieces_[i];
            if (p.droppable && !p.view.empty()) {
                pending_ -= p.view.size();
                p = {};
                ++dropped;
                ++holes_;
            }
        }
        searched_ = i;
        if (holes_ > keep && holes_ > (pieces_.size() - head_) / 2) {
            close_holes(writing);
        }
        return dropped;
    }

    void clear()
    {
        pieces_ = {};
        head_ = pending_ = gathered_ = searched_ = holes_ = 0;
    }

private:
    static constexpr std::size_t keep = 256;

    void tidy()
    {
        if (empty()) {
            if (pieces_.capacity() > keep) {
                pieces_ = {};
            }
            pieces_.clear();
            head_ = gathered_ = searched_ = holes_ = 0;
        } else if (head_ > keep && head_ > pieces_.size() / 2) {
            pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
            gathered_ -= std::min(gathered_, head_);
            searched_ -= std::min(searched_, head_);
            head_ = 0;
        }
    }

    /// Holes in the gathered part stay: a write counts in pieces from the head.
    void close_holes(bool writing)
    {
        auto const at = [this](std::size_t i) { return pieces_.begin() + static_cast<std::ptrdiff_t>(i); };
        std::size_t const from = std::max(head_, writing ? gathered_ : 0);
        pieces_.erase(std::remove_if(at(from), pieces_.end(), [](piece const& p) { return p.view.empty(); }),
                      pieces_.end());
        searched_ =
            from;  // what was searched and stays cannot be dropped, but its place is not known any more
        holes_ = 0;
    }

    std::vector<piece> pieces_;
    std::size_t head_ = 0;  // first piece not yet written whole
    std::size_t pending_ = 0;
    std::size_t gathered_ = 0;  // end of the pieces that the last gather() gave out
    std::size_t searched_ = 0;  // nothing before it can be dropped
    std::size_t holes_ = 0;     // pieces left out, kept as empty ones until they are many
};

}  // namespace cerro::transport
