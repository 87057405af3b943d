#pragma once

// The frames that wait for one peer. Memory of an empty one is nothing but itself.

#include <cerro/base/bytes.hpp>

#include <boost/asio/buffer.hpp>

#include <vector>

namespace cerro::transport {

inline constexpr std::size_t gather_buffers = 64;
inline constexpr std::size_t gather_bytes = 256U * 1024U;

class outbox {
public:
    void push(shared_bytes frame)
    {
        pending_ += frame->size();
        frames_.push_back(std::move(frame));
    }
    [[nodiscard]] bool empty() const { return head_ == frames_.size(); }
    [[nodiscard]] std::size_t pending() const { return pending_; }
    [[nodiscard]] shared_bytes const& front() const { return frames_[head_]; }

    /// What the next write may take: up to gather_buffers frames, no further one once gather_bytes are
    /// reached.
    template <class Out>
    std::size_t gather(Out out) const
    {
        std::size_t bytes_now = 0;
        std::size_t i = head_;
        std::size_t skip = offset_;
        for (; i != frames_.size() && i - head_ < gather_buffers && bytes_now < gather_bytes; ++i) {
            *out++ = boost::asio::const_buffer(frames_[i]->data() + skip, frames_[i]->size() - skip);
            bytes_now += frames_[i]->size() - skip;
            skip = 0;
        }
        return i - head_;
    }

    /// n bytes of the gathered ones were written.
    void consume(std::size_t n)
    {
        pending_ -= n;
        while (n != 0) {
            std::size_t const left = frames_[head_]->size() - offset_;
            if (n < left) {
                offset_ += n;
                return;
            }
            n -= left;
            drop_front();
        }
        tidy();
    }
    /// The first n frames were written whole.
    void pop(std::size_t n)
    {
        for (; n != 0; --n) {
            pending_ -= frames_[head_]->size();
            drop_front();
        }
        tidy();
    }
    void clear()
    {
        frames_ = {};
        head_ = offset_ = pending_ = 0;
    }

private:
    void drop_front()
    {
        frames_[head_].reset();
        ++head_;
        offset_ = 0;
    }
    void tidy()
    {
        constexpr std::size_t keep = 256;
        if (empty()) {
            if (frames_.capacity() > keep) {
                frames_ = {};
            }
            frames_.clear();
            head_ = 0;
        } else if (head_ > keep && head_ > frames_.size() / 2) {
            frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }

    std::vector<shared_bytes> frames_;
    std::size_t head_ = 0;    // first frame not yet written whole
    std::size_t offset_ = 0;  // bytes of it that are written
    std::size_t pending_ = 0;
};

}  // namespace cerro::transport
