#pragma once

// What a channel needs of a byte stream beyond the public `stream`: completions without allocation, writes
// that do not wait. All of it runs on one io_context that one thread runs.

#include <cerro/transport/stream.hpp>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <span>

namespace cerro::transport {

using boost::system::error_code;

/// The concrete executor: any_io_executor would cost an allocation-free but slow indirection for each
/// operation.
using io_executor = asio::io_context::executor_type;
using io_timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                            asio::wait_traits<std::chrono::steady_clock>,
                                            io_executor>;

/// The io_context behind any executor of it.
[[nodiscard]] io_executor io_of(asio::any_io_executor const& ex);

/// The end of one read or write. A channel hands out a shared_ptr that shares its own ownership (no
/// allocation).
class completion {
public:
    virtual void complete(error_code ec, std::size_t n) = 0;

protected:
    ~completion() = default;
};

/// Buffers in an array that somebody else owns.
class buffer_list {
public:
    using value_type = asio::const_buffer;
    using const_iterator = asio::const_buffer const*;
    buffer_list(const_iterator first, const_iterator last) : first_(first), last_(last) {}
    [[nodiscard]] const_iterator begin() const { return first_; }
    [[nodiscard]] const_iterator end() const { return last_; }

private:
    const_iterator first_;
    const_iterator last_;
};

class io_stream : public stream {
public:
    [[nodiscard]] virtual io_executor io() const = 0;
    /// Fills what the stream knows: peer, tls, and of TLS the certificate and the bindings.
    virtual void describe(channel_info& info) const = 0;
    virtual void start_read(asio::mutable_buffer into, std::shared_ptr<completion> done) = 0;
    /// Writes what the system takes at once; error would_block if that is nothing (always so on TLS).
    virtual std::size_t try_write(buffer_list data, error_code& ec) = 0;
    /// Waits until a write makes sense and completes with the bytes written, which may be 0: then try_write
    /// again. The octets, but not the list itself, must live until then.
    virtual void start_write(buffer_list data, std::shared_ptr<completion> done) = 0;
    /// Says to the peer that nothing more will come; reading goes on.
    virtual void shutdown_send() = 0;
    /// Closes at once; pending operations complete with an error.
    virtual void abort() = 0;
    /// The kernel gives the connection up when data stays unacknowledged for so long.
    virtual void set_dead_peer_timeout(std::chrono::milliseconds t) = 0;
    /// Small writes may wait for company (TCP_NODELAY off; it is on at first).
    virtual void allow_delay() = 0;
};

}  // namespace cerro::transport
