// The client's WebSocket: the one unit that instantiates Beast's stream.

#include "websocket_client.hpp"

#include "erased_stream.hpp"
#include "outbox.hpp"
#include "slow_peer.hpp"
#include "subprotocol.hpp"
#include "websocket_frame.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <openssl/rand.h>

#include <algorithm>

namespace cerro::transport {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using clock = std::chrono::steady_clock;
using stream_type = websocket::stream<erased_stream, false>;  // permessage-deflate is declined

constexpr std::size_t prefix_size = 4;  // the length before each frame
constexpr std::size_t usual_buffer = 256U * 1024U;
constexpr char server_name[] = "Cerro/" CERRO_VERSION;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class websocket_channel final : public channel, public std::enable_shared_from_this<websocket_channel> {
public:
    websocket_channel(std::shared_ptr<io_stream> s, limits lim)
        : limits_(std::move(lim)), ws_(std::move(s), bytes()), timer_(ws_.get_executor())
    {
        below().set_dead_peer_timeout(limits_.ping_timeout);
        websocket::stream_base::timeout times{};
        times.handshake_timeout = limits_.handshake_timeout;
        times.idle_timeout = limits_.ping_timeout;  // Beast pings after half of it
        times.keep_alive_pings = true;
        ws_.set_option(times);
        out().on_drained = [this] { flush(); };
    }
    websocket_channel(websocket_channel const&) = delete;
    websocket_channel& operator=(websocket_channel const&) = delete;
    ~websocket_channel() override { out().on_drained = nullptr; }

    stream_type& ws() { return ws_; }
    io_stream& below() { return ws_.next_layer().below(); }
    wire& out() { return ws_.next_layer().out(); }

    /// After the upgrade.
    void open(subprotocol p)
    {
        protocol_ = p;
        info_.serializer = p.serializer;
        info_.kind = "websocket";
        info_.protocol = transport::name(p);
        below().describe(info_);
        info_.max_outgoing = limits_.max_message;
        // A batch may hold several messages; what peers gather beyond one largest message is small.
        ws_.read_message_max(limits_.max_message + (p.batched ? gather_bytes + prefix_size : 0));
    }

    void start(std::shared_ptr<channel_events> events) override
    {
        events_ = std::move(events);
        if (state_ == state::open) {
            read();
        } else {
            notify();
        }
    }

    bool send(shared_bytes frame, bool droppable) override
    {
        if (state_ != state::open || frame->size() - prefix_size > info_.max_outgoing) {
            return false;
        }
        std::size_t const encoded = out().pending();
        auto const room =
            slow_.make_room(queue_, encoded, frame->size(), droppable, false, limits_, info_.peer);
        if (room == slow_peer::verdict::close) {
            close(close_reason::slow_consumer_pending, backlog_text(limits_, info_.peer), false);
            return false;
        }
        if (room == slow_peer::verdict::leave_out) {
            return true;
        }
        queue_.push(std::move(frame), droppable);
        if (encoded != 0) {
            slow_.report(*this, limits_, pending_bytes());
        }
        post_flush();
        return state_ == state::open;
    }

    void set_drop_oldest(bool on) override { slow_.set_drop_oldest(on); }
    std::uint64_t frames_dropped() const override { return slow_.dropped(); }
    bool slow() const override { return pending_bytes() > limits_.pending_bytes / 4 * 3; }

    void close(close_reason why, std::string detail, bool flush_first) override
    {
        if (state_ == state::open) {
            reason_ = why;
            detail_ = std::move(detail);
            if (flush_first) {
                state_ = state::flushing;
                watch_writes();
                post_flush();
            } else {
                end();
            }
        } else if (state_ != state::closed && !flush_first) {
            end();
        }
    }

    channel_info const& info() const override { return info_; }
    std::size_t pending_bytes() const override { return queue_.pending() + ws_.next_layer().out().pending(); }
    asio::any_io_executor get_executor() override { return ws_.get_executor(); }

private:
    enum class state : std::uint8_t {
        open,
        flushing,  // closed by the owner; what is queued goes out
        goodbye,   // the close frames are being exchanged
        closed,
    };

    // Reading

    void read()
    {
        ws_.async_read(buffer_,
                       [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
    }

    void on_read(error_code ec)
    {
        if (state_ != state::open) {
            if (!ec && state_ == state::flushing) {
                buffer_.clear();
                read();
            } else if (ec && state_ == state::flushing) {
                end();
            }
            return;
        }
        if (ec) {
            read_failed(ec);
            return;
        }
        deliver();
        if (state_ != state::closed && state_ != state::goodbye) {
            read();
        }
    }

    void deliver()
    {
        static thread_local std::vector<byte_view>
            batch;  // one for all channels: empty between two deliveries
        auto messages = std::move(batch);
        messages.clear();
        auto const data = buffer_.cdata();
        byte_view const whole(static_cast<char const*>(data.data()), data.size());
        auto why = close_reason::none;
        std::string text;
        if (ws_.got_text() != protocol_.text()) {
            why = close_reason::protocol_error;
            text = std::string(ws_.got_text() ? "a text" : "a binary") + " message under " + info_.protocol;
        } else if (auto const cut = split_batch(protocol_, whole, limits_.max_message, messages, separator_);
                   !cut) {
            bool const big = cut.error().code == errc::limit_exceeded;
            why = big ? close_reason::message_too_big : close_reason::protocol_error;
            text = cut.error().what;
        }
        if (!messages.empty()) {
            auto const events = events_;
            events->on_messages(messages);
        }
        batch = std::move(messages);
        buffer_.clear();
        if (buffer_.capacity() > usual_buffer) {
            buffer_.shrink_to_fit();
        }
        if (why != close_reason::none) {
            close(why, std::move(text), true);
        }
    }

    void read_failed(error_code ec)
    {
        auto why = close_reason::connection_lost;
        std::string text = ec.message();
        if (ec == websocket::error::closed) {
            why = close_reason::closed_by_peer;
            auto const& said = ws_.reason();
            text = "close code " + std::to_string(said.code);
            if (!said.reason.empty()) {
                text += ": " + std::string(said.reason.data(), said.reason.size());
            }
        } else if (ec == asio::error::eof) {
            why = close_reason::closed_by_peer;
        } else if (ec == beast::error::timeout) {
            why = close_reason::ping_timeout;
            text = info_.peer + " was silent for " + std::to_string(limits_.ping_timeout.count()) + " ms";
        } else if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
            why = close_reason::message_too_big;
            text = "a message above " + std::to_string(limits_.max_message) + " bytes";
        } else if (ec == websocket::condition::protocol_violation) {
            why = close_reason::protocol_error;
        }
        close(why, std::move(text), false);
    }

    // Writing

    void post_flush()
    {
        if (!flush_posted_ && out().empty()) {
            flush_posted_ = true;
            hop(0, 0);
        }
    }

    /// Flushes at the end of the turn. Beast reads one message at a time, so a burst from WebSocket peers
    /// comes in as many small steps: as long as each brings more for us, the end is put off.
    void hop(std::size_t seen, std::size_t hops)
    {
        asio::post(ws_.get_executor(), [self = shared_from_this(), seen, hops] {
            auto const now = self->queue_.pending();
            if (now != seen && now < gather_bytes && hops < gather_buffers) {
                self->hop(now, hops + 1);
            } else {
                self->flush_posted_ = false;
                self->flush();
            }
        });
    }

    /// Encodes what is queued as soon as all before it is gone: so batches grow while the peer is slow.
    void flush()
    {
        if (state_ == state::goodbye || state_ == state::closed) {
            return;
        }
        while (!queue_.empty() && out().empty() && !out().failed()) {
            encode();
            out().flush();
        }
        if (out().empty()) {
            slow_.report(*this, limits_, 0);
        }
        if (auto const ec = out().failed()) {
            if (state_ == state::flushing) {
                end();
            } else {
                close(close_reason::connection_lost, ec.message(), false);
            }
        } else if (!out().empty()) {
            slow_.report(*this, limits_, pending_bytes());
            watch_writes();
        } else if (state_ == state::flushing) {
            say_goodbye();
        }
    }

    /// The messages of the next write, and the octets of a WebSocket message that holds them all.
    std::size_t take_batch(std::vector<outbox::piece>& batch)
    {
        std::size_t total = 0;
        while (!queue_.empty() && batch.size() < gather_buffers && total < gather_bytes) {
            batch.push_back(queue_.take());
            auto& view = batch.back().view;
            if (protocol_.text() || !protocol_.batched) {
                view.remove_prefix(prefix_size);
            }
            total += view.size() + (protocol_.text() ? 1 : 0);
        }
        return total;
    }

    byte_view separator() const
    {
        static constexpr byte_view both("\x18\x1E", 2);
        return both.substr(separator_ == separator_specification ? 1 : 0, 1);
    }

    /// A client's octets are masked, hence copied.
    void encode()
    {
        std::vector<outbox::piece> batch;
        std::size_t const total = take_batch(batch);
        auto const made = std::make_shared<bytes>();
        made->reserve(total + most_frame_head * batch.size());
        mask_key key{};
        std::size_t begin = 0;
        auto const head = [&](std::size_t length) {
            ::RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), static_cast<int>(key.size()));
            append_frame_head(*made, protocol_.text(), length, key);
            begin = made->size();
        };
        if (protocol_.batched) {
            head(total);
        }
        for (auto const& p : batch) {
            if (!protocol_.batched) {
                head(p.view.size());
            }
            made->append(p.view);
            if (protocol_.batched && protocol_.text()) {
                made->append(separator());
            }
            if (!protocol_.batched) {
                mask(made->data() + begin, made->size() - begin, key);
            }
        }
        if (protocol_.batched) {
            mask(made->data() + begin, made->size() - begin, key);
        }
        out().push({made, byte_view(*made)});
    }

    /// The timer runs while something is being written, and is looked at once each deadline.
    void watch_writes()
    {
        if (!watching_) {
            watching_ = true;
            progress_ = out().written();
            timer_.expires_after(limits_.write_deadline);
            timer_.async_wait([weak = weak_from_this()](error_code ec) {
                if (auto const self = weak.lock(); self && !ec) {
                    self->watching_ = false;
                    self->tick();
                }
            });
        }
    }

    void tick()
    {
        if (state_ == state::closed || (out().empty() && state_ == state::open)) {
            return;
        }
        if (state_ != state::open) {
            end();
        } else if (out().written() == progress_) {
            close(close_reason::slow_consumer_deadline,
                  info_.peer + " took nothing for " + std::to_string(limits_.write_deadline.count()) + " ms",
                  false);
        } else {
            watch_writes();
        }
    }

    // The end

    void say_goodbye()
    {
        state_ = state::goodbye;
        websocket::close_reason said(websocket::close_code::normal);
        if (reason_ == close_reason::protocol_error) {
            said.code = websocket::close_code::protocol_error;
        } else if (reason_ == close_reason::message_too_big) {
            said.code = websocket::close_code::too_big;
        } else if (reason_ == close_reason::shutdown) {
            said.code = websocket::close_code::going_away;
        }
        ws_.async_close(said, [self = shared_from_this()](error_code) { self->end(); });
    }

    void end()
    {
        if (state_ != state::closed) {
            state_ = state::closed;
            below().abort();
            timer_.cancel();
            slow_.report(*this, limits_, 0);
            notify();
        }
    }

    void notify()
    {
        if (events_) {
            asio::post(ws_.get_executor(), [self = shared_from_this(), events = std::move(events_)] {
                events->on_closed(self->reason_, self->detail_);
            });
            events_ = nullptr;
        }
    }

    limits limits_;
    stream_type ws_;
    io_timer timer_;
    std::shared_ptr<channel_events> events_;
    channel_info info_;
    subprotocol protocol_;
    std::optional<char> separator_;
    state state_ = state::open;
    bool flush_posted_ = false;
    bool watching_ = false;
    close_reason reason_ = close_reason::none;
    std::string detail_;
    std::size_t progress_ = 0;
    beast::flat_buffer buffer_;
    outbox queue_;  // messages not yet encoded
    slow_peer slow_;
};

}  // namespace

asio::awaitable<result<std::shared_ptr<channel>>> connect_websocket(std::shared_ptr<io_stream> s,
                                                                    std::string host,
                                                                    std::string target,
                                                                    std::vector<std::string> offer,
                                                                    limits lim)
{
    auto const made = std::make_shared<websocket_channel>(s, lim);
    std::string joined;
    for (auto const& one : offer) {
        joined += (joined.empty() ? "" : ",") + one;
    }
    made->ws().set_option(websocket::stream_base::decorator([joined](websocket::request_type& question) {
        question.set(http::field::user_agent, server_name);
        question.set(http::field::sec_websocket_protocol, joined);
    }));
    websocket::response_type answer;
    auto [failed] = co_await made->ws().async_handshake(answer, host, target, as_result);
    if (failed) {
        s->abort();
        std::string text = "WebSocket upgrade: " + failed.message();
        if (failed == websocket::error::upgrade_declined) {
            text += ": HTTP " + std::to_string(answer.result_int());
        }
        co_return fail(failed == beast::error::timeout ? errc::timed_out : errc::refused, text);
    }
    std::string const said(answer[http::field::sec_websocket_protocol]);
    auto const chosen = parse_subprotocol(said);
    if (!chosen || std::find(offer.begin(), offer.end(), said) == offer.end()) {
        s->abort();
        co_return fail(errc::refused,
                       "the server chose the WebSocket subprotocol \"" + said + "\", offered were " + joined);
    }
    made->open(*chosen);
    co_return made;
}

}  // namespace cerro::transport
