#pragma once

// An io_stream as the AsyncStream that Beast wants, whatever lies below: so Beast's WebSocket code, which
// costs ten seconds of compiling for each stream type, is instantiated once for all.

#include "io_stream.hpp"
#include "outbox.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>

#include <array>
#include <functional>

namespace cerro::transport {

/// The way out, shared by Beast (handshakes and control frames) and the channel (data frames): a queue to
/// which everybody appends whole frames, so that they never mix.
class wire final : public completion, public std::enable_shared_from_this<wire> {
public:
    explicit wire(std::shared_ptr<io_stream> s) : stream_(std::move(s)) {}

    void push(outbox::piece p) { out_.push(std::move(p)); }
    [[nodiscard]] bool empty() const { return out_.empty(); }
    [[nodiscard]] std::size_t pending() const { return out_.pending(); }
    [[nodiscard]] error_code failed() const { return failed_; }
    /// Bytes taken by the system so far: a long write makes progress as long as this grows.
    [[nodiscard]] std::size_t written() const { return written_; }
    /// Called when a write that had to wait has ended: all is gone, or it failed. Never from inside flush().
    std::function<void()> on_drained;

    void flush()
    {
        while (!waiting_ && !failed_ && !out_.empty()) {
            std::array<asio::const_buffer, gather_buffers> buffers;
            std::size_t const count = out_.gather(buffers.begin());
            buffer_list const list(buffers.data(), buffers.data() + count);
            error_code ec;
            std::size_t const n = stream_->try_write(list, ec);
            if (ec == asio::error::would_block || ec == asio::error::try_again) {
                waiting_ = true;
                stream_->start_write(list, shared_from_this());
            } else {
                took(ec, n);
            }
        }
    }

    void complete(error_code ec, std::size_t n) override
    {
        waiting_ = false;
        took(ec, n);
        flush();
        if (!waiting_ && on_drained) {
            on_drained();
        }
    }

private:
    void took(error_code ec, std::size_t n)
    {
        if (ec) {
            failed_ = ec;
            out_.clear();
        } else {
            written_ += n;
            out_.consume(n);
        }
    }

    std::shared_ptr<io_stream> stream_;
    outbox out_;
    bool waiting_ = false;
    error_code failed_;
    std::size_t written_ = 0;
};

class erased_stream {
public:
    using executor_type = io_executor;

    /// @param rest what was already read from the stream
    erased_stream(std::shared_ptr<io_stream> s, bytes rest)
        : stream_(std::move(s)), wire_(std::make_shared<wire>(stream_)), rest_(std::move(rest))
    {}

    [[nodiscard]] executor_type get_executor() const { return stream_->io(); }
    [[nodiscard]] io_stream& below() { return *stream_; }
    [[nodiscard]] wire& out() { return *wire_; }
    [[nodiscard]] wire const& out() const { return *wire_; }

    template <class Buffers, class Token>
    auto async_read_some(Buffers const& buffers, Token&& token)
    {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, asio::mutable_buffer into) { start_read(std::move(handler), into); },
            token,
            first_of(buffers));
    }

    template <class Buffers, class Token>
    auto async_write_some(Buffers const& buffers, Token&& token)
    {
        return asio::async_initiate<Token, void(error_code, std::size_t)>(
            [this](auto handler, auto const& list) { start_write(std::move(handler), list); },
            token,
            buffers);
    }

private:
    template <class Handler>
    struct read_operation final : completion {
        explicit read_operation(Handler h) : handler(std::move(h)) {}
        void complete(error_code ec, std::size_t n) override
        {
            auto next = std::move(handler);
            next(ec, n);
        }
        Handler handler;
    };

    template <class Buffers>
    static asio::mutable_buffer first_of(Buffers const& buffers)
    {
        auto const last = asio::buffer_sequence_end(buffers);
        for (auto it = asio::buffer_sequence_begin(buffers); it != last; ++it) {
            if (asio::mutable_buffer const b(*it); b.size() != 0) {
                return b;
            }
        }
        return {};
    }

    template <class Handler>
    void start_read(Handler handler, asio::mutable_buffer into)
    {
        if (rest_.empty()) {
            stream_->start_read(into, std::make_shared<read_operation<Handler>>(std::move(handler)));
            return;
        }
        std::size_t const n = asio::buffer_copy(into, asio::buffer(rest_));
        rest_.erase(0, n);
        asio::post(stream_->io(), [h = std::move(handler), n]() mutable { h(error_code(), n); });
    }

    /// Takes all: what Beast writes is small.
    template <class Handler, class Buffers>
    void start_write(Handler handler, Buffers const& list)
    {
        auto copy = std::make_shared<bytes>(asio::buffer_size(list), '\0');
        asio::buffer_copy(asio::buffer(*copy), list);
        std::size_t const n = copy->size();
        byte_view const view(*copy);
        wire_->push({std::move(copy), view});
        wire_->flush();
        auto const ec = wire_->failed();
        asio::post(stream_->io(), [h = std::move(handler), ec, n]() mutable { h(ec, ec ? 0 : n); });
    }

    std::shared_ptr<io_stream> stream_;
    std::shared_ptr<wire> wire_;
    bytes rest_;
};

// What Beast calls at the end of a connection (found by argument-dependent look-up).

inline void beast_close_socket(erased_stream& s)
{
    s.below().abort();
}

inline void teardown(boost::beast::role_type, erased_stream& s, error_code& ec)
{
    s.below().close();
    ec = {};
}

template <class Handler>
void async_teardown(boost::beast::role_type, erased_stream& s, Handler&& handler)
{
    s.below().close();
    asio::post(s.get_executor(), [h = std::forward<Handler>(handler)]() mutable { h(error_code()); });
}

}  // namespace cerro::transport
