#pragma once

// What every channel on a byte stream has in common, whatever its framing: the read buffer, the queue of
// octets to write, deadlines, pings and the end. RawSocket and the server's WebSocket are built on it.

#include "io_stream.hpp"
#include "outbox.hpp"
#include "slow_peer.hpp"

#include <string>
#include <vector>

namespace cerro::transport {

class byte_channel : public channel, public std::enable_shared_from_this<byte_channel> {
public:
    byte_channel(byte_channel const&) = delete;
    byte_channel& operator=(byte_channel const&) = delete;
    ~byte_channel() override = default;

    void start(std::shared_ptr<channel_events> events) override;
    void set_drop_oldest(bool on) override { slow_.set_drop_oldest(on); }
    [[nodiscard]] std::uint64_t frames_dropped() const override { return slow_.dropped(); }
    [[nodiscard]] bool slow() const override { return pending_bytes() > limits_.pending_bytes / 4 * 3; }
    void close(close_reason why, std::string detail, bool flush_first) override;
    [[nodiscard]] channel_info const& info() const override { return info_; }
    [[nodiscard]] std::size_t pending_bytes() const override { return out_.pending(); }
    [[nodiscard]] asio::any_io_executor get_executor() override { return stream_->io(); }

protected:
    using clock = std::chrono::steady_clock;

    enum class state : std::uint8_t {
        open,
        flushing,   // closed by the owner; what is queued goes out
        lingering,  // all is written, the owner knows; waits for the peer's end, lest a reset destroys what
                    // it has not read
        closed,
    };

    /// @param pings whether the peer is pinged from the start
    /// @param rest what was read behind the handshake
    byte_channel(std::shared_ptr<io_stream> s, channel_info info, limits lim, bool pings, bytes rest);

    // What the framing does

    /// Octets came: takes whole messages off [unread(), unread() + unread_size()) and hands them over.
    virtual void on_octets() = 0;
    /// Octets came after the channel was closed.
    virtual void on_late_octets() { consume_all(); }
    virtual void send_ping() = 0;
    /// All of the queue is written: moves what waits elsewhere to it.
    virtual void fill() {}
    /// The channel was closed and all is written: whether there is something left to say.
    [[nodiscard]] virtual bool say_goodbye() { return false; }
    /// How long to wait for the peer's end after that, and whether to tell it by half-closing.
    [[nodiscard]] virtual std::chrono::milliseconds linger_time() const;
    [[nodiscard]] virtual bool half_closes() const { return true; }

    // What it does that with

    [[nodiscard]] char* unread() { return buffer_.data() + begin_; }
    [[nodiscard]] std::size_t unread_size() const { return end_ - begin_; }
    void consume(std::size_t n) { begin_ += n; }
    void consume_all() { begin_ = end_ = 0; }

    /// An empty list of views, one for all channels of the thread.
    [[nodiscard]] static std::vector<byte_view> take_batch();
    static void give_back(std::vector<byte_view> batch);
    /// Tells the owner, unless the channel is closed or there is nothing.
    void hand_over(std::span<byte_view const> messages);

    /// Is there room for `needed` octets more, apart from `elsewhere` that wait in no outbox of ours?
    [[nodiscard]] slow_peer::verdict make_room(
        outbox& in, std::size_t elsewhere, std::size_t needed, bool droppable, bool writing);
    /// Puts a whole frame at the end of the queue and sees to it that it is written. @return as send()
    bool enqueue(shared_bytes frame, bool droppable);
    /// Something was queued: it is written at the end of this turn, or at once when it is much.
    void queued();
    void flush();
    [[nodiscard]] bool writing() const { return writing_; }

    /// Nothing more is read in this turn; in a later one it goes on with what is unread.
    void rest();

    /// A sign of life. Each read is one, unless only_pongs_count().
    void heard() { last_heard_ = clock::now(); }
    void only_pongs_count() { reads_count_ = false; }
    [[nodiscard]] bool pings() const { return pings_; }
    void start_pinging();

    [[nodiscard]] state current() const { return state_; }
    [[nodiscard]] close_reason reason() const { return reason_; }
    [[nodiscard]] limits const& lim() const { return limits_; }
    [[nodiscard]] std::shared_ptr<io_stream> const& below() const { return stream_; }

    channel_info info_;
    outbox out_;  // whole frames, encoded

private:
    struct read_completion final : completion {
        explicit read_completion(byte_channel& c) : self(c) {}
        void complete(error_code ec, std::size_t n) override { self.on_read(ec, n); }
        byte_channel& self;
    };
    struct write_completion final : completion {
        explicit write_completion(byte_channel& c) : self(c) {}
        void complete(error_code ec, std::size_t n) override { self.on_written(ec, n); }
        byte_channel& self;
    };

    void read();
    void take_octets();
    void make_buffer_room();
    void on_read(error_code ec, std::size_t n);
    void post_flush();
    void on_written(error_code ec, std::size_t n);
    void write_failed(error_code ec);
    void all_written();
    void arm(clock::time_point when);
    void tick();
    void watch(clock::time_point now);
    void linger();
    void end();
    void notify();

    std::shared_ptr<io_stream> stream_;
    std::shared_ptr<channel_events> events_;
    limits limits_;
    state state_ = state::open;
    bool pings_;
    bool reads_count_ = true;
    bool armed_ = false;
    bool writing_ = false;
    bool flush_posted_ = false;
    bool resting_ = false;
    bool said_goodbye_ = false;
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
    slow_peer slow_;
    read_completion on_read_{*this};
    write_completion on_written_{*this};
};

}  // namespace cerro::transport
