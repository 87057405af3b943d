#include "byte_channel.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cstring>

namespace cerro::transport {

namespace {

// A read buffer begins small, since most of ten thousand sessions are idle, and grows for those that talk.
constexpr std::size_t smallest_buffer = 512;  // a usual HELLO fits
constexpr std::size_t usual_buffer = 64U * 1024U;
constexpr int small_reads_before_shrinking = 16;
constexpr int writes_in_a_turn = 8;  // of up to gather_bytes each, before others have their turn
constexpr std::chrono::milliseconds usual_linger_time{1'000};

std::vector<byte_view>& spare_batch()
{
    static thread_local std::vector<byte_view> batch;
    return batch;
}

}  // namespace

byte_channel::byte_channel(
    std::shared_ptr<io_stream> s, channel_info info, limits lim, bool pings, bytes rest)
    : info_(std::move(info)),
      stream_(std::move(s)),
      limits_(std::move(lim)),
      pings_(pings),
      timer_(stream_->io()),
      buffer_(std::move(rest)),
      end_(buffer_.size())
{
    stream_->set_dead_peer_timeout(limits_.ping_timeout);
}

void byte_channel::start(std::shared_ptr<channel_events> events)
{
    events_ = std::move(events);
    if (state_ != state::open) {
        notify();
        return;
    }
    last_heard_ = last_ping_ = clock::now();
    if (pings_) {
        arm(last_heard_ + limits_.ping_interval);
    }
    if (end_ != 0) {
        rest();
    } else {
        read();
    }
}

void byte_channel::close(close_reason why, std::string detail, bool flush_first)
{
    if (state_ == state::open) {
        reason_ = why;
        detail_ = std::move(detail);
        if (flush_first) {
            state_ = state::flushing;
            give_up_at_ = clock::now() + limits_.write_deadline;
            arm(give_up_at_);
            post_flush();
        } else {
            end();
        }
    } else if (state_ == state::flushing && !flush_first) {
        end();
    }
}

// Reading

void byte_channel::read()
{
    if (state_ == state::closed) {
        return;
    }
    make_buffer_room();
    auto const into = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
    stream_->start_read(into, std::shared_ptr<completion>(shared_from_this(), &on_read_));
}

void byte_channel::make_buffer_room()
{
    if (begin_ != 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) {
        // Doubling as data arrives: an announced length alone costs nothing.
        buffer_.resize(std::max(smallest_buffer, buffer_.size() * 2));
    } else if (end_ == 0 && small_reads_ > small_reads_before_shrinking && buffer_.size() > smallest_buffer) {
        buffer_ = bytes(smallest_buffer, '\0');
        small_reads_ = 0;
    }
}

void byte_channel::on_read(error_code ec, std::size_t n)
{
    if (state_ == state::closed) {
        return;
    }
    if (ec) {
        if (state_ != state::open) {
            end();
            return;
        }
        bool const ordinary = ec == asio::error::eof;
        close(ordinary ? close_reason::closed_by_peer : close_reason::connection_lost, ec.message(), false);
        return;
    }
    if (reads_count_) {
        last_heard_ = clock::now();
    }
    bool const full = n == buffer_.size() - end_;
    end_ += n;
    if (full && buffer_.size() < usual_buffer) {
        buffer_.resize(buffer_.size() * 4);
        small_reads_ = 0;
    } else {
        small_reads_ = n < smallest_buffer ? small_reads_ + 1 : 0;
    }
    take_octets();
}

void byte_channel::take_octets()
{
    if (state_ == state::open) {
        on_octets();
    }
    if (state_ == state::flushing || state_ == state::lingering) {
        on_late_octets();
    }
    if (!resting_) {
        read();
    }
}

void byte_channel::rest()
{
    resting_ = true;
    asio::post(stream_->io(), [self = shared_from_this()] {
        self->resting_ = false;
        self->take_octets();
    });
}

std::vector<byte_view> byte_channel::take_batch()
{
    auto batch = std::move(spare_batch());
    batch.clear();
    return batch;
}

void byte_channel::give_back(std::vector<byte_view> batch)
{
    spare_batch() = std::move(batch);
}

void byte_channel::hand_over(std::span<byte_view const> messages)
{
    if (!messages.empty() && state_ == state::open) {
        auto const events = events_;
        events->on_messages(messages);
    }
}

// Writing

slow_peer::verdict byte_channel::make_room(
    outbox& in, std::size_t elsewhere, std::size_t needed, bool droppable, bool writing)
{
    auto const room = slow_.make_room(in, elsewhere, needed, droppable, writing, limits_, info_.peer);
    if (room == slow_peer::verdict::close) {
        close(close_reason::slow_consumer_pending, backlog_text(limits_, info_.peer), false);
    }
    return room;
}

bool byte_channel::enqueue(shared_bytes frame, bool droppable)
{
    std::size_t const elsewhere = pending_bytes() - out_.pending();
    auto const room = make_room(out_, elsewhere, frame->size(), droppable, writing_);
    if (room != slow_peer::verdict::take) {
        return room == slow_peer::verdict::leave_out;
    }
    out_.push(std::move(frame), droppable);
    queued();
    return state_ == state::open;
}

void byte_channel::queued()
{
    if (writing_) {
        slow_.report(*this, limits_, pending_bytes());
    } else if (pending_bytes() >= gather_bytes) {
        flush();
    } else {
        post_flush();
    }
}

void byte_channel::post_flush()
{
    if (!flush_posted_) {
        flush_posted_ = true;
        asio::post(stream_->io(), [self = shared_from_this()] {
            self->flush_posted_ = false;
            self->flush();
        });
    }
}

void byte_channel::flush()
{
    if (writing_ || state_ == state::lingering || state_ == state::closed) {
        return;
    }
    for (int writes = 0;; ++writes) {
        if (out_.empty()) {
            fill();
        }
        if (out_.empty()) {
            break;
        }
        if (writes == writes_in_a_turn) {
            post_flush();
            return;
        }
        std::array<asio::const_buffer, gather_buffers> buffers;
        std::size_t const count = out_.gather(buffers.begin());
        buffer_list const list(buffers.data(), buffers.data() + count);
        error_code ec;
        std::size_t const n = stream_->try_write(list, ec);
        if (ec == asio::error::would_block || ec == asio::error::try_again) {
            writing_ = true;
            write_due_ = clock::now() + limits_.write_deadline;
            arm(write_due_);
            stream_->start_write(list, std::shared_ptr<completion>(shared_from_this(), &on_written_));
            slow_.report(*this, limits_, pending_bytes());
            return;
        }
        if (ec) {
            write_failed(ec);
            return;
        }
        out_.consume(n);
    }
    slow_.report(*this, limits_, 0);
    if (state_ == state::flushing) {
        all_written();
    }
}

void byte_channel::on_written(error_code ec, std::size_t n)
{
    writing_ = false;
    if (state_ == state::lingering || state_ == state::closed) {
        return;
    }
    if (ec) {
        write_failed(ec);
        return;
    }
    out_.consume(n);
    flush();
}

void byte_channel::write_failed(error_code ec)
{
    if (state_ == state::flushing) {
        end();
    } else {
        close(close_reason::connection_lost, ec.message(), false);
    }
}

// The timer

/// Sees to it that tick() comes at `when` or before.
void byte_channel::arm(clock::time_point when)
{
    if (armed_ && timer_.expiry() <= when) {
        return;
    }
    armed_ = true;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](error_code ec) {
        if (auto const self = weak.lock(); self && !ec) {
            self->armed_ = false;
            self->tick();
        }
    });
}

void byte_channel::tick()
{
    auto const now = clock::now();
    if (state_ == state::closed) {
        return;
    }
    if (state_ != state::open) {
        if (now >= give_up_at_) {
            end();
        } else {
            arm(give_up_at_);
        }
        return;
    }
    if (writing_) {
        if (now >= write_due_) {
            close(close_reason::slow_consumer_deadline,
                  info_.peer + " took nothing for " + std::to_string(limits_.write_deadline.count()) + " ms",
                  false);
            return;
        }
        arm(write_due_);
    }
    if (pings_) {
        watch(now);
    }
}

void byte_channel::start_pinging()
{
    pings_ = true;
    last_ping_ = last_heard_;
    arm(last_heard_ + limits_.ping_interval);
}

void byte_channel::watch(clock::time_point now)
{
    auto const dead_at = last_heard_ + limits_.ping_timeout;
    if (now >= dead_at) {
        close(close_reason::ping_timeout,
              info_.peer + " was silent for " + std::to_string(limits_.ping_timeout.count()) + " ms",
              false);
        return;
    }
    auto ping_at = std::max(last_heard_, last_ping_) + limits_.ping_interval;
    if (now >= ping_at) {
        last_ping_ = now;
        ping_at = now + limits_.ping_interval;
        send_ping();
    }
    if (state_ == state::open) {
        arm(std::min(dead_at, ping_at));
    }
}

// The end

std::chrono::milliseconds byte_channel::linger_time() const
{
    return usual_linger_time;
}

void byte_channel::all_written()
{
    if (!said_goodbye_) {
        said_goodbye_ = true;
        if (say_goodbye()) {
            flush();
            return;
        }
    }
    linger();
}

void byte_channel::linger()
{
    state_ = state::lingering;
    if (half_closes()) {
        stream_->shutdown_send();
    }
    give_up_at_ = clock::now() + linger_time();
    arm(give_up_at_);
    notify();
}

void byte_channel::end()
{
    if (state_ == state::closed) {
        return;
    }
    bool const told = state_ == state::lingering;
    state_ = state::closed;
    stream_->abort();
    timer_.cancel();
    out_.clear();
    slow_.report(*this, limits_, 0);
    if (!told) {
        notify();
    }
}

void byte_channel::notify()
{
    if (!events_) {
        return;
    }
    asio::post(stream_->io(), [self = shared_from_this(), events = std::move(events_)] {
        events->on_closed(self->reason_, self->detail_);
    });
    events_ = nullptr;
}

}  // namespace cerro::transport
