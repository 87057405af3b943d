#include "rawsocket_channel.hpp"

#include "outbox.hpp"
#include "rawsocket_frame.hpp"
#include "slow_peer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cstring>
#include <vector>

namespace cerro::transport {

namespace {

using clock = std::chrono::steady_clock;
using rawsocket::frame_type;

// A read buffer begins small, since most of ten thousand sessions are idle, and grows for those that talk.
constexpr std::size_t smallest_buffer = 2U * 1024U;
constexpr std::size_t usual_buffer = 64U * 1024U;
constexpr int small_reads_before_shrinking = 64;
constexpr std::chrono::milliseconds linger_time{1'000};

class rawsocket_channel final : public channel, public std::enable_shared_from_this<rawsocket_channel> {
public:
    rawsocket_channel(std::shared_ptr<io_stream> s, channel_info info, limits lim, bool server, bytes rest)
        : stream_(std::move(s)),
          info_(std::move(info)),
          limits_(lim),
          receive_limit_(rawsocket_receive_limit(lim)),
          pings_(server),
          timer_(stream_->io()),
          buffer_(std::move(rest)),
          end_(buffer_.size())
    {
        stream_->set_dead_peer_timeout(limits_.ping_timeout);
    }

    void start(std::shared_ptr<channel_events> events) override
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
            asio::post(stream_->io(), [self = shared_from_this()] {
                self->deliver();
                self->read();
            });
        } else {
            read();
        }
    }

    bool send(shared_bytes frame, bool droppable) override
    {
        if (state_ != state::open || frame->size() - rawsocket::header_size > info_.max_outgoing) {
            return false;
        }
        return enqueue(std::move(frame), droppable);
    }

    void set_drop_oldest(bool on) override { slow_.set_drop_oldest(on); }
    std::uint64_t frames_dropped() const override { return slow_.dropped(); }
    bool slow() const override { return out_.pending() > limits_.pending_bytes / 4 * 3; }

    void close(close_reason why, std::string detail, bool flush_first) override
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

    channel_info const& info() const override { return info_; }
    std::size_t pending_bytes() const override { return out_.pending(); }
    asio::any_io_executor get_executor() override { return stream_->io(); }

private:
    enum class state : std::uint8_t {
        open,
        flushing,   // closed by the owner; what is queued goes out
        lingering,  // all is written; waits for the peer's end of file, lest a reset destroys what it has not
                    // read
        closed,
    };

    struct read_completion final : completion {
        explicit read_completion(rawsocket_channel& c) : self(c) {}
        void complete(error_code ec, std::size_t n) override { self.on_read(ec, n); }
        rawsocket_channel& self;
    };
    struct write_completion final : completion {
        explicit write_completion(rawsocket_channel& c) : self(c) {}
        void complete(error_code ec, std::size_t n) override { self.on_written(ec, n); }
        rawsocket_channel& self;
    };

    // Reading

    void read()
    {
        if (state_ == state::closed) {
            return;
        }
        make_room();
        auto const into = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
        stream_->start_read(into, std::shared_ptr<completion>(shared_from_this(), &on_read_));
    }

    void make_room()
    {
        if (begin_ != 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == buffer_.size()) {
            // Doubling as data arrives: an announced length alone costs nothing.
            buffer_.resize(std::max(smallest_buffer, buffer_.size() * 2));
        } else if (end_ == 0 && small_reads_ > small_reads_before_shrinking &&
                   buffer_.size() > smallest_buffer) {
            buffer_ = bytes(smallest_buffer, '\0');
            small_reads_ = 0;
        }
    }

    void on_read(error_code ec, std::size_t n)
    {
        if (state_ != state::open) {
            if (!ec && state_ != state::closed) {
                begin_ = end_ = 0;
                read();
            } else if (state_ != state::closed) {
                end();
            }
            return;
        }
        if (ec) {
            bool const ordinary = ec == asio::error::eof;
            close(
                ordinary ? close_reason::closed_by_peer : close_reason::connection_lost, ec.message(), false);
            return;
        }
        last_heard_ = clock::now();
        if (n == buffer_.size() - end_ && buffer_.size() < usual_buffer) {
            end_ += n;
            grow_on_full();
        } else {
            end_ += n;
            small_reads_ = n < smallest_buffer / 2 ? small_reads_ + 1 : 0;
        }
        deliver();
        read();
    }

    void grow_on_full()
    {
        buffer_.resize(buffer_.size() * 4);
        small_reads_ = 0;
    }

    /// Hands over all complete messages in the buffer.
    void deliver()
    {
        static thread_local std::vector<byte_view>
            batch;  // one for all channels: empty between two deliveries
        auto messages = std::move(batch);
        messages.clear();
        auto problem_found = close_reason::none;
        std::string problem_text;
        while (end_ - begin_ >= rawsocket::header_size) {
            auto const header = rawsocket::parse_header(buffer_.data() + begin_);
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
            if (end_ - begin_ - rawsocket::header_size < header->length) {
                break;
            }
            byte_view const body(buffer_.data() + begin_ + rawsocket::header_size, header->length);
            begin_ += rawsocket::header_size + header->length;
            if (header->type == frame_type::message) {
                messages.push_back(body);
            } else if (header->type == frame_type::ping) {
                answer_ping(body);
            }
        }
        if (!messages.empty() && state_ == state::open) {
            auto const events = events_;
            events->on_messages(messages);
        }
        batch = std::move(messages);
        if (problem_found != close_reason::none) {
            close(problem_found, std::move(problem_text), true);
        }
    }

    void answer_ping(byte_view payload)
    {
        if (state_ != state::open) {
            return;
        }
        enqueue(control(frame_type::pong, payload), false);
        if (!pings_) {
            pings_ = true;  // this server knows pings, so it may be pinged
            last_ping_ = last_heard_;
            arm(last_heard_ + limits_.ping_interval);
        }
    }

    static shared_bytes control(frame_type type, byte_view payload)
    {
        auto const head = rawsocket::make_header(type, payload.size());
        auto frame = std::make_shared<bytes>(head.data(), head.size());
        frame->append(payload);
        return frame;
    }

    // Writing

    bool enqueue(shared_bytes frame, bool droppable)
    {
        auto const room = slow_.make_room(out_, 0, frame->size(), droppable, writing_, limits_, info_.peer);
        if (room == slow_peer::verdict::close) {
            close(close_reason::slow_consumer_pending, backlog_text(limits_, info_.peer), false);
            return false;
        }
        if (room == slow_peer::verdict::leave_out) {
            return true;
        }
        out_.push(std::move(frame), droppable);
        if (writing_) {
            slow_.report(*this, limits_, out_.pending());
            return state_ == state::open;
        }
        if (out_.pending() >= gather_bytes) {
            flush();
        } else {
            post_flush();
        }
        return state_ == state::open;
    }

    void post_flush()
    {
        if (!flush_posted_) {
            flush_posted_ = true;
            asio::post(stream_->io(), [self = shared_from_this()] {
                self->flush_posted_ = false;
                self->flush();
            });
        }
    }

    void flush()
    {
        if (writing_ || state_ == state::lingering || state_ == state::closed) {
            return;
        }
        while (!out_.empty()) {
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
                slow_.report(*this, limits_, out_.pending());
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
            linger();
        }
    }

    void on_written(error_code ec, std::size_t n)
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

    void write_failed(error_code ec)
    {
        if (state_ == state::flushing) {
            end();
        } else {
            close(close_reason::connection_lost, ec.message(), false);
        }
    }

    // The timer

    /// Sees to it that tick() comes at `when` or before.
    void arm(clock::time_point when)
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

    void tick()
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
                      info_.peer + " took nothing for " + std::to_string(limits_.write_deadline.count()) +
                          " ms",
                      false);
                return;
            }
            arm(write_due_);
        }
        if (pings_) {
            watch(now);
        }
    }

    void watch(clock::time_point now)
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
            enqueue(control(frame_type::ping, "cerro"), false);
        }
        if (state_ == state::open) {
            arm(std::min(dead_at, ping_at));
        }
    }

    // The end

    void linger()
    {
        state_ = state::lingering;
        stream_->shutdown_send();
        give_up_at_ = clock::now() + linger_time;
        arm(give_up_at_);
        notify();
    }

    void end()
    {
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

    void notify()
    {
        if (!events_) {
            return;
        }
        asio::post(stream_->io(), [self = shared_from_this(), events = std::move(events_)] {
            events->on_closed(self->reason_, self->detail_);
        });
        events_ = nullptr;
    }

    std::shared_ptr<io_stream> stream_;
    std::shared_ptr<channel_events> events_;
    channel_info info_;
    limits limits_;
    std::size_t receive_limit_;
    state state_ = state::open;
    bool pings_;
    bool armed_ = false;
    bool writing_ = false;
    bool flush_posted_ = false;
    int small_reads_ = 0;
    close_reason reason_ = close_reason::none;
    std::string detail_;
    io_timer timer_;
    clock::time_point last_heard_{};
    clock::time_point last_ping_{};
    clock::time_point write_due_{};
    clock::time_point give_up_at_{};
    bytes buffer_;  // [begin_, end_) holds octets not yet delivered
    std::size_t begin_ = 0;
    std::size_t end_;
    outbox out_;
    slow_peer slow_;
    read_completion on_read_{*this};
    write_completion on_written_{*this};
};

}  // namespace

std::size_t rawsocket_receive_limit(limits const& lim)
{
    return rawsocket::size_of(rawsocket::exponent_for(lim.max_message));
}

std::shared_ptr<channel> make_rawsocket_channel(
    std::shared_ptr<io_stream> s, channel_info info, limits lim, bool server, bytes rest)
{
    return std::make_shared<rawsocket_channel>(std::move(s), std::move(info), lim, server, std::move(rest));
}

}  // namespace cerro::transport
