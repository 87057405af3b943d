#pragma once

// The octets that wait for one peer. Memory of an empty one is nothing but itself.

#include <cerro/base/bytes.hpp>

#include <boost/asio/buffer.hpp>

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
    };

    void push(shared_bytes frame)
    {
        byte_view const whole(*frame);
        push({std::move(frame), whole});
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
    [[nodiscard]] bool empty() const { return head_ == pieces_.size(); }
    [[nodiscard]] std::size_t pending() const { return pending_; }

    /// What the next write may take: up to gather_buffers pieces, no further one once gather_bytes are
    /// reached.
    template <class Out>
    std::size_t gather(Out out) const
    {
        std::size_t bytes_now = 0;
        std::size_t i = head_;
        for (; i != pieces_.size() && i - head_ < gather_buffers && bytes_now < gather_bytes; ++i) {
            auto const& view = pieces_[i].view;
            *out++ = boost::asio::const_buffer(view.data(), view.size());
            bytes_now += view.size();
        }
        return i - head_;
    }

    /// n bytes of the gathered ones were written.
    void consume(std::size_t n)
    {
        pending_ -= n;
        while (n != 0) {
            auto& view = pieces_[head_].view;
            if (n < view.size()) {
                view.remove_prefix(n);
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
        piece p = std::move(pieces_[head_++]);
        pending_ -= p.view.size();
        tidy();
        return p;
    }

    void clear()
    {
        pieces_ = {};
        head_ = pending_ = 0;
    }

private:
    void tidy()
    {
        constexpr std::size_t keep = 256;
        if (empty()) {
            if (pieces_.capacity() > keep) {
                pieces_ = {};
            }
            pieces_.clear();
            head_ = 0;
        } else if (head_ > keep && head_ > pieces_.size() / 2) {
            pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }

    std::vector<piece> pieces_;
    std::size_t head_ = 0;  // first piece not yet written whole
    std::size_t pending_ = 0;
};

}  // namespace cerro::transport
