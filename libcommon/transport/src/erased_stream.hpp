#pragma once

// An io_stream as the AsyncStream that Beast wants, whatever lies below: so Beast's WebSocket code, which
// costs ten seconds of compiling for each stream type, is instantiated once for all.

#include "io_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>

#include <array>
#include <cstring>

namespace cerro::transport {

class erased_stream {
public:
    using executor_type = io_executor;

    /// @param rest what was already read from the stream
    erased_stream(std::shared_ptr<io_stream> s, bytes rest) : stream_(std::move(s)), rest_(std::move(rest)) {}

    [[nodiscard]] executor_type get_executor() const { return stream_->io(); }
    [[nodiscard]] io_stream& below() { return *stream_; }
    /// Bytes written so far: a long write makes progress as long as this grows.
    [[nodiscard]] std::size_t written() const { return written_; }

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
    static constexpr std::size_t most_buffers = 80;

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

    template <class Handler>
    struct write_operation final : completion, std::enable_shared_from_this<write_operation<Handler>> {
        template <class Buffers>
        write_operation(Handler h, erased_stream& s, Buffers const& list) : handler(std::move(h)), self(s)
        {
            auto const last = asio::buffer_sequence_end(list);
            for (auto it = asio::buffer_sequence_begin(list); it != last && count != most_buffers; ++it) {
                buffers[count++] = *it;
            }
        }

        /// @return true if something was written or failed: then it is done
        bool attempt()
        {
            buffer_list const list(buffers.data(), buffers.data() + count);
            ec = {};
            n = self.stream_->try_write(list, ec);
            if (ec != asio::error::would_block && ec != asio::error::try_again) {
                return true;
            }
            self.stream_->start_write(list, this->shared_from_this());
            return false;
        }

        void complete(error_code why, std::size_t taken) override
        {
            if (!why && taken == 0) {
                if (!attempt()) {
                    return;
                }
            } else {
                ec = why;
                n = taken;
            }
            finish();
        }

        void finish()
        {
            self.written_ += n;
            auto next = std::move(handler);
            next(ec, n);
        }

        Handler handler;
        erased_stream& self;
        std::array<asio::const_buffer, most_buffers> buffers;
        std::size_t count = 0;
        error_code ec;
        std::size_t n = 0;
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

    template <class Handler, class Buffers>
    void start_write(Handler handler, Buffers const& list)
    {
        auto op = std::make_shared<write_operation<Handler>>(std::move(handler), *this, list);
        if (op->attempt()) {
            asio::post(stream_->io(), [op] { op->finish(); });
        }
    }

    std::shared_ptr<io_stream> stream_;
    bytes rest_;
    std::size_t written_ = 0;
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
